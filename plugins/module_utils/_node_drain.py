# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes are closed for new Pods and emptied, by the eviction API: PodDisruptionBudgets are respected as long as there is time."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils import _evictable
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._evictable import Object, Pod
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import (
    ApiError,
    ApiUnreachable,
    Client,
    connect,
    persist,
)

EVICT, DELETE, FORCE = "evict", "delete", "force"

_PAUSE = 0.5
_GONE, _ANOTHER = 404, 409
_FORCED_WITHIN = 30.0


@dataclass(frozen=True)
class Wish:
    """What is to become of the nodes.

    :param state: ``drained``, ``cordoned`` or ``uncordoned``.
    :param patience: seconds for which Pods are asked to go, budgets respected.
    :param fallback: what becomes of those that are left then: ``fail``, ``delete`` whatever the budgets say, or ``force``, which
        does not even wait for them to end.
    :param force: Pods go too that nobody makes anew elsewhere.
    :param empty_dirs: Pods go too whose emptyDir volumes go with them.
    :param grace_period: seconds that a Pod has to end; None means its own.
    """

    nodes: Sequence[str]
    state: str = "drained"
    patience: float = 300.0
    fallback: str = "fail"
    force: bool = False
    empty_dirs: bool = True
    grace_period: int | None = None


def ensure(wish: Wish, kubeconfig: str, server: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring the nodes there; the module's result."""
    client = connect(kubeconfig, server, timeout, check_mode)
    if client is None:
        return _Done().result(wish, [], list(wish.nodes))
    with client:
        return _Drain(wish, client, timeout, check_mode).run()


@dataclass
class _Done:
    """What was done, or in check mode would be."""

    closed: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    evicted: list[Pod] = field(default_factory=list)
    deleted: list[Pod] = field(default_factory=list)
    kept: list[Pod] = field(default_factory=list)
    left: list[Pod] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def result(self, wish: Wish, found: list[str], missing: list[str]) -> dict[str, Any]:
        lines = [f"node {name}: cordoned" for name in self.closed] + [
            f"node {name}: uncordoned" for name in self.opened
        ]
        lines += [f"Pod {pod.name}: evicted" for pod in self.evicted] + [
            f"Pod {pod.name}: deleted" for pod in self.deleted
        ]
        text = "".join(f"{line}\n" for line in lines)
        result: dict[str, Any] = {
            "changed": bool(lines),
            "nodes": found,
            "missing": missing,
            "evicted": [pod.name for pod in self.evicted],
            "deleted": [pod.name for pod in self.deleted],
            "kept": [pod.name for pod in self.kept],
            "left": [pod.name for pod in self.left],
            "warnings": self.warnings,
        }
        if lines:
            title = f"nodes {wish.state}"
            result["diff"] = {"before_header": title, "after_header": title, "before": "", "after": text}
        return result


class _Drain:
    def __init__(self, wish: Wish, client: Client, timeout: float, check_mode: bool) -> None:
        self._wish = wish
        self._client = client
        self._timeout = timeout
        self._check_mode = check_mode
        self._done = _Done()
        self._reasons: dict[str, str] = {}

    def run(self) -> dict[str, Any]:
        wish = self._wish
        nodes = {name: self._node(name) for name in wish.nodes}
        found = [name for name, node in nodes.items() if node is not None]
        missing = [name for name, node in nodes.items() if node is None]
        if missing:
            self._done.warnings.append(f"there is no node {', '.join(missing)} (nodes: {', '.join(self._names())})")
        if wish.state == "drained":
            self._require_movable([pod for name in found if not _is_lost(nodes[name]) for pod in self._pods(name)])
        for name in found:
            self._close(name, nodes[name] or {}, wish.state != "uncordoned")
        if wish.state == "drained":
            self._empty(found)
        return self._done.result(wish, found, missing)

    def _node(self, name: str) -> Object | None:
        return persist(lambda: self._client.get(f"/api/v1/nodes/{name}"), self._timeout)

    def _names(self) -> list[str]:
        listed = persist(lambda: self._client.request("GET", "/api/v1/nodes"), self._timeout)
        return sorted(str(node["metadata"]["name"]) for node in listed.get("items") or [])

    def _pods(self, node: str) -> list[Pod]:
        path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
        listed = persist(lambda: self._client.request("GET", path), self._timeout)
        return [Pod(one) for one in listed.get("items") or [] if Pod(one).node == node]

    def _require_movable(self, pods: Sequence[Pod]) -> None:
        """An error before anything is done, where something would be lost that nobody agreed to lose. With a node that no
        longer reports it is lost already."""
        wish = self._wish
        problems = [_evictable.why_not(pod, wish.force, wish.empty_dirs) for pod in pods]
        errors = [problem for problem in problems if problem]
        if errors:
            raise KubephaseErrors(errors, "Pods would be lost, so nothing was done:")

    def _close(self, name: str, node: Object, closed: bool) -> None:
        if bool((node.get("spec") or {}).get("unschedulable")) is closed:
            return
        (self._done.closed if closed else self._done.opened).append(name)
        if self._check_mode:
            return
        patch = {"metadata": {"name": name}, "spec": {"unschedulable": True if closed else None}}
        persist(lambda: self._client.patch(f"/api/v1/nodes/{name}", patch, "strategic"), self._timeout)

    def _empty(self, nodes: Sequence[str]) -> None:
        pods = [pod for name in nodes for pod in self._pods(name)]
        self._done.kept = [pod for pod in pods if pod.stays]
        if self._check_mode:
            self._plan([pod for pod in pods if not pod.stays and not pod.is_ending])
            return
        wish = self._wish
        left = self._rounds(nodes, wish.patience, EVICT)
        if left and wish.fallback == DELETE:
            left = self._rounds(nodes, wish.patience, DELETE)
        elif left and wish.fallback == FORCE:
            left = self._rounds(nodes, _FORCED_WITHIN, FORCE)
        if left:
            raise KubephaseErrors([self._late(pod) for pod in left], self._heading(nodes))

    def _plan(self, pods: Sequence[Pod]) -> None:
        for pod in pods:
            self._done.evicted.append(pod)
            reason = self._attempt(functools.partial(self._post_eviction, pod, self._wish.grace_period, True))
            if reason:
                self._done.warnings.append(f"Pod {pod.name} may not go right now: {reason}")

    def _rounds(self, nodes: Sequence[str], patience: float, way: str) -> list[Pod]:
        """Send Pods away until none is left, or the time is over; those that are left."""
        deadline = time.monotonic() + patience
        while True:
            waiting: list[Pod] = []
            self._done.left = []
            for name in nodes:
                # it may be lost while it is emptied
                is_lost = _is_lost(self._node(name))
                for pod in self._pods(name):
                    if pod.stays:
                        continue
                    if is_lost and pod.is_ending:
                        self._done.left.append(pod)
                        continue
                    waiting.append(pod)
                    self._send_away(pod, DELETE if is_lost and way == EVICT else way)
            if not waiting or time.monotonic() >= deadline:
                return waiting
            time.sleep(_PAUSE)

    def _send_away(self, pod: Pod, way: str) -> None:
        """One attempt. What holds the Pod back is remembered for the error."""
        if pod.is_ending and way != FORCE:
            return
        call = self._post_eviction if way == EVICT else self._delete
        reason = self._attempt(lambda: call(pod, 0 if way == FORCE else self._wish.grace_period))
        if reason:
            self._reasons[pod.uid] = reason
        elif reason is None and not pod.is_ending:
            (self._done.evicted if way == EVICT else self._done.deleted).append(pod)

    def _delete(self, pod: Pod, grace: int | None) -> Object:
        options = {"apiVersion": "v1", "kind": "DeleteOptions", **_options(pod, grace)}
        return self._client.request("DELETE", pod.path, options)

    def _post_eviction(self, pod: Pod, grace: int | None, dry_run: bool = False) -> Object:
        options = {**_options(pod, grace), **({"dryRun": ["All"]} if dry_run else {})}
        metadata = {"name": pod.short_name, "namespace": pod.namespace}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata, "deleteOptions": options}
        return self._client.request("POST", f"{pod.path}/eviction", eviction)

    def _attempt(self, call: Callable[[], Object]) -> str | None:
        """None where it was done, empty where the Pod is gone or another one by now, else why it was not."""
        try:
            call()
        except ApiError as error:
            return "" if error.status in (_GONE, _ANOTHER) else error.message
        except ApiUnreachable as error:
            return str(error)
        return None

    def _late(self, pod: Pod) -> KubephaseError:
        reason = self._reasons.get(pod.uid, "")
        return KubephaseError(
            "it has not ended yet" if pod.is_ending else f"it may not go: {reason or 'no reason was given'}",
            where=f"Pod {pod.name} on {pod.node}",
        )

    def _heading(self, nodes: Sequence[str]) -> str:
        wish = self._wish
        more = " with the fallback" if wish.fallback != "fail" else ""
        ways = "" if wish.fallback != "fail" else ", or choose a fallback: delete or force"
        return (
            f"{', '.join(nodes)}: not empty after {wish.patience:g} seconds{more}. Make room for the Pods, or change their "
            f"PodDisruptionBudgets{ways}. No new Pods come there meanwhile. Left:"
        )


def _options(pod: Pod, grace: int | None) -> Object:
    """For this very Pod, and none that came into being under its name since."""
    return {"preconditions": {"uid": pod.uid}, **({} if grace is None else {"gracePeriodSeconds": grace})}


def _is_lost(node: Object | None) -> bool:
    """Whether its kubelet has not reported for so long that Kubernetes has given it up."""
    conditions = ((node or {}).get("status") or {}).get("conditions") or []
    return node is None or any(one.get("type") == "Ready" and one.get("status") == "Unknown" for one in conditions)
