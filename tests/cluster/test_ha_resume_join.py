# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane joins a running cluster by runs that die one after the other, each one change later.

It is what the control plane is that joined before it in one go (test_ha_membership), but for name and address.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import left
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.control_planes import etcd_members, with_groups
from tests.cluster.hosts import Host
from tests.cluster.interrupting import Chain, interrupted
from tests.cluster.resuming import RECORD, SHOWN, Declared, ended_well, gives_nothing_away, needles

RUNNING, JOINED, JOINING = "cp2", "s1", "cp1"
#: changes that a join takes at least, on a host that was reset
FEWEST = 8


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    return Declared(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="module")
def cluster(hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """As one that stays knows it."""
    return Cluster.of(hosts[RUNNING], tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def chain(declared: Declared, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    directory: Path = tmp_path_factory.mktemp("resume_join")
    (directory / "kept").mkdir()
    playbooks = with_groups(
        directory, control_plane=[RUNNING, JOINED, JOINING], workers=["w1"], load_balancer=["lb1", "lb2"]
    )
    assert playbooks.site("--limit", "load_balancer").code == 0
    # the hosts that it concerns: the one that joins, and the one that it gets its certificates from
    limited = ("--limit", f"{RUNNING},{JOINING}")
    return interrupted(playbooks, "playbooks/site.yml", directory / "kept", *declared.arguments, *limited)


@pytest.fixture(scope="module")
def grown(chain: Chain, cluster: Cluster) -> Cluster:
    ended_well(chain, FEWEST)
    return cluster


def test_the_last_run_ends_by_itself(grown: Cluster, chain: Chain) -> None:
    (RECORD.parent / "stops-join.txt").write_text("\n".join([*chain.stops, f"{chain.seconds:.0f} s", ""]))
    eventually(lambda: ready(grown.get("node", JOINING)), f"node {JOINING} is Ready")
    assert etcd_members(grown, f"etcd-{RUNNING}") == dict.fromkeys((RUNNING, JOINED, JOINING), False)


def test_files_are_those_of_an_uninterrupted_join(grown: Cluster, hosts: dict[str, Host]) -> None:
    wanted, found = (_neutral(left.of_host(hosts[name]), hosts[name]) for name in (JOINED, JOINING))
    assert list(left.differences(wanted, found))[:SHOWN] == []


def test_nothing_secret_is_on_the_controller(
    grown: Cluster, chain: Chain, hosts: dict[str, Host], declared: Declared
) -> None:
    gives_nothing_away(chain, needles([hosts[name] for name in (RUNNING, JOINING)], grown, declared))


def _neutral(state: dict[str, Any], host: Host) -> dict[str, Any]:
    """Without name and address of the host, and without the members that etcd had when it came."""
    text = re.sub(r"--initial-cluster=[^\\]+", "--initial-cluster=MEMBERS", json.dumps(state))
    text = re.sub(rf"\b{re.escape(host.address)}\b", "ADDRESS", text)
    neutral: dict[str, Any] = json.loads(re.sub(rf"\b{host.name}\b", "NAME", text))
    # sums of files that hold name or address
    return {key: _in_one_order(value) for key, value in neutral.items() if key != "own"}


def _in_one_order(value: Any) -> Any:
    """The names of a certificate, whatever the host's own was among them."""
    if isinstance(value, dict):
        return {key: _in_one_order(each) for key, each in value.items()}
    if isinstance(value, list):
        parts = [_in_one_order(each) for each in value]
        return sorted(parts) if all(isinstance(each, str) for each in parts) else parts
    return value
