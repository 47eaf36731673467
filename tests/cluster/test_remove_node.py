# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker leaves while a PodDisruptionBudget holds a Pod there, and joins again; what the cluster tells of itself, as facts.

Control planes leave in test_ha_membership, and must not in test_ha_majority.
"""

from __future__ import annotations

import datetime
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.cluster import TEST_IMAGE, Cluster, eventually, ready
from tests.cluster.control_planes import etcd_members, with_groups
from tests.cluster.hosts import Host
from tests.cluster.joining import STATE
from tests.cluster.playbook import Playbooks, Run

WORKER = "w1"
CONTROL_PLANES = ("cp1", "cp2", "cp3", "s1")
BALANCERS = ("lb1", "lb2")
REMOVE = "playbooks/remove_node.yml"
GUARDED = "guarded"
#: seconds for which the budget holds the Pod while its node is emptied
HELD = 8


class Left(NamedTuple):
    plan: Run
    untouched: bool
    given_up: Run
    closed: bool
    removed: Run
    nodes: list[str]
    state: str
    again: Run
    joined: Run


@pytest.fixture(scope="module")
def names(hosts: dict[str, Host]) -> list[str]:
    """The control planes that are left of what other tests did."""
    found = [name for name in CONTROL_PLANES if name in hosts and _is_member(hosts[name])]
    assert len(found) > 1
    return found


@pytest.fixture(scope="module")
def keeper(names: list[str], hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster.of(hosts[names[0]], tmp_path_factory.mktemp("keeper"))


@pytest.fixture(scope="module")
def playbooks(names: list[str], hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Playbooks:
    balancers = [name for name in BALANCERS if name in hosts]
    groups = {"control_plane": names, "workers": [WORKER], "load_balancer": balancers}
    return with_groups(tmp_path_factory.mktemp("remove_node"), **groups)


@pytest.fixture(scope="module")
def left(keeper: Cluster, playbooks: Playbooks, names: list[str], hosts: dict[str, Host]) -> Iterator[Left]:
    keeper.apply(_deployment(), _budget(1))
    eventually(lambda: all(map(ready, _pods(keeper))) and _pods(keeper), "the guarded Pod is ready", 120)
    before = hosts[WORKER].fingerprint(*STATE)
    plan = playbooks.play(REMOVE, "--check", "--diff", kubephase_remove_nodes=WORKER)
    untouched = hosts[WORKER].fingerprint(*STATE) == before and not _is_closed(keeper)
    given_up = playbooks.play(REMOVE, kubephase_remove_nodes=WORKER, remove_node_drain_timeout=3)
    closed = _is_closed(keeper) and hosts[WORKER].fingerprint(*STATE) == before
    lifting = threading.Thread(target=_lift, args=(keeper,))
    lifting.start()
    removed = playbooks.play(REMOVE, kubephase_remove_nodes=WORKER)
    lifting.join()
    nodes = keeper.kubectl("get", "nodes", "-o", "name").split()
    state = hosts[WORKER].run("ls /etc/kubernetes /var/lib/kubelet 2> /dev/null || true")
    again = playbooks.play(REMOVE, kubephase_remove_nodes=WORKER)
    joined = playbooks.site("--limit", f"{names[0]},{WORKER}")
    yield Left(plan, untouched, given_up, closed, removed, nodes, state, again, joined)
    keeper.kubectl("delete", "deployment,poddisruptionbudget", GUARDED)


def _is_member(host: Host) -> bool:
    return host.shell("test -f /etc/kubernetes/manifests/kube-apiserver.yaml", timeout=30).returncode == 0


def _deployment() -> dict[str, Any]:
    container = {"name": "main", "image": TEST_IMAGE, "command": ["sleep", "86400"]}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    labels = {"app": GUARDED}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": GUARDED},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


def _budget(wanted: int) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": GUARDED},
        "spec": {"minAvailable": wanted, "selector": {"matchLabels": {"app": GUARDED}}},
    }


def _pods(cluster: Cluster) -> list[dict[str, Any]]:
    return [one for one in cluster.items("pods", "-l", f"app={GUARDED}") if one["spec"].get("nodeName") == WORKER]


def _is_closed(cluster: Cluster) -> bool:
    return bool(cluster.get("node", WORKER)["spec"].get("unschedulable"))


def _lift(cluster: Cluster) -> None:
    """As somebody does who has made room."""
    time.sleep(HELD)
    cluster.apply(_budget(0))


def test_the_plan_says_what_is_in_the_way(left: Left) -> None:
    assert left.plan.code == 0, left.plan.output
    assert f"+node {WORKER}: cordoned" in left.plan.plan
    assert f"Pod default/{GUARDED}" in left.plan.output and "disruption budget" in left.plan.output
    assert left.untouched


def test_a_budget_that_does_not_give_way_stops_the_removal(left: Left) -> None:
    assert left.given_up.code != 0
    assert left.given_up.failed == [next(iter(left.given_up.changed))]
    for word in (f"Pod default/{GUARDED}", "disruption budget", "delete or force"):
        assert word in left.given_up.error, left.given_up.output
    assert left.closed, "the node is closed, and neither deleted nor reset"


def test_it_is_asked_again_until_the_pod_may_go(left: Left) -> None:
    assert left.removed.code == 0, left.removed.output
    assert left.removed.record["seconds"] > HELD / 2
    assert f"node/{WORKER}" not in left.nodes


def test_the_host_is_as_before(left: Left) -> None:
    assert left.state == ""


def test_a_second_run_has_nothing_to_do(left: Left) -> None:
    assert left.again.code == 0, left.again.output
    assert not any(left.again.changed.values()), left.again.output
    assert f"there is no node {WORKER}" in left.again.output


def test_the_host_can_join_again(left: Left, keeper: Cluster) -> None:
    assert left.joined.code == 0, left.joined.output
    eventually(lambda: ready(keeper.get("node", WORKER)), f"{WORKER} is ready", 60)
    assert not _is_closed(keeper)


@pytest.fixture(scope="module")
def told(
    left: Left, names: list[str], playbooks: Playbooks, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the modules that only read return on a control plane, in check mode as well."""
    path: Path = tmp_path_factory.mktemp("told") / "play.json"
    answer = path.with_name("told.json")
    tasks: list[dict[str, Any]] = [
        {"name": name, f"kubephase.cluster.{name}": {}, "register": name, "check_mode": check}
        for name, check in (("cluster_info", False), ("etcd_members", True))
    ]
    content = "{{ {'cluster': cluster_info, 'etcd': etcd_members} | to_json }}"
    keep = {"ansible.builtin.copy": {"content": content, "dest": str(answer), "mode": "0600"}}
    tasks.append({"name": "Keep it", "delegate_to": "localhost", "become": False, **keep})
    play = {"name": "Ask", "hosts": names[0], "become": True, "gather_facts": False, "tasks": tasks}
    path.write_text(json.dumps([play]))
    run = playbooks.play(path)
    assert run.code == 0, run.output
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def test_facts_of_etcd(told: dict[str, Any], keeper: Cluster, names: list[str]) -> None:
    found = told["etcd"]
    wanted = etcd_members(keeper, f"etcd-{names[0]}")
    assert {one["name"]: one["learner"] for one in found["members"]} == wanted
    assert all(one["healthy"] and one["db_size"] > 0 and one["raft_index"] > 0 for one in found["members"])
    assert found["leader"] in names and [one["name"] for one in found["members"] if one["leader"]] == [found["leader"]]
    assert (found["voters"], found["has_quorum"]) == (len(names), True)


