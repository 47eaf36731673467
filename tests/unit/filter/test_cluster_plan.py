# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.filter.cluster_plan import change_order, cluster_plan

ALL = "cp1=https://192.0.2.1:2380,cp2=https://192.0.2.2:2380,cp3=https://192.0.2.3:2380"
NAMES = ["cp1", "cp2", "cp3"]
BARE: dict[str, Any] = {"founding": False, "member": "", "etcd_initial_cluster": "", "etcd_initial_cluster_state": ""}
MEMBER = {**BARE, "member": "control_plane", "etcd_initial_cluster": ALL}
FACT: dict[str, Any] = {
    "cluster": {"etcd": {"local": {}}},
    "node_registration": {"name": "cp1"},
    "local_api_endpoint": {"advertiseAddress": "192.0.2.1"},
}
#: its kubelet has not yet got its last kubeconfig
BEGUN = {**MEMBER, "founding": True}


def plan(*hosts: dict[str, Any] | None) -> dict[str, Any]:
    """Of hosts as module host_info tells; None is one that this run does not see."""
    hostvars: dict[str, Any] = {"w1": {}}
    for number, host in enumerate(hosts, 1):
        hostvars[f"cp{number}"] = (
            {}
            if host is None
            else {
                "kubephase": {
                    **FACT,
                    "node_registration": {"name": f"cp{number}"},
                    "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}"},
                    "host": host,
                }
            }
        )
    return cluster_plan(hostvars, [name for name in hostvars if name != "w1"])


def test_a_new_cluster_is_begun_by_all() -> None:
    assert plan(BARE, BARE, BARE) == {
        "known": NAMES,
        "founding": {"hosts": NAMES, "initial_cluster": ALL},
        "running": [],
        "rolling": [],
        "nodes": [],
        "init": "cp1",
        "moved": [],
        "ca_holders": [],
        "started": NAMES,
        "joining": [],
        "peers": [],
    }


def test_who_comes_later_joins() -> None:
    found = plan(MEMBER, MEMBER, BARE)
    assert (found["running"], found["init"]) == (["cp1", "cp2"], "cp1")
    assert (found["started"], found["joining"]) == (["cp1", "cp2"], ["cp3"])
    assert found["peers"] == ["https://192.0.2.3:2380"]


def test_a_first_one_that_was_lost_joins_the_others() -> None:
    found = plan(BARE, MEMBER, MEMBER)
    assert (found["init"], found["started"], found["joining"]) == ("cp2", ["cp2", "cp3"], ["cp1"])


def test_a_founding_that_died_is_led_by_the_first_again() -> None:
    found = plan(BEGUN, BEGUN, BARE)
    assert found["founding"]["hosts"] == NAMES
    assert (found["running"], found["init"]) == ([], "cp1")
    assert (found["started"], found["joining"]) == (NAMES, [])


def test_a_founding_that_died_before_any_manifest_is_still_one_cluster() -> None:
    found = plan(*[{**BARE, "member": "worker", "founding": True}] * 3)
    assert found["founding"] == {"hosts": NAMES, "initial_cluster": ALL}
    assert (found["running"], found["init"], found["joining"]) == ([], "cp1", [])


def test_who_has_the_key_of_the_authority() -> None:
    assert plan(MEMBER, {**MEMBER, "ca_key": True}, BARE)["ca_holders"] == ["cp2"]


def test_certificates_that_are_elsewhere() -> None:
    def moved(directory: str, *found: str) -> list[str]:
        cluster = {"etcd": {"local": {}}, "certificatesDir": directory}
        fact = {**FACT, "cluster": cluster, "host": {**MEMBER, "certificates_dirs": list(found)}}
        return list(cluster_plan({"cp1": {"kubephase": fact}}, ["cp1"])["moved"])

    assert moved("/srv/pki", "/etc/kubernetes/pki") == ["cp1"]
    assert moved("/srv/pki") == moved("/srv/pki/", "/srv/pki", "/own") == []


