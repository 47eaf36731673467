# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leaves, who does it, and what must not be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.filter.removal import removal


def host(number: int, name: str = "", member: str = "control_plane", **changed: Any) -> dict[str, Any]:
    """A host that answers."""
    fact = {
        "host": {"member": member, "authorities": ["a"]},
        "node_registration": {"name": name or f"cp{number}"},
        "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}", "bindPort": 6443},
        "cluster": {"controlPlaneEndpoint": "k8s.example.org:6443", "etcd": {"local": {}}, **changed},
    }
    return {"inventory_hostname": name or f"cp{number}", "kubephase": fact}


def dead(number: int, **declared: Any) -> dict[str, Any]:
    """What is left of a host's variables when it did not answer."""
    fact = {"unreachable": True, "changed": False, "msg": "Failed to connect"}
    return {"inventory_hostname": f"cp{number}", "ansible_host": f"192.0.2.{number}", "kubephase": fact, **declared}


def plan(asked: str, *hosts: dict[str, Any], etcd: tuple[str, ...] = ()) -> dict[str, Any]:
    names = asked.split()
    control_planes = [one for one in hosts if one["inventory_hostname"].startswith("cp")]
    return removal(names, [one for one in hosts if one["inventory_hostname"] in names], control_planes, etcd)


def faults(asked: str, *hosts: dict[str, Any]) -> str:
    return "\n".join(plan(asked, *hosts)["faults"])


def test_the_first_control_plane_and_a_worker_leave() -> None:
    found = plan("cp1 w1", host(1), host(2), host(3), host(9, "w1", "worker"))
    assert found == {
        "keeper": ["cp2"],
        "hosts": ["cp1", "w1"],
        "nodes": ["cp1", "w1"],
        "members": [
            {"name": "cp1", "peer_urls": ["https://192.0.2.1:2380"]},
            {"name": "w1", "peer_urls": ["https://192.0.2.9:2380"]},
        ],
        "endpoints": ["https://192.0.2.2:2379", "https://192.0.2.3:2379"],
        "faults": [],
    }


def test_a_dead_host_leaves_under_the_name_that_was_declared() -> None:
    declared = {
        "kubephase_node_registration": {"name": "n1"},
        "kubephase_local_api_endpoint": {"advertiseAddress": "fd00::1"},
    }
    found = plan("cp1", dead(1, **declared), dead(2), host(3))
    assert (found["keeper"], found["hosts"], found["nodes"], found["faults"]) == (["cp3"], [], ["n1"], [])
    assert found["members"] == [{"name": "n1", "peer_urls": ["https://[fd00::1]:2380", "https://192.0.2.1:2380"]}]
    assert found["endpoints"] == ["https://192.0.2.3:2379"]


def test_a_host_that_is_not_in_the_inventory_any_more() -> None:
    found = plan("gone", host(1), host(2))
    assert (found["keeper"], found["nodes"], found["hosts"], found["faults"]) == (["cp1"], ["gone"], [], [])
    assert found["members"] == [{"name": "gone", "peer_urls": []}]


def test_a_control_plane_that_is_no_member_yet_does_nothing() -> None:
    assert plan("cp1", host(1), host(2, member=""), host(3))["keeper"] == ["cp3"]


def test_an_external_etcd_is_left_alone() -> None:
    external = {"etcd": {"external": {}}}
    found = plan("cp1", host(1, **external), host(2, **external))
    assert (found["members"], found["endpoints"], found["nodes"]) == ([], [], ["cp1"])


def test_a_host_of_etcd_is_no_node() -> None:
    found = plan("cp1 e1", host(1), host(2), host(7, "e1", ""), etcd=("e1", "e2"))
    assert found["nodes"] == ["cp1"]
    assert found["members"] == [{"name": "e1", "peer_urls": ["https://192.0.2.7:2380"]}]
    assert found["endpoints"] == []


@pytest.mark.parametrize(
    ("asked", "hosts", "words"),
    [
        ("", [host(1), host(2)], "nothing is named"),
        ("cp1 cp2", [host(1), host(2)], "no control plane would be left (control planes: cp1, cp2)"),
        ("cp1", [host(1), dead(2)], "none of the control planes that stay can do it: cp2 (not reached: cp2)"),
        ("cp1", [host(1), host(2, member="")], "none of the control planes that stay is a member of a cluster: cp2"),
        (
            "cp1",
            [host(1, controlPlaneEndpoint="192.0.2.1"), host(2, controlPlaneEndpoint="192.0.2.1")],
            "of cp1, and every",
        ),
        ("cp1", [dead(1), host(2, controlPlaneEndpoint="192.0.2.1:6443")], "Move the endpoint first"),
    ],
)
def test_what_must_not_be(asked: str, hosts: list[dict[str, Any]], words: str) -> None:
    assert words in faults(asked, *hosts)


def test_a_host_of_another_cluster_is_left_alone() -> None:
    other = host(1)
    other["kubephase"]["host"]["authorities"] = ["b"]
    assert "cp1: it belongs to another cluster than cp2" in faults("cp1", other, host(2))
    # while the authority is exchanged there are two
    other["kubephase"]["host"]["authorities"] = ["a", "b"]
    assert faults("cp1", other, host(2)) == ""
    # it was reset in a run that died later
    other["kubephase"]["host"]["authorities"] = []
    assert faults("cp1", other, host(2)) == ""


def test_a_node_whose_host_has_another_name_is_named_by_its_host() -> None:
    known = host(1)
    known["kubephase"]["node_registration"]["name"] = "n1"
    assert "n1 is a node of host cp1. Name the host" in faults("n1", known, host(2))


def test_an_ipv6_endpoint() -> None:
    moved = {"controlPlaneEndpoint": "[fd00::1]:6443"}
    declared = {"kubephase_local_api_endpoint": {"advertiseAddress": "fd00::1"}}
    assert "Move the endpoint" in faults("cp1", dead(1, **declared), host(2, **moved))
