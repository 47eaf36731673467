# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any one host may be lost: clients write through the endpoint all the while, and no acknowledged write may be missing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cluster import faults
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks
from tests.cluster.writer import Access, Writer

CONTROL_PLANES = ("cp1", "cp2", "cp3")
BALANCERS = ("lb1", "lb2")
#: how long the API may be away, in seconds
AWAY = 15.0
#: after a fault the clients have to go on for so long without a failure
CALM = 3.0
#: what needs longer than that to show itself does so within this time
HOLD = 8.0
#: a kubelet renews its lease every ten seconds
LEASE = 10.0


@pytest.fixture(scope="module")
def members(hosts: dict[str, Host]) -> list[Host]:
    return [hosts[name] for name in CONTROL_PLANES]


@pytest.fixture(scope="module")
def balancers(hosts: dict[str, Host]) -> list[Host]:
    return [hosts[name] for name in BALANCERS]


@pytest.fixture(scope="module")
def endpoint(playbooks: Playbooks) -> str:
    """The virtual address."""
    return str(playbooks.variables("cp1")["kubephase_control_plane_endpoint"]).rpartition(":")[0]


@pytest.fixture(scope="module")
def writer(cluster: Cluster) -> Iterator[Writer]:
    """Works through all the faults."""
    writer = Writer(Access.of(cluster.kubeconfig), "fault-tests")
    writer.start()
    yield writer
    writer.stop()
    cluster.kubectl("delete", "namespace", "fault-tests", "--wait=false")


class Watched:
    """What the clients and the worker saw from a fault to its end."""

    def __init__(self, writer: Writer, cluster: Cluster, members: list[Host]) -> None:
        self._writer, self._cluster, self._members = writer, cluster, members
        writer.wait(CALM)
        faults.wait_healthy(cluster, members)
        self._began = time.monotonic()

    def during(self) -> None:
        """While the fault lasts: the clients go on, and so does the worker."""
        time.sleep(HOLD)
        self._writer.wait(CALM)
        said = self._cluster.get("lease", "-n", "kube-node-lease", "w1")["spec"]["renewTime"]
        eventually(
            lambda: self._cluster.get("lease", "-n", "kube-node-lease", "w1")["spec"]["renewTime"] != said,
            "the kubelet of the worker renews its lease",
            LEASE + 5,
        )
        assert ready(self._cluster.get("node", "w1"))

    def after(self, what: str) -> None:
        """When all is healed: for how long a client was kept waiting, and whether anything is missing."""
        faults.wait_healthy(self._cluster, self._members)
        self._writer.wait(CALM)
        gap, failures = self._writer.gap(self._began), self._writer.failures(self._began)
        written = self._writer.acknowledged
        print(f"\n{what}: longest gap {gap:.1f} s, {len(failures)} failed attempts, {len(written)} acknowledged writes")
        assert gap < AWAY, failures
        assert self._writer.missing(written) == []


@pytest.fixture
def watched(writer: Writer, cluster: Cluster, members: list[Host]) -> Watched:
    return Watched(writer, cluster, members)


@pytest.fixture
def leader(cluster: Cluster, members: list[Host], watched: Watched) -> Host:
    """The host whose etcd leads: its loss costs most."""
    return faults.leader(cluster, members)


def test_power_failure_of_a_control_plane(watched: Watched, leader: Host) -> None:
    with faults.power_failure(leader):
        watched.during()
    watched.after(f"power failure of {leader.name}")


def test_pulled_cable_of_a_control_plane(watched: Watched, leader: Host) -> None:
    with faults.pulled_cable(leader):
        watched.during()
    watched.after(f"pulled cable of {leader.name}")


def test_killed_etcd(watched: Watched, leader: Host) -> None:
    faults.kill_process(leader, "etcd")
    watched.after(f"killed etcd of {leader.name}")


def test_killed_api_server(watched: Watched, leader: Host) -> None:
    faults.kill_process(leader, "kube-apiserver")
    watched.after(f"killed kube-apiserver of {leader.name}")


def test_power_failure_of_a_balancer(watched: Watched, balancers: list[Host], endpoint: str) -> None:
    active = faults.holder(balancers, endpoint)
    with faults.power_failure(active):
        watched.during()
        assert faults.holder([host for host in balancers if host != active], endpoint)
    watched.after(f"power failure of {active.name}")
    faults.holder(balancers, endpoint)


def test_killed_haproxy(watched: Watched, balancers: list[Host], endpoint: str) -> None:
    active = faults.holder(balancers, endpoint)
    faults.kill_process(active, "haproxy")
    watched.after(f"killed haproxy of {active.name}")
    eventually(lambda: active.shell("pgrep -x haproxy").stdout, "haproxy runs again", 30)


def test_full_disk(watched: Watched, cluster: Cluster, members: list[Host]) -> None:
    victim = members[-1]
    with faults.small_disk(victim):
        faults.wait_healthy(cluster, members)
        faults.lead(cluster, members, victim)
        with faults.full_disk(victim):
            eventually(lambda: not faults.healthy(cluster, members), "etcd feels that its disk is full", 90)
            watched.during()
        faults.wait_healthy(cluster, members)
    watched.after(f"full disk of {victim.name}")
