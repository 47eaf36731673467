# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two of three members are gone: whatever one tries is refused, names who is well and who is not, and touches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cluster import faults
from tests.cluster.cluster import Cluster
from tests.cluster.control_planes import power, with_groups
from tests.cluster.hosts import Host
from tests.cluster.joining import STATE
from tests.cluster.playbook import Run

LEFT, LOST, SPARE = "cp1", ("cp2", "cp3"), "s1"
CONTROL_PLANES = (LEFT, *LOST)
BALANCERS = ("lb1", "lb2")
REMOVE = "playbooks/remove_node.yml"
#: of a kubelet that runs only what it is told
CONFIGURED = ("/etc/kubernetes", "/etc/cni/net.d", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env")
FAULT = re.compile(r"etcd: etcd has no majority of its members, so .*?Nothing was changed", re.DOTALL)


class Refused(NamedTuple):
    runs: dict[str, Run]
    before: list[str]
    after: list[str]


@pytest.fixture(scope="module")
def refused(cluster: Cluster, hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refused]:
    directory: Path = tmp_path_factory.mktemp("majority")
    members = [hosts[name] for name in CONTROL_PLANES]
    faults.wait_healthy(cluster, members)
    balancers = list(BALANCERS)
    whole = with_groups(directory, control_plane=list(CONTROL_PLANES), workers=["w1"], load_balancer=balancers)
    with_spare = with_groups(directory, control_plane=[*CONTROL_PLANES, SPARE], workers=["w1"], load_balancer=balancers)

    def state() -> list[str]:
        return [hosts[LEFT].fingerprint(*CONFIGURED), hosts[SPARE].fingerprint(*STATE)]

    before = state()
    for name in LOST:
        power("kill", hosts[name])
    try:
        runs = {
            "removal": whole.play(REMOVE, kubephase_remove_nodes=LOST[-1]),
            "planned removal": whole.play(REMOVE, "--check", kubephase_remove_nodes=LOST[-1]),
            "join": with_spare.site("--limit", f"{LEFT},{SPARE}"),
            "planned join": with_spare.site("--check", "--limit", f"{LEFT},{SPARE}"),
        }
        after = state()
    finally:
        for name in LOST:
            power("start", hosts[name])
    yield Refused(runs, before, after)
    faults.wait_healthy(cluster, members)


@pytest.mark.parametrize("what", ["removal", "planned removal", "join", "planned join"])
def test_it_is_refused(refused: Refused, what: str) -> None:
    run = refused.runs[what]
    assert run.code != 0, run.output
    assert not any(run.changed.values()), run.output


@pytest.mark.parametrize("what", ["removal", "planned removal", "join", "planned join"])
def test_members_and_their_health_are_named(refused: Refused, what: str) -> None:
    run = refused.runs[what]
    said = FAULT.search(run.output)
    assert said, run.output
    for name in CONTROL_PLANES:
        assert f"{name} (" in said[0]


@pytest.mark.parametrize("what", ["join", "planned join"])
def test_it_does_not_take_long(refused: Refused, what: str) -> None:
    """Nobody has to wait for time-outs to hear it."""
    assert refused.runs[what].record["seconds"] < 60


def test_nothing_is_touched(refused: Refused) -> None:
    assert refused.after == refused.before


def test_the_cluster_is_well_when_they_are_back(refused: Refused, cluster: Cluster, hosts: dict[str, Host]) -> None:
    faults.wait_healthy(cluster, [hosts[name] for name in CONTROL_PLANES])
