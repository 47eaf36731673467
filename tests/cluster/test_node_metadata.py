# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and taints by inventory: what others set stays, what is no longer declared goes, all judged by kubectl."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run, roles

WORKER = "w1"
TAINT = {"key": "example.org/gpu", "value": "a100", "effect": "PreferNoSchedule"}
OTHER = {"key": "example.org/slow", "effect": "PreferNoSchedule"}
OF_KUBERNETES = {"node.alpha.kubernetes.io/ttl", "volumes.kubernetes.io/controller-managed-attach-detach"}
"""The annotations that a node of kubeadm has."""
Mark = Callable[..., Run]


def ours(found: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in found.items() if "example.org/" in key}


class Node:
    """What kubectl says of the worker."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self._cluster.get("node", WORKER)["metadata"]
        return found

    @property
    def labels(self) -> dict[str, str]:
        return ours(self._metadata()["labels"])

    @property
    def annotations(self) -> dict[str, str]:
        return ours(self._metadata()["annotations"])

    @property
    def record(self) -> str:
        return str(self._metadata()["annotations"].get("kubephase.cluster/taints", ""))

    @property
    def taints(self) -> list[str]:
        found = self._cluster.get("node", WORKER)["spec"].get("taints", [])
        return [
            f"{one['key'].partition('/')[2]}={one.get('value', '')}" for one in found if "example.org" in one["key"]
        ]


@pytest.fixture(scope="module")
def node(cluster: Cluster) -> Node:
    return Node(cluster)


@pytest.fixture(scope="module")
def mark(control_plane: Host, playbooks: Playbooks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mark]:
    book = roles(tmp_path_factory.mktemp("mark"), control_plane.name, "mark_control_plane")

    def mark(*options: str, **declared: Any) -> Run:
        run = playbooks.play(book, "--diff", *options, mark_control_plane_nodes=[{"name": WORKER, **declared}])
        assert run.code == 0, run.output
        return run

    yield mark
    mark()


def changed(run: Run) -> int:
    return run.changed["cp1"]


def test_a_node_of_which_nothing_is_declared_has_what_kubeadm_leaves(cluster: Cluster) -> None:
    for name in ("cp1", WORKER):
        assert set(cluster.get("node", name)["metadata"]["annotations"]) == OF_KUBERNETES


def test_declared_is_set_and_planned_before(mark: Mark, node: Node) -> None:
    wanted = {
        "labels": {"example.org/zone": "a", "example.org/tier": "x"},
        "annotations": {"example.org/rack": "7"},
        "taints": [TAINT, OTHER],
    }
    planned = mark("--check", **wanted)
    assert changed(planned) == 1 and not node.labels
    done = mark(**wanted)
    assert planned.plan == done.plan and "+    example.org/zone: a" in done.plan
    assert node.labels == {"example.org/zone": "a", "example.org/tier": "x"}
    assert node.annotations == {"example.org/rack": "7"}
    assert node.taints == ["gpu=a100", "slow="]
    assert node.record == "example.org/gpu:PreferNoSchedule,example.org/slow:PreferNoSchedule"
    assert changed(mark(**wanted)) == 0


def test_a_change_by_somebody_else_is_put_right(mark: Mark, node: Node, cluster: Cluster) -> None:
    wanted = {"labels": {"example.org/zone": "a"}, "annotations": {"example.org/rack": "7"}, "taints": [TAINT]}
    mark(**wanted)
    cluster.kubectl("label", "--overwrite", "node", WORKER, "example.org/zone=b", "example.org/theirs=1")
    cluster.kubectl("annotate", "--overwrite", "node", WORKER, "example.org/rack=8", "example.org/theirs=1")
    cluster.kubectl(
        "taint",
        "--overwrite",
        "node",
        WORKER,
        "example.org/gpu=other:PreferNoSchedule",
        "example.org/theirs=1:PreferNoSchedule",
    )
    planned = mark("--check", **wanted)
    done = mark(**wanted)
    assert planned.plan == done.plan
    assert "-    example.org/zone: b" in done.plan and "+    example.org/zone: a" in done.plan
    assert node.labels == {"example.org/zone": "a", "example.org/theirs": "1"}
    assert node.annotations == {"example.org/rack": "7", "example.org/theirs": "1"}
    assert sorted(node.taints) == ["gpu=a100", "theirs=1"]
    assert changed(mark(**wanted)) == 0


def test_what_is_no_longer_declared_goes_and_what_others_set_stays(mark: Mark, node: Node, cluster: Cluster) -> None:
    mark(
        labels={"example.org/zone": "a", "example.org/both": "1"},
        annotations={"example.org/rack": "7"},
        taints=[TAINT, OTHER],
    )
    # with kubectl's own account of it: somebody else has the same label
    cluster.kubectl("label", "node", WORKER, "--field-manager=somebody", "--overwrite", "example.org/both=2")
    cluster.kubectl("label", "node", WORKER, "--field-manager=somebody", "--overwrite", "example.org/both=1")
    planned = mark("--check", taints=[OTHER])
    done = mark(taints=[OTHER])
    assert planned.plan == done.plan and "-    example.org/zone: a" in done.plan
    assert node.labels == {"example.org/theirs": "1", "example.org/both": "1"}
    assert node.annotations == {"example.org/theirs": "1"}
    assert sorted(node.taints) == ["slow=", "theirs=1"]
    assert changed(mark()) == 1
    assert (node.taints, node.record) == (["theirs=1"], "")
    assert changed(mark()) == 0


def test_null_removes_what_anybody_set(mark: Mark, node: Node, cluster: Cluster) -> None:
    assert (
        changed(
            mark(
                labels={"example.org/theirs": None, "example.org/both": None}, annotations={"example.org/theirs": None}
            )
        )
        == 1
    )
    assert node.labels == {} and node.annotations == {}
    cluster.kubectl("taint", "node", WORKER, "example.org/theirs-")


def test_by_inventory(
    playbooks: Playbooks, node: Node, tmp_path: Path, hosts: dict[str, Host], cluster: Cluster
) -> None:
    """The whole way: the variables of a host in the inventory, the last play of the main playbook."""
    variables = playbooks.variables(WORKER)
    registration = {**variables.get("kubephase_node_registration", {}), "taints": [TAINT]}
    declared = {
        "kubephase_node_labels": {"example.org/zone": "inventory"},
        "kubephase_node_annotations": {"example.org/rack": "9"},
        "kubephase_node_registration": registration,
    }
    folder = playbooks.inventory.parent / "host_vars"
    folder.mkdir(exist_ok=True)
    file = folder / f"{WORKER}.json"
    try:
        file.write_text(json.dumps(declared))
        run = playbooks.site()
        assert run.code == 0, run.output[-5000:]
        assert (node.labels, node.annotations) == ({"example.org/zone": "inventory"}, {"example.org/rack": "9"})
        assert node.taints == ["gpu=a100"]
        assert sum(playbooks.site().changed.values()) == 0
    finally:
        file.unlink()
        folder.rmdir()
    run = playbooks.site()
    assert run.code == 0, run.output[-5000:]
    assert (node.labels, node.annotations, node.taints, node.record) == ({}, {}, [], "")
    assert set(cluster.get("node", WORKER)["metadata"]["annotations"]) == OF_KUBERNETES
