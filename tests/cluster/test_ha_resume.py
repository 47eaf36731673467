# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare hosts become a cluster of three control planes by runs that die one after the other, each one change later.

The end is what a run that nobody interrupted left (test_ha_record). All runs are as verbose as can be, and nothing secret
is in anything that they left on the controller.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import left
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import with_groups
from tests.cluster.hosts import Host
from tests.cluster.interrupting import Chain, interrupted
from tests.cluster.playbook import CHECKOUT
from tests.cluster.resuming import (
    FOUNDERS,
    RECORD,
    SHOWN,
    WORKER,
    Declared,
    ended_well,
    gives_nothing_away,
    needles,
)

#: changes that a new cluster takes at least
FEWEST = 15


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    return Declared(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="module")
def chain(declared: Declared, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    command = [sys.executable, "-m", "lab", "reset", "--topology", LAB, *FOUNDERS, WORKER]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    directory: Path = tmp_path_factory.mktemp("resume")
    groups = {"control_plane": list(FOUNDERS), "workers": [WORKER], "load_balancer": ["lb1", "lb2"]}
    playbooks = with_groups(directory, **groups)
    (directory / "kept").mkdir()
    return interrupted(playbooks, "playbooks/site.yml", directory / "kept", *declared.arguments)


@pytest.fixture(scope="module")
def made(chain: Chain, hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    ended_well(chain, FEWEST)
    return Cluster.of(hosts[FOUNDERS[0]], tmp_path_factory.mktemp("made"))


def test_the_last_run_ends_by_itself(made: Cluster, chain: Chain) -> None:
    (RECORD.parent / "stops.txt").write_text("\n".join([*chain.stops, f"{chain.seconds:.0f} s", ""]))
    for name in (*FOUNDERS, WORKER):
        eventually(lambda name=name: ready(made.get("node", name)), f"node {name} is Ready")  # type: ignore[misc]


@pytest.mark.parametrize("name", [*FOUNDERS, WORKER])
def test_files_are_those_of_an_uninterrupted_run(made: Cluster, hosts: dict[str, Host], name: str) -> None:
    wanted = json.loads(RECORD.read_text())[name]
    found = json.loads(json.dumps(left.of_host(hosts[name])))
    assert list(left.differences(wanted, found))[:SHOWN] == []


def test_cluster_is_that_of_an_uninterrupted_run(made: Cluster, hosts: dict[str, Host]) -> None:
    wanted = json.loads(RECORD.read_text())["cluster"]

    def differing() -> list[str]:
        found = json.loads(json.dumps(left.of_cluster(made, hosts[FOUNDERS[0]])))
        return list(left.differences(wanted, found))[:SHOWN]

    eventually(lambda: not differing(), f"{differing()}", 30)


def test_nothing_secret_is_on_the_controller(
    made: Cluster, chain: Chain, hosts: dict[str, Host], declared: Declared
) -> None:
    gives_nothing_away(chain, needles([hosts[name] for name in (*FOUNDERS, WORKER)], made, declared))