def test_facts_of_the_cluster(told: dict[str, Any], keeper: Cluster, names: list[str]) -> None:
    found = told["cluster"]
    nodes = {node["metadata"]["name"]: node for node in keeper.items("nodes")}
    assert [node["name"] for node in found["nodes"]] == sorted(nodes)
    assert all(node["ready"] for node in found["nodes"])
    assert found["control_planes"] == sorted(names)
    assert found["api_server"]["ready"] and found["etcd"]["voters"] == len(names)
    version = nodes[names[0]]["status"]["nodeInfo"]["kubeletVersion"]
    assert found["kubernetes_version"] == found["configured_version"] == version
    running = {(one["name"], one["node"]) for one in found["components"] if one["ready"]}
    assert {("kube-apiserver", name) for name in names} | {("etcd", name) for name in names} <= running


def test_ends_of_certificates(told: dict[str, Any], hosts: dict[str, Host], names: list[str]) -> None:
    """As openssl reads them."""
    found = {one["name"]: one for one in told["cluster"]["certificates"]}
    for name in ("apiserver", "etcd-server", "front-proxy-client"):
        said = hosts[names[0]].run(f"openssl x509 -noout -enddate -in {found[name]['path']}").strip()
        moment = datetime.datetime.strptime(said, "notAfter=%b %d %H:%M:%S %Y GMT")
        assert found[name]["expires"] == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {"admin.conf", "scheduler.conf", "controller-manager.conf"} <= set(found)
    assert "PRIVATE KEY" not in json.dumps(told)
