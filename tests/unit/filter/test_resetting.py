# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in a cluster and not in the inventory."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.filter.resetting import reset_others

NAMES = ["cp1", "cp2"]


def told(nodes: dict[str, str], members: dict[str, str], external: bool = False) -> dict[str, Any]:
    """As cluster_info tells it: names and addresses."""
    return {
        "control_planes": list(nodes),
        "nodes": [{"name": name, "addresses": [{"type": "InternalIP", "address": at}]} for name, at in nodes.items()],
        "etcd_external": external,
        "etcd": {
            "members": [{"name": n, "id": "a1", "peer_urls": [f"https://{at}:2380"]} for n, at in members.items()]
        },
    }


def host(number: int, found: dict[str, Any] | None = None, name: str = "") -> dict[str, Any]:
    fact = {
        "node_registration": {"name": name or f"cp{number}"},
        "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}"},
    }
    return {"inventory_hostname": f"cp{number}", "kubephase": fact, "__reset_cluster": found}


def silent(number: int, **more: Any) -> dict[str, Any]:
    return {"inventory_hostname": f"cp{number}", "kubephase": {"unreachable": True}, **more}


BOTH = {"cp1": "192.0.2.1", "cp2": "192.0.2.2"}


def test_a_cluster_that_the_inventory_knows_whole() -> None:
    assert reset_others([host(1, told(BOTH, BOTH)), host(2, told(BOTH, BOTH))], NAMES) == []


def test_a_control_plane_or_member_more() -> None:
    more = {**BOTH, "cp9": "192.0.2.9"}
    assert reset_others([host(1, told(more, BOTH)), host(2)], NAMES) == ["cp9"]
    assert reset_others([host(1), host(2, told(BOTH, more))], NAMES) == ["cp9"]
    never_started = told(BOTH, {"": "192.0.2.9"})
    assert reset_others([host(1, never_started), host(2)], NAMES) == ["a1"]


def test_nobody_answers() -> None:
    nothing = {"control_planes": [], "nodes": [], "etcd": {"members": [], "error": "no member of etcd answers"}}
    assert reset_others([host(1, nothing), silent(2)], NAMES) == []


def test_a_silent_host_is_known_by_name_or_address() -> None:
    assert reset_others([host(1, told(BOTH, BOTH)), silent(2)], NAMES) == []
    renamed = {"cp1": "192.0.2.1", "n2": "192.0.2.2"}
    found = told(renamed, renamed)
    assert reset_others([host(1, found), silent(2)], NAMES) == ["n2"]
    assert reset_others([host(1, found), silent(2, ansible_host="192.0.2.2")], NAMES) == []
    assert reset_others([host(1, found), silent(2, kubephase_node_registration={"name": "n2"})], NAMES) == []


def test_a_workers_name_is_no_control_planes() -> None:
    worker = {**host(9, name="cp2"), "inventory_hostname": "w1"}
    assert reset_others([host(1, told(BOTH, BOTH)), worker], ["cp1"]) == ["cp2"]


def test_an_external_etcd_is_judged_where_a_host_of_it_goes() -> None:
    found = told({"cp1": "192.0.2.1"}, {"e1": "192.0.2.7", "e2": "192.0.2.8"}, external=True)
    etcd = {**host(7, name="e1"), "inventory_hostname": "e1"}
    assert reset_others([host(1, found)], ["cp1"]) == []
    assert reset_others([host(1, found), etcd], ["cp1"], ["e1"]) == ["e2"]
