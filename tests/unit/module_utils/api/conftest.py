# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for an API server: real TLS with client certificates on loopback, a dict for a store.

It has the rules that clients are built around (AlreadyExists, resourceVersion conflicts, dry runs, defaults, merge
patches, discovery) and none of the real one's validation. The real one is tested in tests/cluster.
"""

from __future__ import annotations

import copy
import http.server
import ipaddress
import json
import socketserver
import ssl
import threading
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.kubephase.cluster.plugins.module_utils import _kubeconfig

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)
NAMESPACES = ("default", "kube-system", "kube-public")


class Authority:
    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        self.certificate = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(True, None))
        self.pem = self.certificate.public_bytes(Encoding.PEM)

    def issue(self, common_name):
        """PEM of a certificate for loopback and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = self._sign(name, key.public_key(), names).public_bytes(Encoding.PEM)
        return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def _sign(self, name, key, extension):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - DAY)
        builder = builder.not_valid_after(NOW + DAY).add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Refusal(Exception):
    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


def merge(target, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge(target.get(key), value)
    return target


def take_ownership(node, applied, manager):
    """What server-side apply does beyond a merge: labels and annotations that this manager no longer applies are removed,
    unless another one has them too."""
    before = node["metadata"].get("managedFields", [])
    others = [entry for entry in before if entry["manager"] != manager]
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:metadata": {}}}
    for section in ("labels", "annotations"):
        mine, theirs = (
            {key for one in part for key in one["fieldsV1"]["f:metadata"].get(f"f:{section}", {})}
            for part in ([one for one in before if one["manager"] == manager], others)
        )
        now = {f"f:{key}": {} for key in applied.get(section, {})}
        entry["fieldsV1"]["f:metadata"][f"f:{section}"] = now
        for key in mine - theirs - set(now):
            node["metadata"].get(section, {}).pop(key[2:], None)
    node["metadata"]["managedFields"] = [*others, entry]


class ApiServer:
    """:ivar store: objects by path, change it to have somebody else change the cluster.
    :ivar defaults: functions that fill in an object's defaults before it is stored.
    :ivar next: what the next requests get instead of an answer: ``(status, reason)`` or ``"hang up"``.
    """

    def __init__(self, url):
        self.url = url
        self.store = {f"/api/v1/namespaces/{name}": {"metadata": {"name": name}} for name in NAMESPACES}
        self.resources = {}
        self.defaults = []
        self.next = []
        self.requests = []
        self.bodies = []
        self.writes = 0
        self.connections = 0
        self.subjects = set()
        self._version = 100
        self._lock = threading.Lock()

    def answer(self, method, target, body):
        with self._lock:
            url = urlsplit(target)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            return getattr(self, "_" + method.lower())(url.path, query, body)

    def put_in(self, path, obj):
        """Store an object as if somebody else had."""
        with self._lock:
            return self._stored(path, copy.deepcopy(obj), {})

    def _get(self, path, query, _body):
        if path in ("/version", "/livez"):
            return 200, {"gitVersion": "v1.37.2"}
        if path in self.resources:
            return 200, {"resources": self.resources[path]}
        if path in self.store:
            return 200, self.store[path]
        # the real one has an empty collection as well, here it is known by its plural name
        if path.rsplit("/", 1)[1] in ("secrets", "nodes", "pods"):
            items = [obj for key, obj in self.store.items() if key.rsplit("/", 1)[0] == path]
            wanted = query.get("fieldSelector", "").partition("type=")[2]
            return 200, {"items": [obj for obj in items if not wanted or obj.get("type") == wanted]}
        raise Refusal(404, "NotFound")

    def _post(self, path, query, body):
        parts = path.split("/")
        if (
            "namespaces" in parts[:-1]
            and "/api/v1/namespaces/" + parts[parts.index("namespaces") + 1] not in self.store
        ):
            raise Refusal(404, "NotFound")
        place = f"{path}/{body['metadata']['name']}"
        if place in self.store:
            raise Refusal(409, "AlreadyExists")
        return 201, self._stored(place, body, query)

    def _put(self, path, query, body):
        if path not in self.store:
            raise Refusal(404, "NotFound")
        sent = body["metadata"].get("resourceVersion")
        if sent and sent != self.store[path]["metadata"]["resourceVersion"]:
            raise Refusal(409, "Conflict")
        return 200, self._stored(path, body, query)

    def _patch(self, path, query, body):
        found = self.store.get(path)
        if found is None and "fieldManager" not in query:
            raise Refusal(404, "NotFound")
        sent = body["metadata"].get("resourceVersion")
        if found and sent and sent != found["metadata"]["resourceVersion"]:
            raise Refusal(409, "Conflict")
        merged = copy.deepcopy(merge(found or {}, body))
        if body.get("kind") == "Node" and "force" in query:
            take_ownership(merged, body["metadata"], query["fieldManager"])
        return 200, self._stored(path, merged, query)

    def _delete(self, path, _query, _body):
        if path not in self.store:
            raise Refusal(404, "NotFound")
        self.writes += 1
        del self.store[path]
        return 200, {"kind": "Status"}

    def _stored(self, path, obj, query):
        obj = copy.deepcopy(obj)
        for fill in self.defaults:
            fill(obj)
        found = self.store.get(path, {"metadata": {}})["metadata"]
        obj["metadata"]["uid"] = found.get("uid", f"uid-{self._version}")
        obj["metadata"]["resourceVersion"] = found.get("resourceVersion", "0")
        if "dryRun" not in query and obj != self.store.get(path):
            self._version += 1
            self.writes += 1
            obj["metadata"]["resourceVersion"] = str(self._version)
            self.store[path] = obj
        return obj


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self):
        api = self.server.api
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        api.requests.append((self.command, self.path, self.headers.get("Content-Type")))
        api.bodies.append((self.command, self.path, body))
        api.subjects.add(dict(part[0] for part in self.connection.getpeercert()["subject"])["commonName"])
        try:
            if api.next:
                planned = api.next.pop(0)
                if planned == "hang up":
                    self.close_connection = True
                    return
                raise Refusal(*planned)
            status, answer = api.answer(self.command, self.path, body)
        except Refusal as refusal:
            status = refusal.status
            answer = {"kind": "Status", "reason": refusal.reason, "message": f"stand-in says {refusal.reason}"}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def log_message(self, *_):
        pass


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def get_request(self):
        plain, address = super().get_request()
        self.api.connections += 1
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, _request, _address):
        """A client that does not trust us hangs up."""


@pytest.fixture(scope="session")
def authority():
    return Authority()


@pytest.fixture(scope="session")
def other_authority():
    return Authority()


@pytest.fixture(scope="session")
def server_certificate(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("server") / "server.pem"
    path.write_bytes(b"".join(authority.issue("kube-apiserver")))
    return path


@pytest.fixture
def api(authority, server_certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_certificate)
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(("127.0.0.1", 0), _Handler)
    server.context = context
    server.api = ApiServer(f"https://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.api
    server.shutdown()
    server.server_close()


@pytest.fixture
def write_kubeconfig(tmp_path):
    def write(server, ca, certificate, key, name="admin.conf"):
        mapping = _kubeconfig.build(
            server=server, ca=ca, cluster="kubernetes", user="admin", client_certificate=certificate, client_key=key
        )
        (tmp_path / name).write_bytes(_kubeconfig.text(mapping))
        return str(tmp_path / name)

    return write


@pytest.fixture(scope="session")
def administrator(authority):
    return authority.issue("kubernetes-admin")


@pytest.fixture
def admin_conf(api, authority, administrator, write_kubeconfig):
    return write_kubeconfig(api.url, authority.pem, *administrator)
