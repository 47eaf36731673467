# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP proxy that a request to an API server goes through, by the rules of Go's programs: kubeadm uses it too."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_MAX_HEADER = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r?\n)")


class ProxyRefused(Exception):
    """The proxy answers, but opens no tunnel."""


@dataclass(frozen=True)
class Proxy:
    """Where the proxy listens.

    :param source: the variable or field that named it, for errors.
    """

    host: str
    port: int
    source: str
    authorization: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"proxy {host}:{self.port} ({self.source})"


def from_environment(host: str, port: int, environment: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy for HTTPS requests to ``host``, None where it is reached directly."""
    found = os.environ if environment is None else environment
    for name in ("HTTPS_PROXY", "https_proxy"):
        if found.get(name):
            bypass = found.get("NO_PROXY") or found.get("no_proxy") or ""
            return None if _is_direct(host, port, bypass) else parse(found[name], name)
    return None


def parse(url: str, source: str) -> Proxy:
    """A proxy's URL. It may hold a password, which stays out of errors."""
    accepted = "http://[USER:PASSWORD@]HOST:PORT"
    try:
        parts = urlsplit(url if "://" in url else "http://" + url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise KubephaseError("not a proxy's URL", where=source, accepted=accepted) from None
    if parts.scheme != "http":
        raise KubephaseError(
            "a proxy of this kind cannot be used",
            where=source,
            value=parts.scheme,
            accepted=accepted,
            hint="Name the API server in NO_PROXY to reach it directly",
        )
    if not host or re.search(r"[^!-~]", host):
        raise KubephaseError("not a proxy's URL", where=source, accepted=accepted)
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")
    return Proxy(host, port or 80, source, authorization)


def open_tunnel(connection: socket.socket, proxy: Proxy, target: str, left: Callable[[], float]) -> None:
    """Have the proxy connect to ``target`` (HOST:PORT). ``left`` gives the seconds that remain, or raises.

    :raises ProxyRefused: the proxy says no, or is none.
    """
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "User-Agent: kubephase"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.settimeout(left())
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    header = b""
    # in TLS the client speaks first, so nothing of the server's can be behind the header
    while b"\r\n\r\n" not in header and b"\n\n" not in header:
        connection.settimeout(left())
        part = connection.recv(4096)
        header += part
        if not part or len(header) > _MAX_HEADER:
            raise ProxyRefused("its answer is not HTTP")
    status = _STATUS.match(header)
    if status is None:
        raise ProxyRefused("its answer is not HTTP")
    if status.group(1)[:1] != b"2":
        raise ProxyRefused(f"it answers HTTP {status.group(1).decode('ascii')}")


def _is_direct(host: str, port: int, bypass: str) -> bool:
    address = _address(host)
    if host.lower() == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_covers(entry.strip().lower(), host.lower().rstrip("."), port, address) for entry in bypass.split(","))


def _covers(entry: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        return address is not None and address in network
    name, separator, wanted = entry.rpartition(":")
    if separator and wanted.isdigit() and (":" not in name or name.endswith("]")):
        if int(wanted) != port:
            return False
        entry = name.strip("[]")
    named = _address(entry)
    if named is not None or address is not None:
        return named == address
    entry = entry[1:] if entry.startswith("*.") else entry
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith("." + entry)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
