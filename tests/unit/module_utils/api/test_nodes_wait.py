# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for nodes and workloads."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._nodes_wait import Awaited, Workload, wait

DNS = Workload("Deployment", "kube-system", "coredns")
PROXY = Workload("DaemonSet", "kube-system", "kube-proxy")


def node(name, ready="True", message="", cidrs=("10.244.0.0/24",)):
    addresses = [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": "192.0.2.1"}]
    conditions = [{"type": "Ready", "status": ready, "message": message}] if ready else []
    status = {"addresses": addresses, "conditions": conditions, "nodeInfo": {"kubeletVersion": "v1.37.2"}}
    return {"metadata": {"name": name}, "spec": {"podCIDRs": list(cidrs)} if cidrs else {}, "status": status}


def workload(observed=2, **status):
    selector = {"matchLabels": {"k8s-app": "x"}}
    return {
        "metadata": {"name": "x", "generation": 2},
        "spec": {"replicas": 2, "selector": selector},
        "status": {"observedGeneration": observed, **status},
    }


def available(status):
    return {"type": "Available", "status": status}


@pytest.fixture
def run(admin_conf):
    def run(*nodes, condition="ready", workloads=(), timeout=0.3, check_mode=False):
        return wait(Awaited(nodes, condition, workloads), admin_conf, "", timeout, check_mode)

    return run


@pytest.fixture
def put(api):
    return lambda obj: api.put_in(f"/api/v1/nodes/{obj['metadata']['name']}", obj)


def test_facts_of_a_node(put, run):
    put(node("cp1"))
    put(node("w1", ready=None, cidrs=()))
    assert run("cp1") == {
        "changed": False,
        "nodes": [
            {
                "name": "cp1",
                "internal_ips": ["192.0.2.1"],
                "pod_cidrs": ["10.244.0.0/24"],
                "ready": True,
                "kubelet_version": "v1.37.2",
            }
        ],
    }
    assert [found["ready"] for found in run("w1", "cp1", condition="exists")["nodes"]] == [False, True]
    assert [found["name"] for found in run(condition="exists")["nodes"]] == ["cp1", "w1"]


def test_the_others_of_the_cluster_are_told_too(put, run):
    """A host that is not part of this run, or dropped out of it, keeps its routes."""
    put(node("cp1"))
    put(node("w1"))
    put(node("w2", cidrs=()))
    assert [found["name"] for found in run("w1", condition="pod_cidr")["nodes"]] == ["w1", "cp1"]


def test_each_node_that_is_missing_is_named_with_what_it_says(put, run):
    put(node("cp1", "False", "cni plugin not initialized"))
    put(node("w1", ready=None, cidrs=()))
    with pytest.raises(KubephaseError) as caught:
        run("cp1", "w1", "w2")
    assert str(caught.value).splitlines() == [
        "not there after 0.3 seconds:",
        "- node cp1: not ready: cni plugin not initialized",
        "- node w1: not ready: it has not reported yet",
        "- node w2: has not registered. Look at 'journalctl -u kubelet' on that host",
    ]
    with pytest.raises(KubephaseError, match="node w1: has no Pod network"):
        run("w1", condition="pod_cidr")


def test_it_goes_on_when_the_node_is_ready(put, run):
    put(node("cp1", "False"))
    timer = threading.Timer(0.3, lambda: put(node("cp1")))
    timer.start()
    started = time.monotonic()
    assert run("cp1", timeout=30)["nodes"][0]["ready"]
    assert 0.3 <= time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("awaited", "found", "problem"),
    [
        (DNS, None, "Deployment kube-system/coredns: does not exist"),
        (DNS, workload(observed=1, updatedReplicas=2, availableReplicas=2), "was not yet looked at by its controller"),
        (DNS, workload(updatedReplicas=2, availableReplicas=1), "1 of 2 Pods are available"),
        (DNS, workload(updatedReplicas=1, availableReplicas=2), "1 of 2 Pods are available"),
        (DNS, workload(updatedReplicas=2, availableReplicas=1, conditions=[available("False")]), "1 of 2 Pods"),
        (DNS, workload(updatedReplicas=1, availableReplicas=2, conditions=[available("True")]), "1 of 2 Pods"),
        # a rollout that does not come to its end: an old one serves, two new ones do not
        (
            DNS,
            workload(replicas=3, updatedReplicas=2, availableReplicas=1, conditions=[available("True")]),
            "1 of 2 Pods",
        ),
        # a single one may be unavailable
        (
            DNS,
            workload(replicas=2, updatedReplicas=2, availableReplicas=0, conditions=[available("True")]),
            "0 of 2 Pods",
        ),
        (DNS, workload(replicas=2, updatedReplicas=2, availableReplicas=1, conditions=[available("True")]), None),
        (DNS, workload(updatedReplicas=2, availableReplicas=2), None),
        (PROXY, workload(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=2), "2 of 3 Pods"),
        (PROXY, workload(desiredNumberScheduled=3, updatedNumberScheduled=1, numberAvailable=3), "1 of 3 Pods"),
        (PROXY, workload(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3), None),
    ],
)
def test_workloads(api, run, awaited, found, problem):
    if found:
        api.store[awaited.path] = found
    if problem is None:
        assert run(workloads=[awaited], condition="exists")["nodes"] == []
        return
    with pytest.raises(KubephaseError, match=problem):
        run(workloads=[awaited], condition="exists")


