# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leaves, who does it, and what must not be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.filter.removal import misnamed, removal


def host(number: int, name: str = "", member: str = "control_plane", **changed: Any) -> dict[str, Any]:
    """A host that answers."""
    fact = {
        "host": {"member": member, "authorities": ["a"], "etcd_authorities": ["e"]},
        "node_registration": {"name": name or f"cp{number}"},
        "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}", "bindPort": 6443},
        "cluster": {"controlPlaneEndpoint": "k8s.example.org:6443", "etcd": {"local": {}}, **changed},
    }
    return {"inventory_hostname": name or f"cp{number}", "kubephase": fact}


def dead(number: int, **declared: Any) -> dict[str, Any]:
    """What is left of a host's variables when it did not answer."""
    fact = {"unreachable": True, "changed": False, "msg": "Failed to connect"}
    return {"inventory_hostname": f"cp{number}", "ansible_host": f"192.0.2.{number}", "kubephase": fact, **declared}


def plan(asked: str, *hosts: dict[str, Any], etcd: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    names = asked.split()
    control_planes = [one for one in hosts if one["inventory_hostname"].startswith("cp")]
    leaving = [one for one in hosts if one["inventory_hostname"] in names]
    return removal(names, leaving, control_planes, etcd, **more)


def faults(asked: str, *hosts: dict[str, Any], **more: Any) -> str:
    return "\n".join(plan(asked, *hosts, **more)["faults"])


def test_the_first_control_plane_and_a_worker_leave() -> None:
    found = plan("cp1 w1", host(1), host(2), host(3), host(9, "w1", "worker"))
    assert found == {
        "keeper": ["cp2"],
        "hosts": ["cp1", "w1"],
        "forced": ["cp1", "w1"],
        "nodes": ["cp1", "w1"],
        "members": [
            {"name": "cp1", "peer_urls": ["https://192.0.2.1:2380"]},
            {"name": "w1", "peer_urls": ["https://192.0.2.9:2380"]},
        ],
        "guessed": [],
        "endpoints": ["https://192.0.2.2:2379", "https://192.0.2.3:2379"],
        "balancers": [],
        "silent_balancers": [],
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
    external: dict[str, Any] = {"etcd": {"external": {}}}
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


def test_a_host_of_none_of_the_clusters_groups_is_left_alone() -> None:
    assert "host lb1 is in none of the groups" in faults("lb1", host(1), host(2), foreign=["lb1"])
    assert faults("cp1", host(1), host(2)) == ""


def test_only_what_is_known_to_be_of_this_cluster_is_forced() -> None:
    blank = host(9, "w1", "")
    blank["kubephase"]["host"]["authorities"] = []
    found = plan("cp1 w1", host(1), host(2), blank)
    assert (found["hosts"], found["forced"]) == (["cp1", "w1"], ["cp1"])


@pytest.mark.parametrize(("authorities", "forced", "said"), [(["e"], ["e1"], 0), ([], [], 0), (["other"], [], 1)])
def test_a_host_of_etcd_is_known_by_etcds_authority(authorities: list[str], forced: list[str], said: int) -> None:
    member = host(7, "e1", "")
    member["kubephase"]["host"].update(authorities=[], etcd_authorities=authorities)
    found = plan("e1", host(1), host(2), member, etcd=("e1", "e2"))
    assert (found["forced"], len(found["faults"])) == (forced, said)


def test_a_control_plane_whose_api_server_answers_does_it() -> None:
    three = (host(1), host(2), host(3))
    assert plan("cp1", *three, ready=["cp3"])["keeper"] == ["cp3"]
    assert plan("cp1", *three, ready=["cp1", "cp2", "cp3"])["keeper"] == ["cp2"]
    assert plan("cp1", host(1), host(2, member=""), host(3), ready=["cp2"])["keeper"] == ["cp3"]


def lb(number: int, **declared: Any) -> dict[str, Any]:
    return {**dead(number, **declared), "inventory_hostname": f"lb{number}"}


def test_balancers_know_of_control_planes_and_of_each_other() -> None:
    hosts, balancers = (host(1), host(2), host(9, "w1", "worker")), [host(4, "lb4", ""), lb(5), host(9, "w1", "worker")]
    found = plan("cp1", *hosts, balancers=balancers)
    assert (found["balancers"], found["silent_balancers"], found["faults"]) == (["lb4", "w1"], ["lb5"], [])
    found = plan("w1", *hosts, balancers=balancers)
    assert (found["balancers"], found["silent_balancers"]) == (["lb4"], ["lb5"])
    found = plan("w1", *hosts, balancers=balancers[:2])
    assert (found["balancers"], found["silent_balancers"]) == ([], [])


def test_the_last_balancer_stays() -> None:
    hosts = (host(1), host(2), host(9, "w1", "worker"))
    assert "load balancers: none would be left (w1)" in faults("w1", *hosts, balancers=[hosts[2]])
    moved = {"controlPlaneEndpoint": "192.0.2.2:6443"}
    assert faults("w1", host(1, **moved), host(2, **moved), hosts[2], balancers=[hosts[2]]) == ""


def test_balancers_are_told_no_guessed_address() -> None:
    balancers = [host(4, "lb4", "")]
    silent = {**dead(2), "ansible_host": "cp2.example.org"}
    assert "cp2: it does not answer" in faults("cp1", host(1), silent, host(3), balancers=balancers)
    declared = {**silent, "kubephase_local_api_endpoint": {"advertiseAddress": "192.0.2.2"}}
    assert faults("cp1", host(1), declared, host(3), balancers=balancers) == ""
    del silent["ansible_host"]
    assert "(got none)" in faults("cp1", host(1), silent, host(3), balancers=balancers)
    assert faults("cp1", host(1), silent, host(3)) == ""
    assert faults("w1", host(1), silent, host(3), host(9, "w1"), balancers=balancers) == ""
    nowhere = {**lb(5), "ansible_host": "lb5.example.org"}
    assert "lb5: it does not answer" in faults("cp1", host(1), host(3), balancers=[*balancers, nowhere])


def test_names_that_nobody_confirmed() -> None:
    named = dead(2, kubephase_node_registration={"name": "n2"})
    found = plan("cp1 cp2 cp3 gone", host(1), named, dead(3), host(4))
    assert found["guessed"] == [
        {"name": "cp3", "host": True, "addresses": ["192.0.2.3"]},
        {"name": "gone", "host": False, "addresses": []},
    ]


FULL = "cp3.example.org"


def cluster(lost: str = "", members: tuple[str, ...] = ("cp1", "cp3")) -> dict[str, Any]:
    """What it tells of nodes and members, of which one is lost."""
    places = {name: f"192.0.2.{name[2:]}" for name in ("cp1", "cp2", "cp3")}
    nodes = [
        {"name": name, "reports": name != lost, "addresses": [{"type": "InternalIP", "address": at}]}
        for name, at in places.items()
        if name in members
    ]
    found = [
        {"name": name, "id": "a1", "healthy": name != lost, "peer_urls": [f"https://{places[name]}:2380"]}
        for name in members
    ]
    return {"nodes": nodes, "etcd": {"members": found}}


def said(name: str, found: dict[str, Any], *asked: str, known: bool = True, addresses: tuple[str, ...] = ()) -> str:
    guess = {"name": name, "host": known, "addresses": list(addresses)}
    return "\n".join(misnamed([guess], found, [name, *asked], [{"name": name, "peer_urls": []}]))


def test_a_silent_host_that_has_another_name_in_the_cluster() -> None:
    text = said(FULL, cluster(lost="cp3"))
    assert f"neither a node nor a member of etcd is called {FULL}, and this is lost: etcd member cp3" in text
    assert f"set kubephase_node_registration: {{name: cp3}} for host {FULL}" in text
    assert "If cp3 is meant, name it" in said("typo", cluster(lost="cp3"), known=False)


def test_a_node_that_has_the_silent_hosts_address() -> None:
    text = said(FULL, cluster(), addresses=("192.0.2.3",))
    assert "its address is that of node cp3" in text and "{name: cp3}" in text


def test_names_that_are_right_or_left_before() -> None:
    assert said("cp3", cluster(lost="cp3")) == ""
    # its member has left, or its node
    assert said("cp3", {**cluster(lost="cp3"), "etcd": {"members": []}}) == ""
    assert said("cp3", {**cluster(lost="cp3"), "nodes": []}) == ""
    assert said(FULL, cluster(members=("cp1", "cp2")), addresses=("192.0.2.3",)) == ""
    # what is lost is named beside it
    assert said(FULL, cluster(lost="cp3"), "cp3") == ""
    assert said(FULL, {"nodes": [], "etcd": {"error": "no member answers", "members": []}}) == ""
