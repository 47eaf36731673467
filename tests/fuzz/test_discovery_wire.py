# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that misbehave below HTTP or without end, over real TLS on loopback: discovery ends in time, with an error."""

from __future__ import annotations

import pathlib
import random
import resource
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _discovery_url
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token, TokenDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import Patience
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import parse_endpoint
from tests.fuzz import cluster_answers as answers
from tests.fuzz import mutations
from tests.fuzz.test_discovery import AT_ONCE, MEGABYTES, SECRETS, SEED

PATIENCE = Patience(discovery=0.5, token=0.2, first_pause=0.05, longest_pause=0.1)
LONGEST = 10.0
"""Seconds of a clock for what has half a second of patience, on a machine that has other things to do."""
GENUINE = answers.body(answers.config_map(answers.cluster_info()))
OK = b"HTTP/1.1 200 OK\r\n"

Talk = Callable[[ssl.SSLSocket], None]
RawTalk = Callable[[socket.socket], None]


class Impostor:
    """Listens, and has every connection talk to one of its own; ``raw`` before TLS, ``talk`` after a request over it."""

    def __init__(self, folder: pathlib.Path) -> None:
        pem = folder / "impostor.pem"
        pem.write_bytes(answers.AUTHORITY.issue("kube-apiserver"))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.talk: Talk = lambda connection: None
        self.raw: RawTalk | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LONGEST)
        try:
            with connection:
                if self.raw:
                    self.raw(connection)
                    return
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    self.talk(secure)
        except OSError:
            """Who was talked to has had enough."""

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def impostor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Impostor]:
    made = Impostor(tmp_path_factory.mktemp("impostor"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def host(impostor: Impostor, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """The host trusts the impostor, so that it can misbehave as a kubeconfig's server too."""
    (tmp_path / "roots.pem").write_text(answers.AUTHORITY.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    impostor.raw = None


def by_token(impostor: Impostor, patience: Patience = PATIENCE) -> object:
    endpoint = parse_endpoint(f"127.0.0.1:{impostor.port}", "api_server_endpoint")
    return TokenDiscovery(
        endpoint, Token.parse(answers.TOKEN, "token"), [answers.AUTHORITY.pin], patience=patience
    ).run()


def by_url(impostor: Impostor) -> object:
    return _discovery_url.fetch(f"https://127.0.0.1:{impostor.port}/join.conf", PATIENCE.discovery)


WAYS = [by_token, by_url]


def refusal(way: Callable[[Impostor], object], impostor: Impostor) -> str:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(KubephaseError) as caught:
        way(impostor)
    assert time.monotonic() - started < LONGEST
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES
    text = str(caught.value)
    assert text.startswith(f"https://127.0.0.1:{impostor.port}") and len(text) < 5000
    assert not any(secret in text for secret in SECRETS)
    return text


def drip(data: bytes, step: int = 1, pause: float = 0.02) -> Talk:
    def talk(connection: ssl.SSLSocket) -> None:
        for start in range(0, len(data), step):
            connection.sendall(data[start : start + step])
            time.sleep(pause)

    return talk


def forever(first: bytes, again: bytes) -> Talk:
    def talk(connection: ssl.SSLSocket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(again)

    return talk


def silent(connection: ssl.SSLSocket) -> None:
    time.sleep(LONGEST)


HTTP: dict[str, Talk] = {
    "says nothing": silent,
    "hangs up": lambda connection: None,
    "drips its headers": drip(OK + b"X-Slow: " + b"y" * 2000),
    "drips its body": drip(OK + b"\r\n" + b"{" * 2000),
    "drips a body of a length": drip(OK + b"Content-Length: 2000\r\n\r\n" + b" " * 2000),
    "drips chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 400, 6),
    "stops in its headers": lambda connection: connection.sendall(OK + b"X: "),
    "says less than it announced": lambda connection: connection.sendall(
        OK + b"Content-Length: 5000\r\n\r\n" + GENUINE
    ),
    "cuts a chunk": lambda connection: connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{"),
    "announces a chunk without end": forever(
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n", b"x" * 65536
    ),
    "sends chunks that are none": lambda connection: connection.sendall(
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    ),
    "never ends its trailer": forever(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: t\r\n" * 100),
    "never ends its headers": forever(OK, b"X: y\r\n" * 100),
    "never ends a header": forever(OK + b"X: ", b"y" * 65536),
    "never ends its body": forever(OK + b"\r\n", b"{" * 65536),
    "has a body of ten megabytes": lambda c: c.sendall(OK + b"Content-Length: 10485760\r\n\r\n" + b"x" * 10_485_760),
    "continues and continues": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "switches protocols": lambda connection: connection.sendall(b"HTTP/1.1 101 Switching\r\n\r\n"),
    "speaks HTTP/2": lambda connection: connection.sendall(b"\0\0\x12\x04\0\0\0\0\0" + b"\0" * 40),
    "has no content": lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "redirects to itself": lambda c: c.sendall(b"HTTP/1.1 302 F\r\nLocation: /join.conf\r\nContent-Length: 0\r\n\r\n"),
    "redirects to plain HTTP": lambda c: c.sendall(
        b"HTTP/1.1 301 M\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    ),
    "redirects to nowhere": lambda c: c.sendall(b"HTTP/1.1 308 P\r\nLocation: https://[\r\nContent-Length: 0\r\n\r\n"),
    "has failed": lambda connection: connection.sendall(
        b"HTTP/1.1 500 X\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", HTTP)
def test_a_server_that(what: str, way: Callable[[Impostor], object], impostor: Impostor) -> None:
    impostor.talk = HTTP[what]
    refusal(way, impostor)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slow_handshake(connection: socket.socket) -> None:
    connection.recv(65536)
    for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"\0" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def no_end_of_records(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"\x16\x03\x03\x00\x01\0" * 1000)


RAW: dict[str, RawTalk] = {
    "hangs up": lambda connection: None,
    "resets": reset,
    "waits": lambda connection: time.sleep(LONGEST),
    "speaks SSH": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "speaks plain HTTP": lambda connection: connection.sendall(OK + b"\r\n"),
    "alerts": lambda connection: connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28"),
    "drips its handshake": slow_handshake,
    "sends no end of records": no_end_of_records,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", RAW)
def test_a_server_that_before_tls(what: str, way: Callable[[Impostor], object], impostor: Impostor) -> None:
    impostor.raw = RAW[what]
    refusal(way, impostor)


def test_no_tls_at_all(impostor: Impostor) -> None:
    """Random bytes in place of a handshake, and a real one cut and bent."""
    chance = random.Random(f"{SEED} handshake")
    hello = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(range(32)) + b"\0\x13\x01\x00\x00\x2e" + b"\0" * 46
    for turn in range(100):
        data = mutations.mutate_bytes(hello, chance, [hello]) if turn % 2 else chance.randbytes(chance.randint(1, 500))
        impostor.raw = partial(say_to_hello, data)
        refusal(by_url, impostor)


def say(data: bytes, connection: ssl.SSLSocket) -> None:
    connection.sendall(data)


def say_to_hello(data: bytes, connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(data)


def test_answers_with_accidents(impostor: Impostor) -> None:
    """A right answer to the first, unverified request, bent on the wire: it is believed only where it says the same."""
    chance = random.Random(f"{SEED} wire")
    whole = OK + b"Content-Length: %d\r\n\r\n%s" % (len(GENUINE), GENUINE)
    believed = 0
    for _turn in range(150):
        data = mutations.mutate_bytes(whole, chance, [whole])
        impostor.talk = partial(say, data)
        started = time.monotonic()
        try:
            found = by_token(impostor, AT_ONCE)
        except KubephaseError as error:
            assert error.where and answers.SECRET not in str(error), data
        else:
            believed += 1
            assert found.ca_pem == answers.AUTHORITY.pem, data  # type: ignore[attr-defined]
        assert time.monotonic() - started < LONGEST, data
    assert believed < 150
