# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and taints of nodes as declared: what is no longer declared goes, what others set stays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import POLL_SECONDS, Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Change, summary
from ansible_collections.kubephase.cluster.plugins.module_utils._node_ownership import (
    DEFAULT_MANAGER,
    SECTIONS,
    Object,
    Owner,
    Taint,
    arranged,
    place,
)

_ROLE = "node-role.kubernetes.io/control-plane"
_CONTROL_PLANE_LABELS = {_ROLE: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
_CONTROL_PLANE_TAINT = {"key": _ROLE, "effect": "NoSchedule"}
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True)
class WantedNode:
    """What is declared for a node.

    :param labels: a label that is None is removed, whoever set it.
    :param annotations: the same for annotations.
    :param taints: None gives a control plane its default taint and changes no other; a list, also an empty one, takes the
        default taint's place.
    """

    name: str
    labels: Mapping[str, Any] = field(default_factory=dict)
    taints: Sequence[Taint] | None = None
    control_plane: bool = False
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for taint in self.taints or []:
            if not taint.get("key") or taint.get("effect") not in _EFFECTS:
                raise KubephaseError(
                    "not a taint", where=f"taints of node {self.name}", value=dict(taint),
                    accepted=f"key, value and effect, which is one of {', '.join(_EFFECTS)}",
                )  # fmt: skip
        places = [place(taint) for taint in self.taints or []]
        for one in places:
            if places.count(one) > 1:
                raise KubephaseError(
                    "two taints of one key and effect", where=f"taints of node {self.name}", value=":".join(one)
                )
        for section in SECTIONS:
            for key, value in getattr(self, section).items():
                if isinstance(value, (dict, list)):
                    raise KubephaseError("not text", where=f"{section} of node {self.name}", value=key)

    def declared(self, section: str) -> dict[str, str]:
        """The labels or annotations that are to be there."""
        rule = _CONTROL_PLANE_LABELS if self.control_plane and section == "labels" else {}
        both = {**rule, **getattr(self, section)}
        return {key: _text(value) for key, value in both.items() if value is not None}

    def unwanted(self, section: str) -> list[str]:
        return [key for key, value in getattr(self, section).items() if value is None]

    def all_taints(self, found: Sequence[Taint], owner: Owner, node: Object) -> list[Taint]:
        """The taints that the Node is to have."""
        declared = list(self.taints or [])
        dropped = owner.places(node)
        if self.control_plane and self.taints is None:
            declared = [_CONTROL_PLANE_TAINT]
        elif self.control_plane:
            dropped.add(place(_CONTROL_PLANE_TAINT))
        return arranged(declared, found, dropped)

    def record(self, owner: Owner) -> str | None:
        """A control plane's default taint comes and goes by a rule, of the others there is a record."""
        by_rule = {place(_CONTROL_PLANE_TAINT)} if self.control_plane else set()
        return owner.recorded({place(taint) for taint in self.taints or []} - by_rule)

    @property
    def is_silent(self) -> bool:
        """Nothing is declared; something of an earlier declaration may be there."""
        return not (self.control_plane or self.labels or self.annotations or self.taints)


def ensure(
    nodes: Sequence[WantedNode],
    kubeconfig: str,
    server: str,
    timeout: float,
    check_mode: bool,
    manager: str = DEFAULT_MANAGER,
) -> dict[str, Any]:
    """Bring all nodes to what is declared, waiting for those that have not registered yet; the result of the module."""
    owner = Owner(manager)
    client = connect(kubeconfig, server, timeout, check_mode)
    if client is None:
        return summary([_unregistered(node, owner) for node in nodes])
    deadline = time.monotonic() + timeout
    with client:
        return summary([_Marking(client, node, owner, check_mode).run(deadline, timeout) for node in nodes])


