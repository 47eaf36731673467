# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead control plane is replaced by a fresh host with another address, then the first one leaves; clients write on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.control_planes import etcd_members, power, with_groups
from tests.cluster.hosts import Host
from tests.cluster.playbook import Run
from tests.cluster.watching import Watched, writing

FIRST, SECOND, DEAD, FRESH = "cp1", "cp2", "cp3", "s1"
WORKERS, BALANCERS = ["w1"], ["lb1", "lb2"]
REMOVE = "playbooks/remove_node.yml"


class Changed(NamedTuple):
    plan: Run
    removed: Run
    joined: Run
    again: Run
    first_removed: Run
    after_it: Run
    last: Run


@pytest.fixture(scope="module")
def changed(cluster: Cluster, hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    directory = tmp_path_factory.mktemp("membership")

    def of(*control_planes: str) -> dict[str, list[str]]:
        return {"control_plane": list(control_planes), "workers": WORKERS, "load_balancer": BALANCERS}

    before, after = (with_groups(directory, **of(*names)) for names in ((FIRST, SECOND, DEAD), (FIRST, SECOND, FRESH)))
    last = with_groups(directory, **of(SECOND, FRESH))
    members = {name: hosts[name] for name in (FIRST, SECOND, DEAD, FRESH)}
    with writing(cluster, "membership-tests") as writer:
        watched = Watched(writer, cluster, [members[name] for name in (FIRST, SECOND, DEAD)])
        power("kill", hosts[DEAD])
        plan = before.play(REMOVE, "--check", "--diff", kubephase_remove_nodes=DEAD)
        removed = before.play(REMOVE, kubephase_remove_nodes=DEAD)
        joined, again = after.site(), after.site()
        assert joined.code == 0, joined.output[-20000:]
        watched.after(f"{DEAD} replaced by {FRESH}", [members[name] for name in (FIRST, SECOND, FRESH)])
        watched = Watched(writer, cluster, [members[name] for name in (FIRST, SECOND, FRESH)])
        first_removed = after.play(REMOVE, kubephase_remove_nodes=FIRST)
        assert first_removed.code == 0, first_removed.output[-20000:]
        watched.after(f"{FIRST}, the first one, removed", [members[name] for name in (SECOND, FRESH)])
        yield Changed(plan, removed, joined, again, first_removed, last.site(), last.site())


def test_a_dead_host_can_be_removed(changed: Changed) -> None:
    assert changed.plan.code == 0, changed.plan.output
    assert changed.removed.code == 0, changed.removed.output


def test_a_fresh_host_takes_its_place(changed: Changed, cluster: Cluster) -> None:
    assert changed.joined.code == 0, changed.joined.output
    assert changed.again.code == 0, changed.again.output
    assert not any(changed.again.changed.values()), changed.again.output
    eventually(lambda: ready(cluster.get("node", FRESH)), f"node {FRESH} is Ready")


def test_the_first_control_plane_can_leave(changed: Changed, cluster: Cluster, hosts: dict[str, Host]) -> None:
    assert changed.first_removed.code == 0, changed.first_removed.output
    assert etcd_members(cluster, f"etcd-{SECOND}") == {SECOND: False, FRESH: False}
    nodes = cluster.kubectl("get", "nodes", "-o", "name").split()
    assert sorted(nodes) == sorted(f"node/{name}" for name in (SECOND, FRESH, *WORKERS))
    assert hosts[FIRST].run("ls /etc/kubernetes/manifests 2> /dev/null || true") == ""


def test_balancers_know_who_is_there(changed: Changed, hosts: dict[str, Host]) -> None:
    for name in BALANCERS:
        text = hosts[name].read("/etc/haproxy/haproxy.cfg")
        for member, there in ((FIRST, False), (SECOND, True), (DEAD, False), (FRESH, True)):
            assert (f"{hosts[member].address}:" in text) == there, text


def test_what_is_left_forgets_who_has_gone(changed: Changed) -> None:
    """Only the routes to its Pods; who is the first of the inventory now is not made to be what the first one was."""
    assert changed.after_it.code == 0, changed.after_it.output
    routes = {host: int(host in (SECOND, FRESH, *WORKERS)) for host in changed.after_it.changed}
    assert changed.after_it.changed == routes, changed.after_it.output
    assert changed.last.code == 0, changed.last.output
    assert not any(changed.last.changed.values()), changed.last.output
