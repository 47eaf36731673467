# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.filter.declared_nodes import declared_nodes

SOCKET = "unix:///run/x.sock"
ANNOTATION = {"kubeadm.alpha.kubernetes.io/cri-socket": SOCKET}


def fact(role: str, **changed: Any) -> dict[str, Any]:
    registration = {"name": "n1", "taints": [{"key": "a", "effect": "NoSchedule"}], "criSocket": SOCKET}
    return {
        "node_role": role,
        "node_registration": registration,
        "node_labels": {"l": "1"},
        "node_annotations": {},
        "skip_phases": [],
        "feature_gates": {"NodeLocalCRISocket": True},
        "version": {"minor": 35},
        **changed,
    }


@pytest.mark.parametrize("role", ["control_plane", "worker"])
def test_what_a_host_declares(role: str) -> None:
    found = declared_nodes([fact(role)])[0]
    assert found["control_plane"] is (role == "control_plane")
    assert (found["name"], found["labels"], found["annotations"]) == ("n1", {"l": "1"}, {})
    assert found["taints"] == [{"key": "a", "effect": "NoSchedule"}]


@pytest.mark.parametrize("phase", ["mark-control-plane", "control-plane-join/mark-control-plane"])
def test_a_control_plane_that_is_not_to_be_marked(phase: str) -> None:
    found = declared_nodes([fact("control_plane", skip_phases=[phase])])[0]
    assert (found["control_plane"], found["taints"], found["labels"]) == (False, None, {"l": "1"})
    assert declared_nodes([fact("worker", skip_phases=[phase])])[0]["taints"]


@pytest.mark.parametrize(("minor", "gate", "annotated"), [(34, False, True), (35, True, False), (36, False, False)])
def test_the_runtimes_socket_stands_on_the_node_without_the_gate(minor: int, gate: bool, annotated: bool) -> None:
    given = fact("worker", feature_gates={"NodeLocalCRISocket": gate}, version={"minor": minor})
    assert declared_nodes([given])[0]["annotations"] == (ANNOTATION if annotated else {})


def test_declared_annotations_win() -> None:
    given = fact("worker", feature_gates={"NodeLocalCRISocket": False}, node_annotations={"a": "b"})
    assert declared_nodes([given])[0]["annotations"] == {**ANNOTATION, "a": "b"}