class _Marking:
    """One node's way to what is declared for it."""

    def __init__(self, client: Client, node: WantedNode, owner: Owner, check_mode: bool) -> None:
        self._client = client
        self._node = node
        self._owner = owner
        self._check_mode = check_mode
        self._path = f"/api/v1/nodes/{node.name}"

    def run(self, deadline: float, timeout: float) -> Change:
        if self._check_mode or self._node.is_silent:
            found = persist(lambda: self._client.get(self._path), timeout)
            if found is None:
                return _unregistered(self._node, self._owner)
        before: list[Object] = []

        def attempt() -> Object:
            found = self._wait_for(deadline)
            # what the first attempt found: a later one sees what an earlier one did
            before[:] = before or [found]
            return self._applied(self._patched(found))

        after = persist(attempt, timeout)
        return _change(self._node, self._owner, before[0], after)

    def _wait_for(self, deadline: float) -> Object:
        """The kubelet registers the node and sets this label in one step, but others may create a Node too."""
        while True:
            found = self._client.get(self._path)
            if found is not None and "kubernetes.io/hostname" in (found["metadata"].get("labels") or {}):
                return found
            if time.monotonic() >= deadline:
                raise KubephaseError(
                    "the node did not register in time"
                    if found is None
                    else "the node has no kubernetes.io/hostname label",
                    where=f"node {self._node.name}",
                    hint="Look at 'journalctl -u kubelet' on that host",
                )
            time.sleep(POLL_SECONDS)

    def _patched(self, found: Object) -> Object:
        """Taints with the record of them, and what is to go whoever set it, in one step."""
        metadata: Object = {}
        for section in SECTIONS:
            have = found["metadata"].get(section) or {}
            gone = {key: None for key in self._node.unwanted(section) if key in have}
            if gone:
                metadata[section] = gone
        record = self._node.record(self._owner)
        if (found["metadata"].get("annotations") or {}).get(self._owner.record) != record:
            metadata.setdefault("annotations", {})[self._owner.record] = record
        patch: Object = {}
        taints = found.get("spec", {}).get("taints") or []
        wanted = self._node.all_taints(taints, self._owner, found)
        if wanted != taints:
            patch["spec"] = {"taints": wanted or None}
        if not metadata and not patch:
            return found
        # with the version it was computed from, so that a taint added meanwhile is not lost
        patch["metadata"] = {**metadata, "resourceVersion": found["metadata"]["resourceVersion"]}
        return self._client.patch(self._path, patch, query={"dryRun": "All"} if self._check_mode else None)

    def _applied(self, found: Object) -> Object:
        """Labels and annotations by server-side apply. Nothing is asked of the server where all is as it should be."""
        metadata = found["metadata"]
        wanted = {section: self._node.declared(section) for section in SECTIONS}
        if all(
            self._owner.keys(found, section) == set(declared)
            and all((metadata.get(section) or {}).get(key) == value for key, value in declared.items())
            for section, declared in wanted.items()
        ):
            return found
        # with its uid, so that a Node deleted meanwhile is not made again
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self._node.name,
                "uid": metadata["uid"],
                **{section: declared for section, declared in wanted.items() if declared},
            },
        }
        query = {"fieldManager": self._owner.manager, "force": "true"}
        if self._check_mode:
            query["dryRun"] = "All"
        applied = self._client.patch(self._path, body, "apply", query)
        if not self._check_mode:
            return applied
        # the dry run knows nothing of the patch before it, which only a dry run has seen either
        return _with_patch(applied, found, self._node, self._owner)


def _with_patch(applied: Object, patched: Object, node: WantedNode, owner: Owner) -> Object:
    metadata = dict(applied["metadata"])
    for section in SECTIONS:
        gone = {*node.unwanted(section), owner.record}
        kept = {key: value for key, value in (metadata.get(section) or {}).items() if key not in gone}
        record = (patched["metadata"].get(section) or {}).get(owner.record)
        metadata[section] = {**kept, **({owner.record: record} if record else {})}
    return {**applied, "metadata": metadata, "spec": patched.get("spec", {})}


def _change(node: WantedNode, owner: Owner, before: Object, after: Object) -> Change:
    """What differs, and only that: a Node has labels, annotations and taints of many others."""
    was, now = _Shown(), _Shown()
    for section in SECTIONS:
        old, new = before["metadata"].get(section) or {}, after["metadata"].get(section) or {}
        ours = {*node.declared(section), *node.unwanted(section), *owner.keys(before, section), owner.record}
        for key in sorted(ours):
            if old.get(key) != new.get(key):
                was.add(section, key, old.get(key))
                now.add(section, key, new.get(key))
    old_taints, new_taints = ((obj.get("spec") or {}).get("taints") or [] for obj in (before, after))
    if new_taints != old_taints and node.all_taints(old_taints, owner, before) != old_taints:
        was.taints, now.taints = old_taints, new_taints
    if was == now:
        return Change(f"Node {node.name}", "")
    return Change(f"Node {node.name}", "updated", was.obj(), now.obj())


def _unregistered(node: WantedNode, owner: Owner) -> Change:
    """In check mode: a node that is not there yet gets all of it. Silent about one of which nothing is declared."""
    empty: Object = {"metadata": {}}
    annotations: Mapping[str, str | None] = {**node.declared("annotations"), owner.record: node.record(owner)}
    kept = {key: value for key, value in annotations.items() if value is not None}
    taints = node.all_taints([], owner, empty)
    metadata = {"labels": node.declared("labels"), "annotations": kept}
    return _change(node, owner, empty, {"metadata": metadata, "spec": {"taints": taints}})


@dataclass
class _Shown:
    """One side of a diff."""

    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    taints: list[Taint] | None = None

    def add(self, section: str, key: str, value: str | None) -> None:
        if value is not None:
            getattr(self, section)[key] = value

    def obj(self) -> Object:
        metadata = {section: getattr(self, section) for section in SECTIONS if getattr(self, section)}
        return {"metadata": metadata, **({} if self.taints is None else {"spec": {"taints": self.taints}})}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
