# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any one host may be lost: clients write through the endpoint all the while, and no acknowledged write may be missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import faults
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks
from tests.cluster.watching import Watched, writing
from tests.cluster.writer import Writer

CONTROL_PLANES = ("cp1", "cp2", "cp3")
BALANCERS = ("lb1", "lb2")


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
    with writing(cluster, "fault-tests") as writer:
        yield writer


@pytest.fixture
def watched(writer: Writer, cluster: Cluster, members: list[Host]) -> Watched:
    return Watched(writer, cluster, members)


@pytest.fixture
def leader(cluster: Cluster, members: list[Host], watched: Watched) -> Host:
    """The host whose etcd leads: its loss costs most."""
    return faults.leader(cluster, members)


def test_power_failure_of_a_control_plane(watched: Watched, leader: Host, members: list[Host]) -> None:
    with faults.power_failure(leader):
        watched.during()
    watched.after(f"power failure of {leader.name}", members)


def test_pulled_cable_of_a_control_plane(watched: Watched, leader: Host, members: list[Host]) -> None:
    with faults.pulled_cable(leader):
        watched.during()
    watched.after(f"pulled cable of {leader.name}", members)


def test_killed_etcd(watched: Watched, leader: Host, members: list[Host]) -> None:
    faults.kill_process(leader, "etcd")
    watched.after(f"killed etcd of {leader.name}", members)


def test_killed_api_server(watched: Watched, leader: Host, members: list[Host]) -> None:
    faults.kill_process(leader, "kube-apiserver")
    watched.after(f"killed kube-apiserver of {leader.name}", members)


def test_power_failure_of_a_balancer(
    watched: Watched, balancers: list[Host], members: list[Host], endpoint: str
) -> None:
    active = faults.holder(balancers, endpoint)
    with faults.power_failure(active):
        watched.during()
        assert faults.holder([host for host in balancers if host != active], endpoint)
    serves = "systemctl --quiet is-active haproxy keepalived"
    eventually(lambda: active.shell(serves).returncode == 0, f"{active.name} balances again", 60)
    watched.after(f"power failure of {active.name}", members)
    faults.holder(balancers, endpoint)


def test_killed_haproxy(watched: Watched, balancers: list[Host], members: list[Host], endpoint: str) -> None:
    active = faults.holder(balancers, endpoint)
    faults.kill_process(active, "haproxy")
    watched.after(f"killed haproxy of {active.name}", members)
    eventually(lambda: active.shell("pgrep -x haproxy").stdout, "haproxy runs again", 30)
