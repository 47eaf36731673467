# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run finds nothing to do, touches nothing, and costs little."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks, Run

COUNTED = CHECKOUT / "tests/output/molecule/remote_calls.jsonl"
FIRST_RUN = {"cp1": 26, "w1": 14, "w2": 14}
SECOND_RUN = {"cp1": 20, "w1": 12, "w2": 12}


def snapshot(cluster: Cluster, members: list[Host]) -> dict[str, Any]:
    """When everything that runs was started."""
    units = "systemctl show -p ActiveEnterTimestamp -p InvocationID -p MainPID kubelet containerd"
    pods = cluster.items("pods", "-n", "kube-system")
    return {
        **{host.name: host.run(units) for host in members},
        **{
            f"{each['metadata']['name']}/{status['name']}": (status["containerID"], status["restartCount"])
            for each in pods
            for status in each["status"]["containerStatuses"]
        },
    }


@pytest.fixture(scope="module")
def before(cluster: Cluster, members: list[Host]) -> dict[str, Any]:
    return snapshot(cluster, members)


@pytest.fixture(scope="module")
def again(before: dict[str, Any], playbooks: Playbooks) -> Run:
    return playbooks.site()


@pytest.fixture(scope="module")
def plan(playbooks: Playbooks) -> Run:
    return playbooks.site("--check", "--diff")


def test_changes_nothing(again: Run, members: list[Host]) -> None:
    assert again.code == 0, again.output
    assert {host.name: again.changed[host.name] for host in members} == {host.name: 0 for host in members}


def test_runs_no_handler(again: Run) -> None:
    assert "RUNNING HANDLER" not in again.output


def test_restarts_nothing(again: Run, before: dict[str, Any], cluster: Cluster, members: list[Host]) -> None:
    assert snapshot(cluster, members) == before


def test_check_mode_shows_nothing(plan: Run) -> None:
    assert plan.code == 0, plan.output
    assert not any(plan.changed.values()), plan.output
    assert plan.plan == ""


@pytest.mark.parametrize("host", SECOND_RUN)
def test_second_run_is_cheap(again: Run, host: str) -> None:
    assert again.calls[host] <= SECOND_RUN[host]


@pytest.mark.parametrize("host", FIRST_RUN)
def test_first_run_was_cheap(host: str) -> None:
    """The one that molecule counted when it converged."""
    runs = [json.loads(line) for line in COUNTED.read_text().splitlines()]
    converged = next(run for run in runs if host in run["hosts"])
    assert converged["hosts"][host] <= FIRST_RUN[host]
