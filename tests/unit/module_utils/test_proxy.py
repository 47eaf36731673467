# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy a request goes through, by the rules that kubeadm's client has, and what a proxy may answer."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _https_get, _proxy
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

PROXY = "http://proxy.example.org:3128"


def host_of(environment, host="192.0.2.10", port=6443):
    found = _proxy.from_environment(host, port, environment)
    return found and (found.host, found.port)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": PROXY}, ("proxy.example.org", 3128)),
        ({"https_proxy": PROXY}, ("proxy.example.org", 3128)),
        ({"HTTPS_PROXY": "http://first", "https_proxy": PROXY}, ("first", 80)),
        ({"HTTPS_PROXY": "proxy:3128"}, ("proxy", 3128)),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128"}, ("fd00::1", 3128)),
    ],
)
def test_environment(environment, expected):
    assert host_of(environment) == expected


@pytest.mark.parametrize(
    ("host", "bypass", "direct"),
    [
        ("localhost", "", True),
        ("127.0.0.9", "", True),
        ("::1", "", True),
        ("192.0.2.10", "", False),
        ("192.0.2.10", "*", True),
        ("192.0.2.10", "192.0.2.0/24", True),
        ("192.0.3.10", "192.0.2.0/24", False),
        ("192.0.2.10", "10.0.0.1, 192.0.2.10", True),
        ("192.0.2.10", "192.0.2.10:6443", True),
        ("192.0.2.10", "192.0.2.10:443", False),
        ("192.0.2.10", "0.2.10", False),
        ("fd00::5", "fd00::/64", True),
        ("fd00::5", "[fd00::5]:6443", True),
        ("cp.example.org", "example.org", True),
        ("cp.example.org", ".example.org", True),
        ("example.org", ".example.org", False),
        ("example.org", "example.org", True),
        ("cp.example.org", "*.example.org", True),
        ("CP.Example.ORG", "cp.example.org:6443", True),
        ("badexample.org", "example.org", False),
        ("cp.example.org", "10.0.0.0/8,,", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_who_is_reached_directly(host, bypass, direct, name):
    assert (host_of({"HTTPS_PROXY": PROXY, name: bypass}, host) is None) is direct


def test_credentials_are_sent_and_not_shown():
    found = _proxy.from_environment("cp", 6443, {"HTTPS_PROXY": "http://me:p%40ss@proxy"})
    assert base64.b64decode(found.authorization.partition(" ")[2]) == b"me:p@ss"
    assert "p@ss" not in repr(found) + str(found) and found.authorization not in repr(found)


@pytest.mark.parametrize(
    "url", ["socks5://me:secret@proxy:1", "https://me:secret@proxy", "http://me:secret@proxy:x", "http://"]
)
def test_proxies_of_other_kinds_are_refused(url):
    with pytest.raises(KubephaseError, match="^HTTPS_PROXY: ") as caught:
        _proxy.from_environment("cp", 6443, {"HTTPS_PROXY": url})
    assert "secret" not in str(caught.value)


class Relay:
    """A proxy on loopback that answers as told, and then carries bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://me:secret@127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        inside, _address = self._listener.accept()
        with inside:
            while b"\r\n\r\n" not in self.asked:
                self.asked += inside.recv(4096)
            inside.sendall(self.answer)
            if b" 200 Connection" not in self.answer:
                return
            host, port = self.asked.split()[1].decode().rsplit(":", 1)
            with socket.create_connection((host, int(port))) as outside:
                back = threading.Thread(target=carry, args=(outside, inside), daemon=True)
                back.start()
                carry(inside, outside)
                back.join(5)


def carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(4096):
            target.sendall(part)
    except OSError:
        pass


@pytest.fixture
def web(tmp_path):
    """A TLS server with a certificate of its own."""
    import ssl

    from tests.unit.module_utils.discovery.conftest import Authority

    authority = Authority()
    (tmp_path / "server.pem").write_bytes(authority.issue("server"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _address = listener.accept()
        with context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    threading.Thread(target=serve, daemon=True).start()
    return authority, _https_get.Endpoint("127.0.0.1", listener.getsockname()[1])


def test_a_request_goes_through_the_tunnel(web):
    authority, endpoint = web
    relay = Relay(b"HTTP/1.1 200 Connection established\r\n\r\n")
    context = _https_get.trusting_context(authority.pem)
    assert _https_get.get(endpoint, "/", context, proxy_url=relay.url).body == b"ok"
    assert relay.asked.startswith(f"CONNECT 127.0.0.1:{endpoint.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:secret") in relay.asked


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it answers HTTP 407"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK", "its answer is not HTTP"),
        (b"", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "its answer is not HTTP"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_named(answer, said):
    relay = Relay(answer)
    with pytest.raises(_https_get.Unreachable, match=said) as caught:
        _https_get.get(
            _https_get.Endpoint("192.0.2.1", 6443), "/", _https_get.insecure_context(), proxy_url=relay.url, timeout=5
        )
    assert "through proxy 127.0.0.1:" in str(caught.value) and "(proxy-url)" in str(caught.value)
    assert "secret" not in str(caught.value)
