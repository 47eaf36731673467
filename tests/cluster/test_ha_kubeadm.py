# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kubeadm makes the same cluster on the same hosts, one control plane after the other, and leaves the same.

Compared with what test_ha_record wrote down. Comes last: kubeadm's cluster takes the place of ours.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.bench import by_hand
from tests.cluster import left
from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks
from tests.cluster.resuming import FOUNDERS, RECORD, SHOWN, WORKER

ALL = (*FOUNDERS, WORKER)
#: kubeadm's etcd members come one after the other, ours begin together
MEMBERS = ("--initial-cluster=", "--initial-cluster-state=existing")
#: a token that is given, as by hand, has none
DESCRIPTION = re.compile(r"/objects/secret\.kube-system\.bootstrap-token-tokenid\.yaml/\d+/data/description: ")
#: beside what kubeadm makes: of the collection, of the tests, of the one who installs kubeadm
OWN = "own"


@pytest.fixture(scope="module")
def theirs(
    hosts: dict[str, Host], playbooks: Playbooks, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    nodes, variables = [hosts[name] for name in ALL], playbooks.variables(FOUNDERS[0])
    by_hand.provide(nodes, variables)
    by_hand.reset(nodes)
    by_hand.make(nodes[:-1], nodes[-1:], variables)
    made = Cluster.of(hosts[FOUNDERS[0]], tmp_path_factory.mktemp("theirs"))
    found = {
        **{host.name: left.of_host(host) for host in nodes},
        "cluster": left.of_cluster(made, hosts[FOUNDERS[0]]),
    }
    alike: dict[str, dict[str, Any]] = json.loads(json.dumps(found))
    return alike


@pytest.fixture(scope="module")
def ours() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(RECORD.read_text())
    return found


@pytest.mark.parametrize("name", ALL)
def test_files_are_the_same(name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    wanted, found = (_files(each[name]) for each in (theirs, ours))
    assert list(left.differences(wanted, found))[:SHOWN] == []


def test_objects_are_the_same(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    found = list(left.differences(theirs["cluster"], ours["cluster"]))
    assert [each for each in found if not DESCRIPTION.match(each)][:SHOWN] == []


def test_the_members_of_etcd_are_the_same(theirs: dict[str, Any]) -> None:
    assert theirs["cluster"]["etcd"] == dict.fromkeys(FOUNDERS, False)


def _files(record: dict[str, Any]) -> dict[str, Any]:
    texts = {
        path: [line for line in text.splitlines() if not line.removeprefix("    - ").startswith(MEMBERS)]
        for path, text in record["texts"].items()
    }
    return {**{key: value for key, value in record.items() if key != OWN}, "texts": texts}
