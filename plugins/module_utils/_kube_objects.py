# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API objects as desired state: create, or bring what is there to what is wanted.

Whether an object differs is the server's judgement, not ours: the wanted object is sent as a dry run, comes back with all
of the server's defaults, and is compared with what is stored. So a field left out and a field set to its default are
the same, and a rule or a container argument added by hand is a difference.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import ApiError, Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_resources import Place, Resources, label
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load_all

Object = dict[str, Any]

_FIELD_MANAGER = "kubephase"
_SERVERS_OWN = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
_COUNTERS = ("deprecated.daemonset.template.generation", "deployment.kubernetes.io/revision")
_SEPARATOR = re.compile(r"^---\s*$", re.MULTILINE)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Change:
    """What became, or in check mode would become, of one object. ``action`` is empty where nothing did."""

    label: str
    action: str
    before: Object | None = None
    after: Object | None = None

    def diff(self) -> dict[str, str]:
        return {
            "before_header": self.label,
            "after_header": self.label,
            "before": _shown(self.before, None),
            "after": _shown(self.after, self.before),
        }


class Applier:
    """Applies objects over one connection.

    :param client: None where there is no cluster yet (check mode): everything would be created.
    :param keep: dotted paths (``spec.replicas``) whose value is taken from the stored object, where there is one.
    :param server_side: server-side apply instead of kubeadm's full replacement: fields that others set are left alone.
    :param patch: what users patch in an object, after the kept values are in it.
    :param timeout: seconds for which a failing request is repeated.
    """

    def __init__(
        self,
        client: Client | None,
        *,
        check_mode: bool = False,
        keep: Sequence[str] = (),
        server_side: bool = False,
        timeout: float = 60.0,
        patch: Callable[[Object], Object] | None = None,
    ) -> None:
        self._patch = patch or (lambda obj: obj)
        self._client = client
        self._resources = Resources(client)
        self._check_mode = check_mode
        self._keep = [path.split(".") for path in keep]
        self._server_side = server_side
        self._timeout = timeout

    def apply(self, obj: Object) -> Change:
        """Create ``obj``, or make the stored one equal to it.

        Labels, annotations and data keys of others are left alone; a label, annotation or data key that is None is removed.
        """
        wanted = _prepared(obj)
        client = self._client
        if client is None:
            return Change(label(wanted), "created", None, self._patch(_without_none(wanted)))
        return persist(lambda: self._reconcile(client, wanted), self._timeout)

    def remove(self, obj: Object) -> Change:
        """Delete the object where it exists."""
        client = self._client
        if client is None:
            return Change(label(obj), "")
        return persist(lambda: self._delete(client, obj), self._timeout)

    def _reconcile(self, client: Client, wanted: Object) -> Change:
        try:
            place = self._resources.place(wanted)
        except ApiError as error:
            if self._check_mode and error.status == 404:
                # its CustomResourceDefinition is yet to be created
                return Change(label(wanted), "created", None, wanted)
            raise
        live = client.get(place.path)
        if live is None:
            return self._create(client, place, wanted)
        if self._server_side:
            return self._server_side_apply(client, place, live, wanted)
        if "roleRef" in wanted and _role(wanted) != _role(live):
            return self._recreate(client, place, live, wanted)
        return self._replace(client, place, live, wanted)

    def _create(self, client: Client, place: Place, wanted: Object) -> Change:
        wanted = self._patch(_without_none(wanted))
        if not self._check_mode:
            if self._server_side:
                self._send(client, place, wanted, False)
            else:
                client.create(place.collection, wanted)
        return Change(place.label, "created", None, wanted)

    def _recreate(self, client: Client, place: Place, live: Object, wanted: Object) -> Change:
        """A binding's role cannot be changed."""
        wanted = _without_none(wanted)
        if not self._check_mode:
            client.delete(place.path)
            client.create(place.collection, wanted)
        return Change(place.label, "replaced", live, wanted)

    def _replace(self, client: Client, place: Place, live: Object, wanted: Object) -> Change:
        candidate = overlay(live, self._patch(kept(live, wanted, self._keep)))
        result = client.replace(place.path, candidate, dry_run=True)
        if _comparable(result) == _comparable(live):
            return Change(place.label, "")
        if not self._check_mode:
            result = client.replace(place.path, candidate)
        return Change(place.label, "updated", live, result)

    def _server_side_apply(self, client: Client, place: Place, live: Object, wanted: Object) -> Change:
        result = self._send(client, place, self._patch(wanted), self._check_mode)
        if _comparable(result) == _comparable(live):
            return Change(place.label, "")
        return Change(place.label, "updated", live, result)

    def _send(self, client: Client, place: Place, wanted: Object, dry_run: bool) -> Object:
        query = {"fieldManager": _FIELD_MANAGER, "force": "true"}
        if dry_run:
            query["dryRun"] = "All"
        return client.patch(place.path, _without_none(wanted), "apply", query)

    def _delete(self, client: Client, obj: Object) -> Change:
        try:
            place = self._resources.place(obj)
        except ApiError as error:
            if error.status == 404:
                return Change(label(obj), "")
            raise
        live = client.get(place.path)
        if live is None:
            return Change(place.label, "")
        if not self._check_mode:
            client.delete(place.path)
        return Change(place.label, "deleted", live, None)


