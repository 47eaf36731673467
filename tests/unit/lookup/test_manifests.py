# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import http.server
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.kubephase.cluster.plugins.filter.workloads import workloads
from ansible_collections.kubephase.cluster.plugins.lookup.manifests import LookupModule

TEXT = b"""---
kind: Namespace
metadata: {name: net}
---
kind: List
items:
- kind: DaemonSet
  metadata: {name: agent, namespace: net}
- kind: Deployment
  metadata: {name: operator}
"""
SUM = "sha256:" + hashlib.sha256(TEXT).hexdigest()


def look(*terms: Any) -> list[dict[str, Any]]:
    return LookupModule(loader=DataLoader()).run(list(terms), variables={})


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    (tmp_path / "net.yaml").write_bytes(TEXT)
    return str(tmp_path / "net.yaml")


@pytest.fixture
def url() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/net.yaml"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(TEXT if found else b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_objects_of_a_file_in_order(path: str) -> None:
    assert [one["kind"] for one in look({"path": path})] == ["Namespace", "DaemonSet", "Deployment"]
    assert look({"path": path, "checksum": SUM}) == look({"path": path})


def test_objects_of_a_url(url: str, path: str) -> None:
    assert look({"url": f"{url}/net.yaml", "checksum": SUM}) == look({"path": path})


def test_what_can_be_waited_for(path: str) -> None:
    assert workloads(look({"path": path})) == [
        {"kind": "DaemonSet", "namespace": "net", "name": "agent"},
        {"kind": "Deployment", "namespace": "default", "name": "operator"},
    ]


def test_wrong_checksum(path: str) -> None:
    with pytest.raises(AnsibleLookupError, match=f"wrong checksum: found {SUM}, expected sha256:{64 * '0'}"):
        look({"path": path, "checksum": "sha256:" + 64 * "0"})


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("net.yaml", "a manifest is a mapping"),
        ({}, "either path or url"),
        ({"path": "a", "url": "b"}, "either path or url"),
        ({"url": "http://127.0.0.1:1/x"}, "needs a checksum"),
        ({"url": "http://127.0.0.1:1/x", "checksum": SUM}, "cannot be downloaded"),
        ({"path": "/nonexistent/net.yaml"}, "was not found on the controller"),
    ],
)
def test_what_is_no_manifest(term: Any, message: str) -> None:
    with pytest.raises(AnsibleLookupError, match=message):
        look(term)


def test_missing_page(url: str) -> None:
    with pytest.raises(AnsibleLookupError, match="/other.yaml: cannot be downloaded: .*404"):
        look({"url": f"{url}/other.yaml", "checksum": SUM})


def test_text_that_is_no_manifest(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(AnsibleLookupError, match="bad.yaml: not a manifest"):
        look({"path": str(tmp_path / "bad.yaml")})
