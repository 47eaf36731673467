# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, on the host, for nodes and workloads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import (
    POLL_SECONDS,
    ApiError,
    ApiUnreachable,
    Client,
    connect,
)

Object = dict[str, Any]

_PLURALS = {"Deployment": "deployments", "DaemonSet": "daemonsets"}
#: what a DaemonSet's controller writes to its Pods as the label pod-template-generation
_GENERATION = "deprecated.daemonset.template.generation"


@dataclass(frozen=True)
class Workload:
    kind: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{_PLURALS[self.kind]}/{self.name}"

    @property
    def label(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Awaited:
    """What is waited for.

    :param nodes: names; empty means the nodes that are there.
    :param condition: ``exists``; ``pod_cidr``, when each node has its Pod network; ``ready``.
    """

    nodes: Sequence[str]
    condition: str
    workloads: Sequence[Workload]


def wait(awaited: Awaited, kubeconfig: str, server: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Wait until all is as awaited; the nodes as they then are. In check mode they are only looked at."""
    client = connect(kubeconfig, server, timeout, check_mode)
    if client is None:
        return {"changed": False, "nodes": []}
    deadline = time.monotonic() + timeout
    with client:
        while True:
            started = time.monotonic()
            over = started >= deadline
            nodes, missing = _look(client, awaited, over)
            if not missing or check_mode:
                return {"changed": False, "nodes": [describe(node) for node in nodes]}
            if over:
                raise KubephaseErrors(missing, f"not there after {timeout:g} seconds:")
            # a large cluster's list is not asked for more often than it takes to give it
            time.sleep(max(POLL_SECONDS, 2 * (time.monotonic() - started)))


def describe(node: Object) -> dict[str, Any]:
    """The facts of a node that other phases need."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    addresses = status.get("addresses") or []
    return {
        "name": node["metadata"]["name"],
        "internal_ips": [entry["address"] for entry in addresses if entry.get("type") == "InternalIP"],
        "pod_cidrs": spec.get("podCIDRs") or [],
        "ready": _condition(node).get("status") == "True",
        "kubelet_version": (status.get("nodeInfo") or {}).get("kubeletVersion", ""),
    }


def _look(client: Client, awaited: Awaited, explain: bool) -> tuple[list[Object], list[KubephaseError]]:
    """The nodes, and what is still missing; with ``explain`` also what the Pods say about it.

    Other nodes of the cluster come last, if they are as the awaited ones are to be.
    """
    try:
        listed = client.request("GET", "/api/v1/nodes").get("items") or []
        found = {node["metadata"]["name"]: node for node in listed}
        names = awaited.nodes or sorted(found)
        missing = [_node_problem(name, found.get(name), awaited.condition) for name in names]
        foreign = len(found.keys() - set(names))
        missing += [_workload_problem(client, workload, explain, names, foreign) for workload in awaited.workloads]
    except (ApiError, ApiUnreachable) as error:
        return [], [error]
    others = sorted(found.keys() - set(names))
    names = [*names, *(name for name in others if not _node_problem(name, found[name], awaited.condition))]
    return [found[name] for name in names if name in found], [problem for problem in missing if problem]


def _node_problem(name: str, node: Object | None, condition: str) -> KubephaseError | None:
    where = f"node {name}"
    if node is None:
        return KubephaseError("has not registered", where=where, hint="Look at 'journalctl -u kubelet' on that host")
    if condition == "pod_cidr" and not (node.get("spec") or {}).get("podCIDRs"):
        return KubephaseError(
            "has no Pod network", where=where, hint="Is networking.podSubnet set, and large enough for another node?"
        )
    if condition == "ready":
        ready = _condition(node)
        if ready.get("status") != "True":
            return KubephaseError(f"not ready: {ready.get('message') or 'it has not reported yet'}", where=where)
    return None


def _workload_problem(
    client: Client, workload: Workload, explain: bool, names: Sequence[str], foreign: int
) -> KubephaseError | None:
    """:param foreign: how many nodes are not waited for. What Pods of a DaemonSet are like on those does not matter."""
    obj = client.get(workload.path)
    if obj is None:
        return KubephaseError("does not exist", where=workload.label)
    status, generation = obj.get("status") or {}, obj["metadata"].get("generation", 0)
    if status.get("observedGeneration", 0) < generation:
        return KubephaseError("was not yet looked at by its controller", where=workload.label)
    wanted, updated, available = _numbers(workload.kind, obj, status)
    if updated >= wanted and (available >= wanted or _serves(workload.kind, status)):
        return None
    if foreign and workload.kind == "DaemonSet":
        pods = _pods(client, workload.namespace, obj)
        if _runs_on(names, pods, obj, wanted - foreign):
            return None
    hint = _pod_problems(client, workload.namespace, obj) if explain else ""
    return KubephaseError(f"{min(updated, available)} of {wanted} Pods are available", where=workload.label, hint=hint)


def _serves(kind: str, status: Object) -> bool:
    """A Deployment that is available as Kubernetes sees it: as many Pods serve as its rollout strategy asks for, such as one
    of CoreDNS' two. None of them is an old one that new ones are to replace, and one there has to be.
    """
    says_so = kind == "Deployment" and _condition({"status": status}, "Available").get("status") == "True"
    is_rolled_out = bool(status.get("replicas", 0) <= status.get("updatedReplicas", 0))
    return says_so and is_rolled_out and status.get("availableReplicas", 0) > 0


def _numbers(kind: str, obj: Object, status: Object) -> tuple[int, int, int]:
    if kind == "Deployment":
        wanted = obj["spec"].get("replicas", 1)
        return wanted, status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    wanted = status.get("desiredNumberScheduled", 0)
    return wanted, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)


def _runs_on(names: Sequence[str], pods: list[Object], daemon_set: Object, wanted: int) -> bool:
    """Whether a DaemonSet's Pods on these nodes are at least as many, and all of them up to date and ready."""
    awaited = set(names)
    here = [pod for pod in pods if (pod.get("spec") or {}).get("nodeName") in awaited]
    generation = (daemon_set["metadata"].get("annotations") or {}).get(_GENERATION)
    return len(here) >= wanted and all(_is_ready(pod, generation) for pod in here)


def _is_ready(pod: Object, generation: str | None) -> bool:
    current = (pod["metadata"].get("labels") or {}).get("pod-template-generation")
    stays = "deletionTimestamp" not in pod["metadata"]
    return stays and generation in (None, current) and _condition(pod).get("status") == "True"


def _pod_problems(client: Client, namespace: str, workload: Object) -> str:
    """Why Pods are not running, as far as they say."""
    said = [
        f"{pod['metadata']['name']}: {reason}" for pod in _pods(client, namespace, workload) for reason in _reasons(pod)
    ]
    return "; ".join(said[:3])


def _pods(client: Client, namespace: str, workload: Object) -> list[Object]:
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = quote(",".join(f"{key}={value}" for key, value in sorted(labels.items())), safe="")
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"
    found: list[Object] = client.request("GET", path).get("items") or []
    return found


def _reasons(pod: Object) -> list[str]:
    status = pod.get("status") or {}
    waiting = [(entry.get("state") or {}).get("waiting") or {} for entry in status.get("containerStatuses") or []]
    reasons = [f"{entry['reason']} {entry.get('message', '')}".strip() for entry in waiting if entry.get("reason")]
    unscheduled = [
        entry.get("message") or "not scheduled"
        for entry in status.get("conditions") or []
        if entry.get("type") == "PodScheduled" and entry.get("status") == "False"
    ]
    return reasons or unscheduled


def _condition(node: Object, type_: str = "Ready") -> Object:
    for entry in (node.get("status") or {}).get("conditions") or []:
        if entry.get("type") == type_:
            found: Object = entry
            return found
    return {}
