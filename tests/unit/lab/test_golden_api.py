from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import subprocess

import pytest

from lab import golden_api, golden_proto

MAPS = "/api/v1/namespaces/kube-system/configmaps"


def number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def part(index: int, *values: bytes) -> bytes:
    return b"".join(number(index << 3 | 2) + number(len(value)) + value for value in values)


def message(kind: str, raw: bytes, version: str = "v1") -> bytes:
    types = part(1, version.encode()) + part(2, kind.encode())
    return golden_proto.MAGIC + part(1, types) + part(2, raw) + part(3, b"") + part(4, b"")


def test_a_config_map_is_read():
    long = "x" * 300
    raw = part(1, part(1, b"cm") + part(3, b"kube-system")) + part(
        2, part(1, b"a") + part(2, long.encode()), part(1, b"b") + part(2, b"")
    )
    assert golden_proto.decode(message("ConfigMap", raw)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cm", "namespace": "kube-system"},
        "data": {"a": long, "b": ""},
    }


def test_a_secret_and_its_owner_are_read():
    owner = part(1, b"Secret") + part(3, b"parent") + part(4, b"uid") + part(5, b"v1") + bytes([6 << 3, 1, 7 << 3, 1])
    raw = part(1, part(1, b"s") + part(13, owner)) + part(2, part(1, b"k") + part(2, b"\xff\x00")) + part(3, b"Opaque")
    found = golden_proto.decode(message("Secret", raw))
    assert found["data"] == {"k": base64.b64encode(b"\xff\x00").decode()}
    assert found["type"] == "Opaque"
    assert found["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "name": "parent",
            "uid": "uid",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_of_another_kind_only_the_name_is_read():
    found = golden_proto.decode(
        message("ClusterRole", part(1, part(1, b"r")) + part(2, b"rules"), "rbac.authorization.k8s.io/v1")
    )
    assert found == {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}


def test_what_is_created_is_there_and_recorded():
    api = golden_api.Api({})
    item = {"kind": "ConfigMap", "metadata": {"name": "c"}}
    assert api.answer("GET", f"{MAPS}/c", None)[0] == 404
    assert api.answer("POST", MAPS, item) == (201, item)
    assert api.answer("POST", MAPS, item)[0] == 409
    assert api.answer("GET", f"{MAPS}/c", None) == (200, item)
    assert [each["method"] for each in api.recorded] == ["POST", "POST"]
    api.answer("DELETE", f"{MAPS}/c", None)
    assert api.answer("GET", f"{MAPS}/c", None)[0] == 404


def test_every_node_is_there_and_takes_a_patch():
    api = golden_api.Api({})
    code, node = api.answer("GET", "/api/v1/nodes/cp1", None)
    assert (code, node["metadata"]["labels"]) == (200, {"kubernetes.io/hostname": "cp1"})
    assert api.answer("PATCH", "/api/v1/nodes/cp1", {"spec": {}})[0] == 200
    assert api.recorded == [{"method": "PATCH", "path": "/api/v1/nodes/cp1", "body": {"spec": {}}}]


def test_lists_name_what_was_created():
    path = "/apis/apps/v1/namespaces/kube-system/deployments"
    api = golden_api.Api({f"{path}/coredns": {"metadata": {"name": "coredns"}}})
    _, found = api.answer("GET", path, None)
    assert (found["kind"], found["apiVersion"], len(found["items"])) == ("DeploymentList", "apps/v1", 1)


def test_cluster_info_is_signed_for_the_token():
    objects = {golden_api.CLUSTER_INFO: {"data": {"kubeconfig": "text"}}}
    golden_api.sign_cluster_info(objects)
    header, payload, signature = objects[golden_api.CLUSTER_INFO]["data"]["jws-kubeconfig-abcdef"].split(".")
    assert payload == ""
    content = f"{header}.{base64.urlsafe_b64encode(b'text').decode().rstrip('=')}"
    wanted = hmac.new(b"0123456789abcdef", content.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == wanted


@pytest.fixture
def port(tmp_path):
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*command, "-keyout", "a.key", "-out", "a.crt"], cwd=tmp_path, check=True, capture_output=True)
    server = golden_api.serve(golden_api.Api({}), 0, str(tmp_path / "a.crt"), str(tmp_path / "a.key"))
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_it_speaks_https_and_both_formats(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    client.request("GET", "/livez")
    assert client.getresponse().read() == b"ok"
    client.request("POST", f"{MAPS}?timeout=10s", message("ConfigMap", part(1, part(1, b"c"))))
    answer = client.getresponse()
    assert answer.status == 201
    assert json.loads(answer.read())["metadata"]["name"] == "c"
    client.close()
