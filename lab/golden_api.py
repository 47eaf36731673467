"""An API server that remembers: kubeadm talks to it where a golden case needs a cluster, and what it sends is recorded.

Runs on the golden host, inside golden_host.py. It knows no kind: an object lies under the path it is created at.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from lab import golden_proto

TOKEN = "abcdef.0123456789abcdef"
CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"


class Api:
    """Objects by path; `recorded` are the requests that would change something."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self.objects = objects
        self.recorded: list[dict[str, Any]] = []

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return self._get(path)
        self.recorded.append({"method": method, "path": path, "body": body})
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                return failure(409, "AlreadyExists")
            self.objects[path] = body
            return 201, body
        if method == "PUT":
            self.objects[path] = body
        if method == "DELETE":
            self.objects.pop(path, None)
        return 200, self.objects.get(path, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _get(self, path: str) -> tuple[int, Any]:
        if path in ("/healthz", "/livez", "/readyz"):
            return 200, "ok"
        if path in self.objects:
            return 200, self.objects[path]
        if path.startswith("/api/v1/nodes/"):
            name = path.rsplit("/", 1)[1]
            labels = {"kubernetes.io/hostname": name}
            return 200, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "labels": labels}}
        parts = path.strip("/").split("/")
        # /api/v1/namespaces/NAMESPACE/RESOURCE, /apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE: a list
        if parts[-1] in ("pods", "deployments", "daemonsets"):
            version = "v1" if parts[0] == "api" else f"{parts[1]}/{parts[2]}"
            kind = {"pods": "PodList", "deployments": "DeploymentList", "daemonsets": "DaemonSetList"}[parts[-1]]
            items = [each for known, each in self.objects.items() if known.rsplit("/", 1)[0] == path]
            return 200, {"kind": kind, "apiVersion": version, "metadata": {}, "items": items}
        return failure(404, "NotFound")


def decoded(sent: bytes) -> Any:
    if sent.startswith(golden_proto.MAGIC):
        return golden_proto.decode(sent)
    return json.loads(sent) if sent else None


def failure(code: int, reason: str) -> tuple[int, Any]:
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": reason,
        "reason": reason,
        "code": code,
    }


def sign_cluster_info(objects: dict[str, Any]) -> None:
    """As kube-controller-manager does for a token that may sign."""
    info = objects.get(CLUSTER_INFO)
    if info is None:
        return
    name, secret = TOKEN.split(".")
    header = encoded(json.dumps({"alg": "HS256", "kid": name}, separators=(",", ":")).encode())
    payload = encoded(info["data"]["kubeconfig"].encode())
    signature = hmac.new(secret.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    info["data"][f"jws-kubeconfig-{name}"] = f"{header}..{encoded(signature)}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def serve(api: Api, port: int, certificate: str, key: str) -> ThreadingHTTPServer:
    """Serves until it is shut down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # an answer leaves in one piece: in two, each would wait for the client's delayed acknowledgement
        wbufsize = 1 << 16

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            code, said = api.answer(self.command, urlsplit(self.path).path, decoded(sent))
            plain = isinstance(said, str)
            data = said.encode() if plain else json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if plain else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, *_: Any) -> None:
            """Nothing: what counts is recorded."""

    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
