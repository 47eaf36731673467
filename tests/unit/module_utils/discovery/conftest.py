# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's API server as far as a joining host sees it, on loopback over real TLS, that can misbehave in every way."""

from __future__ import annotations

import base64
import datetime
import http.server
import ipaddress
import json
import pathlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from ansible_collections.kubephase.cluster.plugins.module_utils import _jws
from ansible_collections.kubephase.cluster.tests.unit.module_utils.discovery.joining_host import Host

TOKEN = "abcdef.0123456789abcdef"
_NOW = datetime.datetime.now(datetime.timezone.utc)
_DAY = datetime.timedelta(days=1)


def _name(common_name: str, organization: str = "") -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(names)


class Authority:
    """A CA of the tests' own."""

    def __init__(self, name: str = "kubernetes") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = _name(name)
        self.certificate = self._sign(self.subject, self.key.public_key(), _NOW - _DAY, _NOW + 100 * _DAY, None, True)
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pin(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        return "sha256:" + digest.finalize().hex()

    def issue(
        self,
        common_name: str,
        organization: str = "",
        *,
        not_before: datetime.datetime = _NOW - _DAY,
        not_after: datetime.datetime = _NOW + 10 * _DAY,
        host: str = "127.0.0.1",
    ) -> bytes:
        """PEM of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        found = self._sign(_name(common_name, organization), key.public_key(), not_before, not_after, names, False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return found.public_bytes(Encoding.PEM) + private

    def _sign(self, subject: x509.Name, key: Any, start: Any, end: Any, names: Any, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key) if is_ca else own, critical=False
        )
        if names:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    api: ApiServer

    def get_request(self) -> Any:
        plain, address = super().get_request()
        context = self.api.contexts[min(self.api.connections, len(self.api.contexts) - 1)]
        self.api.connections += 1
        if context is None:
            return plain, address
        return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests want."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        api: ApiServer = self.server.api  # type: ignore[attr-defined]
        api.requests.append((self.path, self.headers.get("Authorization")))
        if api.misbehave and api.misbehave(self):
            return
        status, body = api.answer(self.path, self.headers.get("Authorization") or "")
        self.reply(status, json.dumps(body).encode())

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class ApiServer:
    """An API server of a cluster. Change its attributes to have it misbehave.

    :ivar contexts: TLS of the first, second, … connection; the last one is for all that follow.
    :ivar misbehave: is asked first with the request's handler; true means that it has answered.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.contexts: list[ssl.SSLContext | None] = []
        self.connections = 0
        self.requests: list[tuple[str, str | None]] = []
        self.misbehave: Callable[[_Handler], bool] | None = None
        self.nodes: dict[str, bool] = {}
        self.accepted = {TOKEN}
        self.signing_requests: list[dict[str, Any]] = []
        self.config_map: dict[str, Any] | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.contexts = [self.context(self.authority)]
        self.publish(TOKEN)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def context(self, authority: Authority, **certificate: Any) -> ssl.SSLContext:
        """TLS with a server certificate from ``authority``."""
        path = self._folder / f"server-{len(list(self._folder.iterdir()))}.pem"
        path.write_bytes(authority.issue("kube-apiserver", **certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def kubeconfig(self, ca_pem: str = "", server: str = "") -> str:
        encoded = base64.b64encode((ca_pem or self.authority.pem).encode()).decode()
        server = server or f"https://{self.endpoint}"
        return (
            f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {encoded}\n    server: {server}\n"
            '  name: ""\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n'
        )

    def publish(self, *tokens: str, kubeconfig: str | None = None, **data: str) -> None:
        """Have cluster-info signed for these tokens."""
        text = self.kubeconfig() if kubeconfig is None else kubeconfig
        found = {"kubeconfig": text}
        for token in tokens:
            token_id, secret = token.split(".")
            found[f"jws-kubeconfig-{token_id}"] = _jws.sign(text.encode(), token_id, secret)
        found.update({key.replace("_", "-"): value for key, value in data.items()})
        self.config_map = {"kind": "ConfigMap", "apiVersion": "v1", "data": found}

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/api/v1/namespaces/kube-public/configmaps/cluster-info":
            return (200, self.config_map) if self.config_map else (404, {"kind": "Status"})
        if path.startswith("/api/v1/nodes/"):
            if authorization.partition("Bearer ")[2] not in self.accepted:
                return 401, {"kind": "Status"}
            name = path.rpartition("/")[2]
            if name not in self.nodes:
                return 404, {"kind": "Status"}
            condition = {"type": "Ready", "status": "True" if self.nodes[name] else "Unknown"}
            return 200, {"kind": "Node", "status": {"conditions": [condition]}}
        if path == "/apis/certificates.k8s.io/v1/certificatesigningrequests":
            return 200, {"items": self.signing_requests}
        return 403, {"kind": "Status"}


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def foreign_authority() -> Authority:
    return Authority()


@pytest.fixture
def api_server(authority: Authority, tmp_path: pathlib.Path) -> Iterator[ApiServer]:
    folder = tmp_path / "api-server"
    folder.mkdir()
    server = ApiServer(authority)
    server.start(folder)
    yield server
    server.stop()


@pytest.fixture
def host(tmp_path: pathlib.Path, authority: Any) -> Iterator[Host]:
    (tmp_path / "host").mkdir()
    made = Host(tmp_path / "host", authority)
    thread = threading.Thread(target=made.health.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.health.shutdown()
    made.health.server_close()
