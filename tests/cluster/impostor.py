# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in the API server's place: it hands out a cluster-info of the test's making."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATH = "/api/v1/namespaces/kube-public/configmaps/cluster-info"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(kubeconfig: str, token: str) -> str:
    """The detached JWS that a cluster puts beside its kubeconfig."""
    token_id, secret = token.split(".")
    header = b64url(json.dumps({"alg": "HS256", "kid": token_id}, separators=(",", ":")).encode())
    signed = f"{header}.{b64url(kubeconfig.encode())}".encode()
    return f"{header}..{b64url(hmac.new(secret.encode(), signed, hashlib.sha256).digest())}"


def kubeconfig(server: str, ca_pem: str) -> str:
    """A kubeconfig as cluster-info has it."""
    ca = base64.b64encode(ca_pem.encode()).decode()
    return (
        "apiVersion: v1\nclusters:\n- cluster:\n"
        f"    certificate-authority-data: {ca}\n    server: {server}\n"
        '  name: ""\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n'
    )


def cluster_info(text: str, signatures: dict[str, str]) -> dict[str, str]:
    """The ConfigMap's data."""
    return {"kubeconfig": text, **{f"jws-kubeconfig-{token_id}": each for token_id, each in signatures.items()}}


@contextmanager
def serving(address: str, identity: tuple[str, str], data: dict[str, str], directory: Path) -> Iterator[str]:
    """Serve it over TLS with the certificate and key of ``identity``; yields HOST:PORT."""
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "data": data}
    config_map["metadata"] = {"name": "cluster-info", "namespace": "kube-public"}
    with serving_pages(address, identity, {PATH: json.dumps(config_map).encode()}, directory) as where:
        yield where


@contextmanager
def serving_pages(address: str, identity: tuple[str, str], pages: dict[str, bytes], directory: Path) -> Iterator[str]:
    """Serve these paths over TLS, a path that begins with ``https:`` as a redirect; yields HOST:PORT."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            redirect = body is not None and body.startswith(b"https:")
            self.send_response(302 if redirect else 404 if body is None else 200)
            if redirect and body is not None:
                self.send_header("Location", body.decode())
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(0 if redirect else len(body or b"")))
            self.end_headers()
            if not redirect:
                self.wfile.write(body or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    chain = directory / "impostor.pem"
    chain.touch(mode=0o600)
    chain.write_text("".join(identity))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with http.server.ThreadingHTTPServer((address, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{address}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
