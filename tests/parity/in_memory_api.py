# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory: what the collection's client sends it, it keeps and remembers in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client

Object = dict[str, Any]

_NODES = "/api/v1/nodes/"


class InMemoryApi:
    """Empty at first, as a cluster that was just started; every node that is asked for has registered."""

    def __init__(self) -> None:
        self.stored: dict[str, Object] = {}
        #: what was created or replaced, in order
        self.sent: list[Object] = []
        self.patches: list[Object] = []

    def forget(self) -> None:
        """What was sent so far; what is stored stays."""
        self.sent, self.patches = [], []

    def exchange(self, method: str, path: str, payload: bytes | None, _content_type: str) -> tuple[int, str]:
        """A request and its answer as on the wire."""
        place, _mark, query = path.partition("?")
        body = json.loads(payload) if payload else {}
        if method == "POST":
            return self._create(place, body, "dryRun" in query)
        if place == "/version":
            return 200, "{}"
        if place.startswith(_NODES) and place not in self.stored:
            self.stored[place] = _registered(place.removeprefix(_NODES))
        if place not in self.stored:
            listed = [each for name, each in self.stored.items() if name.rpartition("/")[0] == place]
            return (200, json.dumps({"items": listed})) if query or listed else _not_found(place)
        if method == "GET":
            return 200, json.dumps(self.stored[place])
        if method == "DELETE":
            return 200, json.dumps(self.stored.pop(place))
        changed = body if method == "PUT" else _merged(self.stored[place], body)
        if "dryRun" not in query:
            self.stored[place] = changed
            if method == "PUT":
                self.sent.append(body)
            else:
                self.patches.append({"path": place, "body": body})
        return 200, json.dumps(changed)

    def _create(self, collection: str, body: Object, dry_run: bool) -> tuple[int, str]:
        if not dry_run:
            self.sent.append(body)
        stored = {**body, "metadata": {**body["metadata"], "uid": f"uid-{len(self.sent)}", "resourceVersion": "1"}}
        if not dry_run:
            self.stored[f"{collection}/{body['metadata']['name']}"] = stored
        return 201, json.dumps(stored)


@contextmanager
def answered_by(api: InMemoryApi) -> Iterator[None]:
    """All of the collection's clients talk to it; kubeconfigs and their certificates are loaded as always."""

    def exchange(
        _client: Client, method: str, path: str, payload: bytes | None = None, content_type: str = "application/json"
    ) -> tuple[int, str]:
        return api.exchange(method, path, payload, content_type)

    with mock.patch.object(Client, "exchange", exchange):
        yield


def patched_nodes(patches: list[Object]) -> dict[str, Any]:
    """By name, what nodes are after these: labels, annotations and taints."""
    api = InMemoryApi()
    for each in patches:
        api.exchange("PATCH", each["path"], json.dumps(each["body"]).encode(), "")
    return {
        place.removeprefix(_NODES): {
            "labels": node["metadata"].get("labels") or {},
            "annotations": node["metadata"].get("annotations") or {},
            "taints": node["spec"].get("taints") or [],
        }
        for place, node in api.stored.items()
    }


def _registered(name: str) -> Object:
    metadata = {"name": name, "uid": "uid", "resourceVersion": "1", "labels": {"kubernetes.io/hostname": name}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {}}


def _not_found(place: str) -> tuple[int, str]:
    return 404, json.dumps({"kind": "Status", "reason": "NotFound", "message": f"{place} not found"})


def _merged(found: Any, patch: Any) -> Any:
    """A merge patch: null removes."""
    if not isinstance(found, dict) or not isinstance(patch, dict):
        return patch
    merged = {key: value for key, value in found.items() if patch.get(key, value) is not None}
    return {**merged, **{key: _merged(found.get(key), value) for key, value in patch.items() if value is not None}}
