# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints of nodes as declared; those of others stay."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import POLL_SECONDS, Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Change, summary

Object = dict[str, Any]
Taint = dict[str, Any]

_ROLE = "node-role.kubernetes.io/control-plane"
_CONTROL_PLANE_LABELS = {_ROLE: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
_CONTROL_PLANE_TAINT = {"key": _ROLE, "effect": "NoSchedule"}
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True)
class WantedNode:
    """What is declared for a node.

    :param labels: a label that is None is removed.
    :param taints: None gives a control plane its default taint and changes nothing else; a list, also an empty one, takes
        the default taint's place.
    """

    name: str
    labels: Mapping[str, Any] = field(default_factory=dict)
    taints: Sequence[Taint] | None = None
    control_plane: bool = False

    def __post_init__(self) -> None:
        for taint in self.taints or []:
            if not taint.get("key") or taint.get("effect") not in _EFFECTS:
                raise KubephaseError(
                    "not a taint", where=f"taints of node {self.name}", value=dict(taint),
                    accepted=f"key, value and effect, which is one of {', '.join(_EFFECTS)}",
                )  # fmt: skip

    def all_labels(self) -> dict[str, str | None]:
        own = {key: None if value is None else str(value) for key, value in self.labels.items()}
        return {**(_CONTROL_PLANE_LABELS if self.control_plane else {}), **own}

    def all_taints(self, found: Sequence[Taint]) -> list[Taint]:
        """The declared ones, then those found that nobody declared; the found order where nothing is missing."""
        declared = [_plain(taint) for taint in self.taints or []]
        if self.taints is None and self.control_plane:
            declared = [_CONTROL_PLANE_TAINT]
        dropped = {_place(taint) for taint in declared}
        if self.taints is not None and self.control_plane:
            dropped.add(_place(_CONTROL_PLANE_TAINT))
        foreign = [taint for taint in found if _place(taint) not in dropped]
        same = [taint for taint in found if _plain(taint) in declared]
        if len(same) == len(declared) and len(same) + len(foreign) == len(found):
            return list(found)
        # an equal one keeps the time it was added
        kept = {_place(taint): taint for taint in same}
        return [kept.get(_place(taint), taint) for taint in declared] + foreign


def ensure(
    nodes: Sequence[WantedNode], kubeconfig: str, server: str, timeout: float, check_mode: bool
) -> dict[str, Any]:
    """Bring all nodes to what is declared, waiting for those that have not registered yet; the result of the module."""
    client = connect(kubeconfig, server, timeout, check_mode)
    if client is None:
        return summary([_change(node, {}, []) for node in nodes])
    deadline = time.monotonic() + timeout
    with client:
        return summary([_ensure(client, node, deadline, timeout, check_mode) for node in nodes])


def _ensure(client: Client, node: WantedNode, deadline: float, timeout: float, check_mode: bool) -> Change:
    path = f"/api/v1/nodes/{node.name}"
    if check_mode and client.get(path) is None:
        return _change(node, {}, [])

    def attempt() -> Change:
        found = _wait_for(client, path, node.name, deadline)
        labels = found["metadata"].get("labels") or {}
        taints = found.get("spec", {}).get("taints") or []
        change = _change(node, labels, taints)
        if change.action and not check_mode:
            # with the version it was computed from, so that a taint added meanwhile is not lost
            version = {"resourceVersion": found["metadata"]["resourceVersion"]}
            patch: Object = {"metadata": {**version, "labels": node.all_labels()}}
            wanted = node.all_taints(taints)
            if wanted != taints:
                patch["spec"] = {"taints": wanted or None}
            client.patch(path, patch)
        return change

    return persist(attempt, timeout)


def _wait_for(client: Client, path: str, name: str, deadline: float) -> Object:
    """The kubelet registers the node and sets this label in one step, but others may create a Node too."""
    while True:
        found = client.get(path)
        if found is not None and "kubernetes.io/hostname" in (found["metadata"].get("labels") or {}):
            return found
        if time.monotonic() >= deadline:
            raise KubephaseError(
                "the node did not register in time" if found is None else "the node has no kubernetes.io/hostname label",
                where=f"node {name}", hint="Look at 'journalctl -u kubelet' on that host",
            )  # fmt: skip
        time.sleep(POLL_SECONDS)


def _change(node: WantedNode, labels: Mapping[str, str], taints: Sequence[Taint]) -> Change:
    """What differs, and only that: a Node has labels and taints of many others."""
    wanted = {key: value for key, value in node.all_labels().items() if labels.get(key) != value}
    new_taints = node.all_taints(taints)
    if not wanted and new_taints == list(taints):
        return Change(f"Node {node.name}", "")
    before: Object = {"labels": {key: labels[key] for key in wanted if key in labels}}
    after: Object = {"labels": {key: value for key, value in wanted.items() if value is not None}}
    if new_taints != list(taints):
        before["taints"], after["taints"] = list(taints), new_taints
    return Change(f"Node {node.name}", "updated", _node(before), _node(after))


def _node(shown: Object) -> Object:
    obj: Object = {"metadata": {"labels": shown["labels"]} if shown["labels"] else {}}
    if "taints" in shown:
        obj["spec"] = {"taints": shown["taints"]}
    return obj


def _place(taint: Taint) -> tuple[Any, Any]:
    """A node has one taint of a key and an effect."""
    return taint.get("key"), taint.get("effect")


def _plain(taint: Taint) -> Taint:
    return {name: taint[name] for name in ("key", "value", "effect") if taint.get(name)}
