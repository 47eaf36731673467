# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's work for one host is the same however many there are: real site.yml, hosts that answer at once."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.bench.fleet import Fleet, Measured, play, table

pytestmark = pytest.mark.playbook

#: the time of the controller has sometimes a digit less
DIGITS = 6
#: one text that is made once and tells each node the way to all others
ROUTES = "Give the node its bridge, routes and masquerading"


@pytest.fixture(scope="module")
def small() -> Measured:
    return play(Fleet(4))


@pytest.fixture(scope="module")
def large() -> Measured:
    return play(Fleet(6))


#: hosts that are in both; which of two control planes does what one does for both is not said
PARTS = [("cp2", "cp3"), ("w1",)]


def of(measured: Measured, hosts: tuple[str, ...], field: str) -> Counter[str]:
    """What each task took for these hosts."""
    found: Counter[str] = Counter()
    for run in measured.runs:
        if run["host"] in hosts:
            found[measured.tasks[run["task"]]["task"]] += run[field]
    return found


@pytest.mark.parametrize("hosts", PARTS)
def test_no_host_looks_at_more_of_the_others_where_they_are_more(
    small: Measured, large: Measured, hosts: tuple[str, ...]
) -> None:
    assert len(of(small, hosts, "lookups")) > 20
    assert of(small, hosts, "lookups") == of(large, hosts, "lookups")


@pytest.mark.parametrize("hosts", PARTS)
def test_no_host_is_handed_more_where_they_are_more(small: Measured, large: Measured, hosts: tuple[str, ...]) -> None:
    handed = [of(measured, hosts, "bytes") for measured in (small, large)]
    ways = [tasks.pop(ROUTES) for tasks in handed]
    assert sum(handed[0].values()) > 5000
    assert handed[0] == pytest.approx(handed[1], abs=DIGITS)
    assert 0 < ways[1] - ways[0] < len(hosts) * 2 * 250


def test_every_play_is_in_the_table(small: Measured, large: Measured) -> None:
    lines = table([small, large])
    assert lines[0].split()[-4:] == ["4", "hosts", "6", "hosts"]
    assert [line[:64].strip() for line in lines[1:-4]] == [one["play"] for one in small.plays]
    assert all(line.endswith(" s") for line in lines[1:])


def test_hosts_of_an_inventory() -> None:
    fleet = Fleet(5, members=True)
    groups = fleet.inventory()["all"]["children"]
    assert [list(groups[group]["hosts"]) for group in ("control_plane", "workers")] == [
        ["cp1", "cp2", "cp3"],
        ["w1", "w2"],
    ]
    assert groups["workers"]["hosts"]["w2"] == {"fleet_address": "172.16.0.14", "fleet_member": "worker"}
    many = Fleet(300).nodes()
    assert len({node["pod_cidrs"][0] for node in many}) == len({node["internal_ips"][0] for node in many}) == 300


def test_control_planes_may_skip_what_comes_first_in_a_play() -> None:
    phases = ["control-plane-prepare/certs", "control-plane-prepare/kubeconfig"]
    found = play(Fleet(3), "-e", json.dumps({"kubephase_join_configuration": {"skipPhases": phases}}))
    assert of(found, ("cp1", "cp2", "cp3"), "bytes")["Write the static Pod manifests"] > 10000
