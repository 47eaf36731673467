# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CRI client against a real container runtime, whose socket KUBEPHASE_TEST_CRI_SOCKET names. test_cri runs these.

The images come from a registry of a few lines in this process, which every runtime takes over plain HTTP because it is on
loopback. Nothing is ever run from them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import pull
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError

SOCKET = os.environ["KUBEPHASE_TEST_CRI_SOCKET"]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image(content: str) -> dict[str, bytes]:
    """The three blobs of an image with one small file: manifest first."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content.encode()))
    layer = gzip.compress(archive.getvalue(), mtime=0)
    rootfs = {"type": "layers", "diff_ids": [digest(archive.getvalue())]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": digest(layer), "size": len(layer)}],
        }
    ).encode()
    return {digest(data): data for data in (manifest, config, layer)}


class Registry:
    """A read-only registry of one image, under any name but ``gone``."""

    def __init__(self) -> None:
        self.blobs = image(str(uuid.uuid4()))
        self.manifest = next(iter(self.blobs))
        self.requests: list[str] = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            # so that a TLS greeting is answered in HTTP, from which a runtime sees to go on without TLS
            default_request_version = "HTTP/1.0"

            def do_GET(self) -> None:
                registry.requests.append(self.path)
                name = self.path.rpartition("/")[2]
                data = registry.blobs.get(name if ":" in name else registry.manifest)
                if data is None or "/gone/" in self.path:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", MANIFEST if "/manifests/" in self.path else "application/octet-stream")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Docker-Content-Digest", digest(data))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.name = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def client() -> Iterator[CriClient]:
    with CriClient(SOCKET) as found:
        yield found


def test_it_says_who_it_is_and_that_it_is_ready(client: CriClient) -> None:
    assert client.version().runtime_api_version == "v1"
    status = client.status(verbose=True)
    assert {"RuntimeReady", "NetworkReady"} <= {condition.type for condition in status.conditions}
    assert all(condition.status for condition in status.conditions if condition.type == "RuntimeReady")
    assert json.loads(status.info["config"])
    assert client.cgroup_driver() in ("systemd", "cgroupfs")


def test_images_are_pulled_once(client: CriClient, registry: Registry) -> None:
    name = f"{registry.name}/first:v1"
    assert client.image_status(name) is None
    assert pull.pull_images(client, [name]).pulled == [name]
    found = client.image_status(name)
    assert found is not None
    assert found.tags == [name]
    assert found.digests == [f"{registry.name}/first@{registry.manifest}"]
    assert name in [tag for one in client.list_images() for tag in one.tags]
    asked = len(registry.requests)
    assert pull.pull_images(client, [name]).present == [name]
    assert len(registry.requests) == asked
    assert pull.pull_images(client, [name], "Always").pulled == []
    assert len(registry.requests) > asked


def test_many_at_once_and_one_that_is_not_there(
    client: CriClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "DELAYS", (0.01,) * 4)
    names = [f"{registry.name}/many-{number}:v1" for number in range(5)]
    result = pull.pull_images(client, [*names, f"{registry.name}/gone/x:v1"], serial=False)
    assert result.pulled == names
    error = result.errors[f"{registry.name}/gone/x:v1"]
    assert error.code == "NOT_FOUND"
    assert "not found" in error.message
    # the connection is as good as before
    assert client.version().runtime_api_version == "v1"


def test_a_call_it_does_not_know(client: CriClient) -> None:
    with pytest.raises(CriError, match="unknown method") as caught:
        client.channel.call("runtime.v1.RuntimeService/NoSuchCall", b"", 5)
    assert caught.value.code == "UNIMPLEMENTED"


def test_a_request_of_half_a_megabyte(client: CriClient) -> None:
    # 65,535 octets are the most that may be sent before the server grants more
    assert client.image_status("x" * 500_000) is None
