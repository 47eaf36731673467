# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of etcd dies while clients write, comes back as a fresh host, and joins when its old member was taken out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cluster import etcd_hosts
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import power
from tests.cluster.etcd_hosts import CONTROL_PLANES, ETCD_HOSTS, HOLDER, PKI
from tests.cluster.hosts import Host
from tests.cluster.joining import make_anew
from tests.cluster.playbook import Playbooks, Run
from tests.cluster.watching import writing

LOST = "etcd2"
STAY = [name for name in ETCD_HOSTS if name != LOST]
PLAYBOOK = "playbooks/etcd.yml"


class Lost(NamedTuple):
    gap: float
    missing: list[str]
    written: int
    refused: Run
    returned: Run


@pytest.fixture(scope="module")
def lost(cluster: Cluster, hosts: dict[str, Host], playbooks: Playbooks) -> Iterator[Lost]:
    with writing(cluster, "etcd-tests") as writer:
        writer.wait(3)
        began = time.monotonic()
        power("kill", hosts[LOST])
        writer.wait(5)
        gap = writer.gap(began)
        make_anew(LAB, hosts[LOST])
        refused = playbooks.play(PLAYBOOK)
        returned = playbooks.play(PLAYBOOK, kubephase_etcd_remove_members=[LOST])
        writer.wait(3)
        acknowledged = writer.acknowledged
        yield Lost(gap, writer.missing(acknowledged), len(acknowledged), refused, returned)


def test_the_cluster_works_without_one_host_of_etcd(lost: Lost) -> None:
    assert lost.gap < 15
    assert lost.written > 20 and lost.missing == []


def test_a_host_that_was_made_anew_is_not_taken_for_the_member_it_was(lost: Lost) -> None:
    assert lost.refused.code != 0 and lost.refused.failed == [LOST]
    assert "is a member of etcd" in lost.refused.output and "its data is gone" in lost.refused.output
    assert not any(lost.refused.changed[name] for name in (*STAY, *CONTROL_PLANES))


def test_it_joins_when_the_member_was_taken_out(lost: Lost, hosts: dict[str, Host]) -> None:
    assert lost.returned.code == 0, lost.returned.output
    assert etcd_hosts.members(hosts[HOLDER]) == dict.fromkeys(ETCD_HOSTS, True)
    assert all(etcd_hosts.health(hosts[HOLDER]).values())
    said = hosts[LOST].read("/etc/kubernetes/manifests/etcd.yaml")
    assert "--initial-cluster-state=existing\n" in said


def test_the_authority_is_the_old_one(lost: Lost, hosts: dict[str, Host]) -> None:
    assert hosts[LOST].read(f"{PKI}/etcd/ca.crt") == hosts[HOLDER].read(f"{PKI}/etcd/ca.crt")


def test_nobody_else_was_touched(lost: Lost) -> None:
    """But for the member that was taken out, by the first host that stays."""
    assert {name: count for name, count in lost.returned.changed.items() if count and name != LOST} == {STAY[0]: 1}


def test_the_next_run_changes_nothing(lost: Lost, playbooks: Playbooks) -> None:
    """The member is named still, and is not taken out once more."""
    again = playbooks.play(PLAYBOOK, kubephase_etcd_remove_members=[LOST])
    assert again.code == 0 and not any(again.changed.values()), again.output
