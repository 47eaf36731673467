# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane's taint keeps Pods off, tolerations let them on, and ``taints: []`` makes it a node like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.playbook import Playbooks, Run

TAINT = "node-role.kubernetes.io/control-plane"
TOLERATIONS = {
    "taint-equal": [{"key": TAINT, "operator": "Equal", "value": "", "effect": "NoSchedule"}],
    "taint-exists": [{"key": TAINT, "operator": "Exists", "effect": "NoSchedule"}],
}
WITHOUT = "taint-without"


def taints(cluster: Cluster) -> list[tuple[str, str]]:
    found = cluster.get("node", "cp1")["spec"].get("taints", [])
    return [(each["key"], each["effect"]) for each in found]


@pytest.fixture(scope="module", autouse=True)
def pods(cluster: Cluster) -> Iterator[None]:
    cluster.apply(pod(WITHOUT, "cp1"), *(pod(name, "cp1", tolerations=each) for name, each in TOLERATIONS.items()))
    yield
    cluster.kubectl("delete", "pod", "--now", WITHOUT, *TOLERATIONS)


@pytest.fixture(scope="module")
def single_node(pods: None, playbooks: Playbooks) -> Run:
    registration = playbooks.variables("cp1").get("kubephase_node_registration", {})
    return playbooks.site(kubephase_node_registration={**registration, "taints": []})


def test_control_plane_is_tainted(cluster: Cluster) -> None:
    assert taints(cluster) == [(TAINT, "NoSchedule")]


@pytest.mark.parametrize("name", TOLERATIONS)
def test_toleration_lets_a_pod_run(cluster: Cluster, name: str) -> None:
    eventually(lambda: ready(cluster.get("pod", name)), f"Pod {name} is Ready on the control plane")


def test_pod_without_toleration_stays_off(cluster: Cluster) -> None:
    def refused() -> bool:
        conditions = cluster.get("pod", WITHOUT)["status"].get("conditions", [])
        return any(
            each.get("reason") == "Unschedulable" and "untolerated taint" in each["message"] for each in conditions
        )

    eventually(refused, "the scheduler refuses the Pod")


def test_without_taints_it_runs(single_node: Run, cluster: Cluster) -> None:
    assert single_node.code == 0, single_node.output
    assert taints(cluster) == []
    eventually(lambda: ready(cluster.get("pod", WITHOUT)), "the Pod without toleration runs on the control plane")


def test_taint_comes_back(single_node: Run, playbooks: Playbooks, cluster: Cluster) -> None:
    again = playbooks.site()
    assert again.code == 0, again.output
    assert taints(cluster) == [(TAINT, "NoSchedule")]
