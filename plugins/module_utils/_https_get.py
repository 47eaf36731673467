# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTPS request to a server that nobody has vouched for yet: bounded in time and size, no redirects.

It goes through the environment's proxy where there is one, as kubeadm's do.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _proxy
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

MAX_BYTES = 1024 * 1024
"""Longest answer that is read; an API object cannot be longer."""

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?\Z")
_PARTIAL_CHAIN = 0x80000


@dataclass(frozen=True)
class Endpoint:
    """Where an API server listens."""

    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.authority}{self.prefix}"


@dataclass(frozen=True)
class Answer:
    """What a server said.

    :param certificate: the server's certificate (DER), also where it was not checked.
    """

    status: int
    body: bytes
    certificate: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Fault(Exception):
    """The request had no answer. The text says why, in a few words."""


class NameNotFound(Fault):
    """The endpoint's host name does not resolve."""


class Unreachable(Fault):
    """Nobody accepts the connection, or it broke or timed out."""


class TlsFault(Fault):
    """There is somebody, but no TLS session came about."""


class NotTrusted(TlsFault):
    """The server's certificate does not pass the check; ``code`` is OpenSSL's verification code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class BadAnswer(Fault):
    """What came back is no HTTP answer, or is more than anybody should have to read."""


def parse_endpoint(text: str, where: str, default_port: int = 6443) -> Endpoint:
    """``HOST[:PORT]`` or a ``https://`` URL."""
    accepted = "HOST:PORT, an IPv6 address in brackets"
    # what stands before it may be a password
    shown = text.rpartition("@")[2]
    url = text if "://" in text else "https://" + text
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise KubephaseError("not an endpoint", where=where, value=shown, accepted=accepted) from None
    if parts.scheme != "https" or parts.query or parts.fragment or parts.username is not None or not is_host(host):
        raise KubephaseError("not an endpoint", where=where, value=shown, accepted=accepted)
    if port == 0 or re.search(r"[^!-~]", parts.path):
        raise KubephaseError("not an endpoint", where=where, value=shown, accepted=accepted)
    return Endpoint(host, port or default_port, parts.path.rstrip("/"))


def insecure_context() -> ssl.SSLContext:
    """TLS that checks nobody: for the one request whose answer is checked by other means."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting_context(ca_pem: str) -> ssl.SSLContext:
    """TLS that trusts these certificates alone, each of them as a root, and checks the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= _PARTIAL_CHAIN
    context.load_verify_locations(cadata=ca_pem)
    return context


def system_context() -> ssl.SSLContext:
    """TLS that trusts whom the host trusts, and checks the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context


def get(
    endpoint: Endpoint,
    path: str,
    context: ssl.SSLContext,
    *,
    timeout: float = 10.0,
    headers: Mapping[str, str] | None = None,
    server_name: str = "",
    proxy_url: str = "",
) -> Answer:
    """GET ``path``. ``timeout`` is the whole time, however slowly the server drips its answer.

    :param server_name: the name that the server's certificate is checked for, instead of the host's.
    :param proxy_url: the proxy to go through, instead of the environment's.
    :raises Fault: one of its kinds.
    """
    deadline = time.monotonic() + timeout
    if proxy_url:
        proxy: _proxy.Proxy | None = _proxy.parse(proxy_url, "proxy-url")
    else:
        proxy = _proxy.from_environment(endpoint.host, endpoint.port)
    through = f"through {proxy}: " if proxy else ""
    host = proxy.host if proxy else endpoint.host
    lines = [f"GET {endpoint.prefix}{path} HTTP/1.1", f"Host: {endpoint.authority}"]
    wanted = {"Accept": "application/json", "User-Agent": "kubephase", "Connection": "close", **(headers or {})}
    lines += [f"{name}: {value}" for name, value in wanted.items()]
    try:
        plain = socket.create_connection((host, proxy.port if proxy else endpoint.port), timeout=timeout)
        with plain, _cut_at(plain, deadline):
            if proxy:
                _proxy.open_tunnel(plain, proxy, endpoint.authority, lambda: _left(deadline))
            plain.settimeout(_left(deadline))
            with context.wrap_socket(plain, server_hostname=server_name or endpoint.host) as secure:
                certificate = secure.getpeercert(binary_form=True) or b""
                secure.settimeout(_left(deadline))
                secure.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
                return read_answer(secure, deadline, certificate)
    except socket.gaierror as error:
        raise NameNotFound(f"{through}the name {host} does not resolve ({error.strerror})") from None
    except _proxy.ProxyRefused as error:
        raise Unreachable(f"{through}{error}") from None
    except ssl.SSLCertVerificationError as error:
        raise NotTrusted(error.verify_message or str(error.reason), error.verify_code) from None
    except (socket.timeout, TimeoutError):
        raise Unreachable(f"{through}no answer within {timeout:.0f} s") from None
    except OSError as error:
        if time.monotonic() >= deadline:
            raise Unreachable(f"{through}no answer within {timeout:.0f} s") from None
        raise _fault(error, through) from None
    except ValueError as error:
        raise BadAnswer(f"the request cannot be made ({type(error).__name__})") from None


def _fault(error: OSError, through: str) -> Fault:
    if isinstance(error, ssl.SSLError):
        return TlsFault(f"{through}no TLS session: {(error.reason or str(error)).lower().replace('_', ' ')}")
    return Unreachable(through + (error.strerror or str(error) or type(error).__name__).lower())


@contextmanager
def _cut_at(connection: socket.socket, deadline: float) -> Iterator[None]:
    """Cuts the connection at the deadline, whoever reads from it: OpenSSL reads on for as long as somebody sends it records.

    What was cut off looks like an end, or like a bad answer: it is told as a time-out.
    """
    # of its own, as wrapping takes the other one away
    handle = connection.dup()
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except BadAnswer:
        if not over.is_set():
            raise
    finally:
        timer.cancel()
        handle.close()
    if over.is_set():
        raise socket.timeout("the time is over")


def read_answer(connection: ssl.SSLSocket, deadline: float, certificate: bytes = b"") -> Answer:
    """Read one HTTP answer, which may be anything.

    :raises BadAnswer: it is none, or too long.
    :raises OSError: the connection broke, or the deadline is over.
    """
    try:
        return _read(connection, deadline, certificate)
    except (http.client.HTTPException, ValueError) as error:
        raise BadAnswer(f"the answer is not HTTP ({type(error).__name__})") from None


def _read(connection: ssl.SSLSocket, deadline: float, certificate: bytes) -> Answer:
    wire = _Deadlined(connection, deadline)
    response = http.client.HTTPResponse(cast(socket.socket, wire), method="GET")
    try:
        response.begin()
        if wire.has_ended:
            raise BadAnswer("the answer ends in its headers")
        # with a length, read() does not say that less came; without one, length is None
        body = response.read(MAX_BYTES + 1)
    finally:
        response.close()
    if len(body) > MAX_BYTES:
        raise BadAnswer(f"the answer is longer than {MAX_BYTES} bytes")
    if response.length:
        raise Unreachable("the connection broke off in the middle of the answer")
    return Answer(response.status, body, certificate, {name.lower(): value for name, value in response.getheaders()})


class _Deadlined(io.RawIOBase):
    """A socket, as far as HTTPResponse needs one, each read of which ends at one deadline for all of them."""

    def __init__(self, connection: ssl.SSLSocket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self.has_ended = False

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self.has_ended = count == 0
        return count


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("the time is over")
    return left


def is_host(host: str) -> bool:
    """Whether it is an address or can be a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) <= 253 and _HOST_NAME.match(host) is not None
    return True