def test_pods_say_why(api, run):
    api.store[DNS.path] = workload(updatedReplicas=2, availableReplicas=0)
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    pods = "/api/v1/namespaces/kube-system/pods/"
    api.store[pods + "a"] = {"metadata": {"name": "a"}, "status": {"containerStatuses": [waiting]}}
    api.store[pods + "b"] = {"metadata": {"name": "b"}, "status": {"conditions": [unscheduled]}}
    with pytest.raises(KubephaseError, match="a: ImagePullBackOff no such image; b: 0/3 nodes are available"):
        run(workloads=[DNS], condition="exists")
    # the Pods are asked for only when the time is over
    assert len([path for _, path, _ in api.requests if "/pods?" in path]) == 1
    assert "/pods?labelSelector=k8s-app%3Dx" in str(api.requests)


class TestForeignNodes:
    """A dead node that nobody waits for, w9, has a Pod of the DaemonSet too."""

    @pytest.fixture(autouse=True)
    def cluster(self, api, put):
        for name in ("cp1", "w1"):
            put(node(name))
        put(node("w9", "Unknown"))
        found = workload(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=2)
        found["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "2"}
        api.store[PROXY.path] = found
        for name in ("cp1", "w1", "w9"):
            self.pod(api, name, ready="False" if name == "w9" else "True")

    @staticmethod
    def pod(api, on, ready="True", generation="2", **metadata):
        api.store[f"/api/v1/namespaces/kube-system/pods/proxy-{on}"] = {
            "metadata": {"name": f"proxy-{on}", "labels": {"pod-template-generation": generation}, **metadata},
            "spec": {"nodeName": on},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }

    def test_they_hold_nothing_up(self, run):
        assert [found["name"] for found in run("cp1", "w1", workloads=[PROXY])["nodes"]] == ["cp1", "w1"]

    def test_but_where_all_nodes_are_waited_for(self, run):
        with pytest.raises(KubephaseError, match="(?s)node w9: not ready.*2 of 3 Pods are available"):
            run(workloads=[PROXY])

    @pytest.mark.parametrize(
        "pod", [{"ready": "False"}, {"generation": "1"}, {"deletionTimestamp": "2026-11-23T00:00:00Z"}]
    )
    def test_the_others_have_to_be_up_to_date_and_ready(self, api, run, pod):
        self.pod(api, "w1", **pod)
        with pytest.raises(KubephaseError, match="2 of 3 Pods are available"):
            run("cp1", "w1", workloads=[PROXY])

    def test_each_of_the_others_has_its_pod(self, api, run):
        del api.store["/api/v1/namespaces/kube-system/pods/proxy-w1"]
        with pytest.raises(KubephaseError, match="2 of 3 Pods are available"):
            run("cp1", "w1", workloads=[PROXY])


def test_a_server_that_fails_for_a_while_is_waited_for(api, put, run):
    put(node("cp1"))
    api.next += [(200, "version"), (503, "ServiceUnavailable")]
    assert run("cp1", timeout=5)["nodes"][0]["ready"]


def test_check_mode_only_looks(put, run, tmp_path):
    put(node("cp1", "False"))
    started = time.monotonic()
    assert [found["name"] for found in run("cp1", "w1", workloads=[DNS], timeout=60, check_mode=True)["nodes"]] == [
        "cp1"
    ]
    assert wait(Awaited(["cp1"], "ready", []), str(tmp_path / "none.conf"), "", 60, True) == {
        "changed": False,
        "nodes": [],
    }
    assert time.monotonic() - started < 5
