# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draining nodes, against a stand-in that has budgets, Pods that take their time to end, and nodes that are lost."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _node_drain
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._node_drain import Wish, ensure

REPLICA_SET = [{"kind": "ReplicaSet", "name": "web", "controller": True}]
DAEMON_SET = [{"kind": "DaemonSet", "name": "agent", "controller": True}]
BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."


def pod(name, node="w1", owners=REPLICA_SET, namespace="default", **more):
    metadata = {"name": name, "namespace": namespace, "ownerReferences": owners, **more.pop("metadata", {})}
    return {"metadata": metadata, "spec": {"nodeName": node, **more}, "status": {"phase": "Running"}}


def node(name, ready="True"):
    conditions = [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}]
    return {"metadata": {"name": name}, "spec": {}, "status": {"conditions": conditions}}


class Cluster:
    """:ivar budgets: names of Pods that may not be evicted.
    :ivar slow: names of Pods that only end when they are forced to.
    """

    def __init__(self, api):
        self.api = api
        self.budgets = set()
        self.slow = set()
        self.sent = []
        self._answer = api.answer
        api.answer = self.answer
        self.nodes(node("cp1"), node("w1"))

    def nodes(self, *nodes):
        for one in nodes:
            self.api.put_in(f"/api/v1/nodes/{one['metadata']['name']}", one)

    def pods(self, *pods):
        for one in pods:
            self.api.put_in(self.place(one["metadata"]["namespace"], one["metadata"]["name"]), one)

    def place(self, namespace, name):
        return f"/api/v1/namespaces/{namespace}/pods/{name}"

    @property
    def names(self):
        return sorted(path.rsplit("/", 1)[1] for path in self.api.store if "/pods/" in path)

    def unschedulable(self, name):
        return self.api.store[f"/api/v1/nodes/{name}"]["spec"].get("unschedulable", False)

    def answer(self, method, target, body):
        path, _question, query = target.partition("?")
        if path == "/api/v1/pods":
            wanted = query.partition("spec.nodeName%3D")[2]
            found = [one for key, one in list(self.api.store.items()) if "/pods/" in key]
            return 200, {"items": [one for one in found if one["spec"]["nodeName"] == wanted]}
        if "/pods/" not in path or method == "GET":
            return self._answer(method, target, body)
        place, name = path.removesuffix("/eviction"), path.removesuffix("/eviction").rsplit("/", 1)[1]
        options = body["deleteOptions"] if method == "POST" else body
        if place not in self.api.store:
            return 404, {"kind": "Status", "reason": "NotFound", "message": f"pods {name} not found"}
        if options["preconditions"]["uid"] != self.api.store[place]["metadata"]["uid"]:
            return 409, {"kind": "Status", "reason": "Conflict", "message": "the UID in the precondition differs"}
        if method == "POST" and name in self.budgets:
            return 429, {"kind": "Status", "reason": "TooManyRequests", "message": BUDGET}
        if options.get("dryRun"):
            return 201, {"kind": "Status", "status": "Success"}
        self.sent.append((method, name, options.get("gracePeriodSeconds")))
        if name in self.slow and options.get("gracePeriodSeconds") != 0:
            self.api.store[place]["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z"
        else:
            del self.api.store[place]
        return 201, {"kind": "Status", "status": "Success"}


@pytest.fixture
def cluster(api, monkeypatch):
    monkeypatch.setattr(_node_drain, "_PAUSE", 0.01)
    monkeypatch.setattr(_node_drain, "_FORCED_WITHIN", 0.3)
    return Cluster(api)


@pytest.fixture
def drain(admin_conf):
    def drain(*nodes, check_mode=False, patience=0.1, **wanted):
        return ensure(Wish(nodes or ("w1",), patience=patience, **wanted), admin_conf, "", 0.5, check_mode)

    return drain


def test_a_node_is_closed_and_emptied(cluster, drain):
    cluster.pods(pod("web"), pod("elsewhere", "cp1"))
    result = drain()
    assert cluster.unschedulable("w1") and not cluster.unschedulable("cp1")
    assert cluster.names == ["elsewhere"]
    assert (result["changed"], result["evicted"], result["deleted"]) == (True, ["default/web"], [])
    assert result["diff"]["after"] == "node w1: cordoned\nPod default/web: evicted\n"
    again = drain()
    assert (again["changed"], again["evicted"]) == (False, [])


def test_what_stays(cluster, drain):
    """Mirrors of static Pods, and Pods of DaemonSets."""
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    cluster.pods(pod("agent", owners=DAEMON_SET), pod("etcd-w1", owners=[], metadata=mirror))
    result = drain()
    assert cluster.names == ["agent", "etcd-w1"]
    assert sorted(result["kept"]) == ["default/agent", "default/etcd-w1"]
    assert not {"skipped", "failed", "unreachable"} & set(result), "Ansible has its own meaning for these"


def test_a_budget_is_respected_and_asked_again(cluster, drain):
    cluster.pods(pod("web"))
    cluster.budgets.add("web")
    threading.Timer(0.2, cluster.budgets.clear).start()
    assert drain(patience=20)["evicted"] == ["default/web"]
    assert [method for method, _name, _grace in cluster.sent] == ["POST"]


def test_a_budget_that_does_not_give_way(cluster, drain):
    cluster.pods(pod("web"), pod("free"))
    cluster.budgets.add("web")
    with pytest.raises(KubephaseError) as caught:
        drain()
    text = str(caught.value)
    assert f"Pod default/web on w1: it may not go: {BUDGET}" in text
    assert "delete or force" in text
    assert cluster.names == ["web"] and cluster.unschedulable("w1")


@pytest.mark.parametrize(("fallback", "grace"), [("delete", None), ("force", 0)])
def test_fallbacks(cluster, drain, fallback, grace):
    cluster.pods(pod("web"))
    cluster.budgets.add("web")
    result = drain(fallback=fallback)
    assert (result["deleted"], cluster.names) == (["default/web"], [])
    assert cluster.sent == [("DELETE", "web", grace)]


def test_a_pod_that_does_not_end(cluster, drain):
    cluster.pods(pod("web"))
    cluster.slow.add("web")
    with pytest.raises(KubephaseError, match="Pod default/web on w1: it has not ended yet"):
        drain()
    with pytest.raises(KubephaseError, match="with the fallback"):
        drain(fallback="delete")
    assert cluster.sent == [("POST", "web", None)]
    drain(fallback="force")
    assert cluster.names == []


def test_pods_of_a_lost_node_are_deleted_and_not_waited_for(cluster, drain):
    cluster.nodes(node("w1", "Unknown"))
    cluster.pods(pod("web"), pod("bare", owners=[]))
    cluster.budgets.add("web")
    cluster.slow |= {"web", "bare"}
    result = drain(patience=20)
    assert sorted(result["deleted"]) == sorted(result["left"]) == ["default/bare", "default/web"]
    assert {method for method, _name, _grace in cluster.sent} == {"DELETE"}


def test_a_node_that_is_lost_meanwhile(cluster, drain):
    cluster.pods(pod("web"))
    cluster.slow.add("web")
    threading.Timer(0.2, cluster.nodes, [node("w1", "Unknown")]).start()
    result = drain(patience=20)
    assert (result["evicted"], result["left"]) == (["default/web"], ["default/web"])


def test_nobody_agreed_to_lose_a_pod(cluster, drain):
    cluster.pods(pod("web"), pod("bare", owners=[]), pod("done", owners=[], namespace="kube-system"))
    cluster.api.store[cluster.place("kube-system", "done")]["status"]["phase"] = "Succeeded"
    for check_mode in (True, False):
        with pytest.raises(KubephaseError, match="Pod default/bare on w1: nobody would make it anew") as caught:
            drain(check_mode=check_mode)
        assert str(caught.value).count("Pod ") == 1
    assert not cluster.unschedulable("w1") and len(cluster.names) == 3
    assert len(drain(force=True)["evicted"]) == 3


def test_empty_dirs(cluster, drain):
    cluster.pods(pod("web", volumes=[{"name": "x", "emptyDir": {}}]))
    with pytest.raises(KubephaseError, match="emptyDir volumes would be lost"):
        drain(empty_dirs=False)
    assert drain()["evicted"] == ["default/web"]


def test_several_nodes_are_all_closed_before_any_is_emptied(cluster, drain):
    cluster.nodes(node("w2"))
    cluster.pods(pod("one", "w1"), pod("two", "w2"))
    drain("w1", "w2", grace_period=7)
    kinds = [path.rsplit("/", 1)[1] for method, path, _type in cluster.api.requests if method in ("PATCH", "POST")]
    assert kinds == ["w1", "w2", "eviction", "eviction"]
    assert [grace for _method, _name, grace in cluster.sent] == [7, 7]


def test_a_node_that_does_not_exist(cluster, drain):
    result = drain("w9")
    assert (result["changed"], result["missing"]) == (False, ["w9"])
    assert result["warnings"] == ["there is no node w9 (nodes: cp1, w1)"]


def test_check_mode_asks_what_could_go(cluster, drain):
    cluster.pods(pod("web"), pod("free"))
    cluster.budgets.add("web")
    result = drain(check_mode=True)
    assert result["changed"] and sorted(result["evicted"]) == ["default/free", "default/web"]
    assert result["warnings"] == [f"Pod default/web may not go right now: {BUDGET}"]
    assert cluster.names == ["free", "web"] and not cluster.unschedulable("w1")


def test_check_mode_without_a_cluster(tmp_path):
    result = ensure(Wish(["w1"]), str(tmp_path / "none"), "", 0.1, True)
    assert (result["changed"], result["missing"]) == (False, ["w1"])


def test_cordon_and_uncordon(cluster, drain):
    cluster.pods(pod("web"))
    assert drain(state="cordoned")["diff"]["after"] == "node w1: cordoned\n"
    assert not drain(state="cordoned")["changed"]
    assert cluster.unschedulable("w1") and cluster.names == ["web"]
    assert drain(state="uncordoned")["changed"]
    assert not drain(state="uncordoned")["changed"]
    assert not cluster.unschedulable("w1")