def run_objects(
    objects: Sequence[Object],
    *,
    kubeconfig: str,
    server: str = "",
    timeout: float = 60.0,
    check_mode: bool = False,
    keep: Sequence[str] = (),
    server_side: bool = False,
    absent: bool = False,
    patch: Callable[[Object], Object] | None = None,
) -> dict[str, Any]:
    """Apply (or remove) all objects; the result of a module. A patch that cannot be applied fails before anything is sent."""
    for obj in objects:
        label(obj)
        if patch is not None:
            patch(obj)
    client = connect(kubeconfig, server, timeout, check_mode)
    try:
        applier = Applier(
            client, check_mode=check_mode, keep=keep, server_side=server_side, timeout=timeout, patch=patch
        )
        changes = [applier.remove(obj) if absent else applier.apply(obj) for obj in objects]
    finally:
        if client is not None:
            client.close()
    return summary(changes)


def patching(patch: Callable[[str, Object], Object], targets: dict[str, str]) -> Callable[[Object], Object]:
    """What patches those objects whose label (``Deployment kube-system/coredns``) is among the ``targets``, by their names."""
    names = {name: target for target, name in targets.items()}
    return lambda obj: patch(names.get(label(obj), ""), obj)


def summary(changes: Sequence[Change]) -> dict[str, Any]:
    """A module's result: what changed, with its diff."""
    done = [change for change in changes if change.action]
    return {
        "changed": bool(done),
        "objects": [{"object": change.label, "action": change.action} for change in done],
        "diff": [change.diff() for change in done],
    }


def kept(live: Object, wanted: Object, keep: Sequence[Sequence[str]]) -> Object:
    """``wanted`` with the values that the stored object has at the paths of ``keep``."""
    wanted = copy.deepcopy(wanted)
    for path in keep:
        _carry(path, live, wanted)
    return wanted


def overlay(live: Object, wanted: Object) -> Object:
    """``wanted`` as a replacement of ``live``: with what belongs to others carried over."""
    merged = {**copy.deepcopy(live), **copy.deepcopy(wanted)}
    metadata = {**live.get("metadata", {}), **wanted["metadata"]}
    for name in ("labels", "annotations"):
        _join(metadata, name, live.get("metadata", {}), wanted["metadata"])
    merged["metadata"] = metadata
    for name in ("data", "binaryData"):
        _join(merged, name, live, wanted)
    _join_template(merged, live)
    result: Object = _without_none(merged)
    return result


def _join(target: Object, name: str, live: Object, wanted: Object) -> None:
    joined = {**(live.get(name) or {}), **(wanted.get(name) or {})}
    if joined:
        target[name] = joined


def _join_template(merged: Object, live: Object) -> None:
    """A Pod template's annotations of others: ``kubectl rollout restart`` leaves one, removing it would restart again."""
    found = _at(live, ("spec", "template", "metadata", "annotations"))
    template = _at(merged, ("spec", "template"))
    if found and isinstance(template, dict):
        metadata = template.setdefault("metadata", {})
        metadata["annotations"] = {**found, **(metadata.get("annotations") or {})}


def _carry(path: Sequence[str], live: Object, merged: Object) -> None:
    value = _at(live, path)
    parent = _at(merged, path[:-1])
    if value is not None and isinstance(parent, dict):
        parent[path[-1]] = copy.deepcopy(value)


def _at(obj: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj


def _prepared(obj: Object) -> Object:
    """A Secret's ``stringData`` exists only in requests; as ``data`` it can be compared."""
    if obj.get("kind") != "Secret" or "stringData" not in obj:
        return obj
    wanted = {name: value for name, value in obj.items() if name != "stringData"}
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in obj["stringData"].items()}
    wanted["data"] = {**(obj.get("data") or {}), **encoded}
    return wanted


def _without_none(value: Any) -> Any:
    """Without what is to be removed, and without a mapping of which nothing is left."""
    if isinstance(value, dict):
        cleaned = {key: _without_none(entry) for key, entry in value.items() if entry is not None}
        return {key: entry for key, entry in cleaned.items() if entry != {} or value[key] == {}}
    if isinstance(value, list):
        return [_without_none(entry) for entry in value]
    return value


def _role(binding: Object) -> list[str]:
    role = binding.get("roleRef") or {}
    return [str(role.get(name) or "") for name in ("kind", "name")]


def _comparable(obj: Object) -> Object:
    """Without what the server keeps for itself."""
    kept = {name: value for name, value in obj.items() if name != "status"}
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _SERVERS_OWN}
    annotations = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in _COUNTERS
    }
    kept["metadata"] = {**metadata, "annotations": annotations} if annotations else metadata
    return kept


def _shown(obj: Object | None, other: Object | None) -> str:
    if obj is None:
        return ""
    shown = _comparable(obj)
    if shown.get("kind") == "Secret":
        shown = _masked(shown, other)
    return dump(shown)


def _masked(secret: Object, other: Object | None) -> Object:
    """A Secret without its values: the names of its keys, and which of them changed."""
    annotations = secret["metadata"].get("annotations") or {}
    metadata = {**secret["metadata"], "annotations": {k: v for k, v in annotations.items() if k != _LAST_APPLIED}}
    if not metadata["annotations"]:
        del metadata["annotations"]
    before = (other or {}).get("data") or {}
    data = {
        key: "(hidden, changed)" if other is not None and before.get(key) != value else "(hidden)"
        for key, value in (secret.get("data") or {}).items()
    }
    return {**secret, "metadata": metadata, "data": data}


def parse(text: str, where: str) -> list[Object]:
    """The objects of a YAML or JSON manifest; ``kind: List`` is unfolded, empty documents are left out."""
    objects: list[Object] = []
    for document in (found for part in _SEPARATOR.split(text) for found in load_all(part, where)):
        if document is None:
            continue
        if not isinstance(document, dict):
            raise KubephaseError("a document of it is not a mapping", where=where)
        items = document.get("items")
        objects.extend(items if document.get("kind") == "List" and isinstance(items, list) else [document])
    return objects