def test_a_node_that_is_no_control_plane_is_named() -> None:
    worker = {**BARE, "member": "worker"}
    assert plan(worker, MEMBER, BARE)["nodes"] == ["cp1"]
    assert plan({**worker, "founding": True}, BARE)["nodes"] == []
    hostvars = {"cp1": {"kubephase": {**FACT, "host": worker, "skip_phases": ["control-plane-prepare/control-plane"]}}}
    assert cluster_plan(hostvars, ["cp1"])["nodes"] == []


def test_without_its_last_phase_a_founding_ends_with_the_manifests() -> None:
    phase = "kubelet-finalize/enable-client-cert-rotation"
    alone = {**BEGUN, "etcd_initial_cluster": "cp1=https://192.0.2.1:2380"}

    def found(host: dict[str, Any], etcd: str = "local", skipped: str = phase) -> list[str]:
        fact = {**FACT, "cluster": {"etcd": {etcd: {}}}, "host": host, "skip_phases": [skipped]}
        return list(cluster_plan({"cp1": {"kubephase": fact}}, ["cp1"])["running"])

    assert found(alone) == ["cp1"] and found(alone, skipped="kubelet-finalize") == []
    # etcd, or the API server, has no manifest yet
    assert found({**alone, "etcd_initial_cluster": ""}) == [] and found({**alone, "member": "worker"}) == []
    assert found({**alone, "etcd_initial_cluster": ""}, "external") == ["cp1"]


def test_one_that_this_run_does_not_see_has_no_part() -> None:
    found = plan(None, MEMBER, BARE)
    assert found["known"] == ["cp2", "cp3"]
    assert (found["init"], found["started"], found["joining"]) == ("cp2", ["cp2"], ["cp3"])


def test_one_that_was_not_reached_has_no_part() -> None:
    seen = {"kubephase": {"unreachable": True, "msg": "no route to host"}}
    assert cluster_plan({"cp1": seen, "cp2": {}}, ["cp1", "cp2"])["known"] == []


def test_before_anything_is_known_the_first_one_begins() -> None:
    found = plan(None, None)
    assert (found["init"], found["started"], found["joining"]) == ("cp1", [], [])
    assert plan()["init"] == ""


def test_control_planes_that_run_change_one_after_the_other_where_they_are_several() -> None:
    assert plan(MEMBER, BARE, BARE)["rolling"] == []
    assert plan(MEMBER, MEMBER, BARE)["rolling"] == ["cp1", "cp2"]
    assert plan(BEGUN, MEMBER, MEMBER)["rolling"] == ["cp2", "cp3"]
    assert plan(BEGUN, BEGUN, MEMBER)["rolling"] == []


def order(**said: dict[str, Any]) -> list[list[str]]:
    return change_order(said, list(said))


def waits(*unwell: str, changed: bool = False) -> dict[str, Any]:
    return {"wait_control_plane_result": {"changed": changed, "unwell": list(unwell)}}


def test_who_changes_is_what_the_roles_said() -> None:
    nothing = {"static_manifests_result": {"changed": False}, "kube_vip_result": {"skipped": True, "changed": False}}
    hosts = {
        "cp1": {**nothing, **waits(changed=True)},
        "cp2": {**nothing, **waits()},
        "cp3": {**waits(), "static_manifests_result": {"changed": True}},
        "cp4": {**waits(), "kube_vip_result": {"changed": True}},
        "cp5": {**waits(), "static_manifests_users": {"changed": True}},
        "cp6": {},
    }
    assert order(**hosts) == [["cp1"], ["cp3"], ["cp4"], ["cp5"]]
    assert change_order(hosts, ["cp2", "cp3"]) == [["cp3"]]


def test_who_does_not_serve_comes_first() -> None:
    """Changed or not: the others are not touched before it serves again."""
    assert order(cp1=waits(changed=True), cp2=waits(), cp3=waits("kube-apiserver")) == [["cp3"], ["cp1"]]


def test_who_does_not_serve_needs_the_others_that_do_not() -> None:
    """etcd without a majority."""
    found = order(cp1=waits("etcd", "kube-apiserver"), cp2=waits(changed=True), cp3=waits("etcd", changed=True))
    assert found == [["cp1", "cp3"], ["cp2"]]


def test_what_serves_nobody_is_waited_for_in_its_turn() -> None:
    assert order(cp1=waits(changed=True), cp2=waits("kube-scheduler")) == [["cp1"], ["cp2"]]
