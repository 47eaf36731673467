# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.filter.etcd_hosts import etcd_hosts, etcd_unknown, etcd_urls

THREE = "etcd1=https://192.0.2.1:2380,etcd2=https://192.0.2.2:2380,etcd3=https://192.0.2.3:2380"
FOUR = f"{THREE},etcd4=https://192.0.2.4:2380"


def fact(number: int, initial: str = "", state: str = "", authority: str = "") -> dict[str, Any]:
    host = {"etcd_initial_cluster": initial, "etcd_initial_cluster_state": state, "etcd_authority": authority}
    return {
        "node_registration": {"name": f"etcd{number}"},
        "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}"},
        "host": host,
    }


def plan(*facts: dict[str, Any], in_use: bool = False) -> dict[str, Any]:
    return etcd_hosts({f"h{number}": each for number, each in enumerate(facts, 1)}, in_use)


def joining(found: dict[str, Any]) -> list[str]:
    return [name for name, member in found["members"].items() if member["joins"]]


def test_all_bare_hosts_begin_together() -> None:
    found = plan(fact(1), fact(2), fact(3))
    assert joining(found) == [] and not found["runs"]
    assert {member["initial_cluster"] for member in found["members"].values()} == {THREE}


def test_members_that_run_keep_what_their_manifests_say() -> None:
    found = plan(fact(1, THREE), fact(2, THREE), fact(3, THREE), fact(4, FOUR, "existing"), in_use=True)
    assert found["runs"] and joining(found) == ["h4"] and found["running"] == ["h1", "h2", "h3", "h4"]
    assert found["joining"] == []
    assert [member["initial_cluster"] for member in found["members"].values()] == [THREE, THREE, THREE, FOUR]


def test_a_fourth_host_joins() -> None:
    for in_use in (False, True):
        found = plan(fact(1, THREE), fact(2, THREE), fact(3, THREE), fact(4), in_use=in_use)
        assert found["runs"] and joining(found) == ["h4"]
        assert found["members"]["h4"]["initial_cluster"] == ""
        assert found["joining"] == ["https://192.0.2.4:2380"]


def test_a_beginning_that_died_is_gone_on_with() -> None:
    found = plan(fact(1), fact(2, THREE), fact(3))
    assert not found["runs"] and joining(found) == []
    assert found["running"] == ["h2"]
    assert found["members"]["h1"] == {"initial_cluster": THREE, "joins": False, "begins": True}


def test_who_was_not_told_of_in_a_beginning_that_died_joins() -> None:
    found = plan(fact(1, THREE), fact(2), fact(3, THREE), fact(4))
    assert not found["runs"] and joining(found) == ["h4"]


def test_a_host_that_was_made_anew_joins() -> None:
    """Its old entry is still in the others' manifests, and a beginning with it would be a second etcd."""
    found = plan(fact(1, THREE), fact(2, THREE), fact(3), in_use=True)
    assert found["runs"] and joining(found) == ["h3"]


def test_no_second_etcd_beside_the_one_that_control_planes_work_with() -> None:
    assert plan(fact(1), fact(2), in_use=True)["missing"]
    assert not plan(fact(1), fact(2))["missing"] and not plan(fact(1, THREE), fact(2), in_use=True)["missing"]


def test_of_hosts_that_are_not_seen_nothing_is_said() -> None:
    assert not plan(in_use=True)["missing"]


def test_who_holds_the_authority() -> None:
    assert plan(fact(1), fact(2))["authority"] == "h1"
    assert plan(fact(1), fact(2, authority="certificate"), fact(3, authority="key"))["authority"] == "h3"
    assert plan(fact(1), fact(2, authority="certificate"))["authority"] == "h2"
    assert plan(fact(1), fact(2, THREE), in_use=True)["authority"] == "h2"
    assert plan()["authority"] == ""


def test_where_clients_reach_it() -> None:
    hosts = [
        {"inventory_hostname": "a", "kubephase": fact(1), "ansible_host": "198.51.100.1"},
        {"inventory_hostname": "b", "kubephase_local_api_endpoint": {"advertiseAddress": "2001:db8::2"}},
        {"inventory_hostname": "c", "ansible_host": "192.0.2.3"},
        {"inventory_hostname": "d.example.org"},
    ]
    assert etcd_urls(hosts) == [
        "https://192.0.2.1:2379",
        "https://[2001:db8::2]:2379",
        "https://192.0.2.3:2379",
        "https://d.example.org:2379",
    ]
    assert etcd_unknown(hosts) == ["c", "d.example.org"]
