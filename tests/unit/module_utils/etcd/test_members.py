# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of etcd's members, and how a host finds them."""

from __future__ import annotations

import pathlib
import threading
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import local, members
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Credentials, EtcdUnreachable
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.local import Access

ETCD = """
apiVersion: v1
kind: Pod
spec:
  containers:
  - name: etcd
    command: [etcd, --advertise-client-urls=https://192.0.2.1:2379, --name=cp1]
"""
SERVER = """
apiVersion: v1
kind: Pod
spec:
  containers:
  - name: kube-apiserver
    command: [kube-apiserver, "--etcd-servers=https://192.0.2.7:2379,https://192.0.2.8:2379", --etcd-cafile=/e/ca.crt,
      --etcd-certfile=/e/client.crt, --etcd-keyfile=/e/client.key]
"""


def report(ring: Any) -> dict[str, Any]:
    return members.report(Access(tuple(ring.urls), Credentials()))


def test_facts(ring: Any) -> None:
    etcd = ring("cp2", "cp1")
    found = report(etcd)
    assert [one["name"] for one in found["members"]] == ["cp1", "cp2"]
    assert found["members"][1] == {
        "name": "cp2", "id": "1", "peer_urls": ["https://192.0.2.1:2380"], "client_urls": [etcd.urls[0]],
        "learner": False, "started": True, "healthy": True, "error": "", "leader": True, "version": "3.7.3",
        "db_size": 4096, "db_size_in_use": 2048, "raft_term": 3, "raft_index": 77, "raft_applied_index": 77,
    }  # fmt: skip
    assert {key: value for key, value in found.items() if key != "members"} == {
        "leader": "cp2", "version": "3.7.3", "voters": 2, "healthy_voters": 2, "quorum": 2, "has_quorum": True,
        "failure_tolerance": 0,
    }  # fmt: skip
    assert set(found) == set(members.NOTHING)


def test_one_that_is_gone(ring: Any) -> None:
    etcd = ring("cp1", "cp2", "cp3", "cp4", "cp5")
    etcd.dead.add("cp4")
    found = report(etcd)
    (dead,) = [one for one in found["members"] if not one["healthy"]]
    assert (dead["name"], dead["version"], dead["db_size"]) == ("cp4", "", 0)
    assert "etcd does not answer" in dead["error"]
    assert (found["voters"], found["healthy_voters"], found["quorum"]) == (5, 4, 3)
    assert (found["has_quorum"], found["failure_tolerance"]) == (True, 1)


def test_without_a_majority(ring: Any) -> None:
    etcd = ring("cp1", "cp2", "cp3")
    etcd.dead |= {"cp1", "cp2"}
    found = report(etcd)
    assert (found["has_quorum"], found["leader"], found["failure_tolerance"]) == (False, "", 0)
    assert "it knows no leader" in found["members"][2]["error"]


def test_what_is_required(ring: Any) -> None:
    """Each error names all members."""
    etcd = ring("cp1", "cp2", "cp3")
    access = Access(tuple(etcd.urls), Credentials())
    assert members.report(access, "addable")["has_quorum"]
    etcd.dead.add("cp2")
    assert members.report(access, "quorum")["has_quorum"]
    with pytest.raises(KubephaseError, match="not well enough for one more member: cp1 .*cp2 .*cp3 "):
        members.report(access, "addable")
    etcd.dead.add("cp3")
    with pytest.raises(KubephaseError, match="no majority of its members, so it can store nothing: cp1 .*cp2 .*cp3 "):
        members.report(access, "quorum", 0.1)
    threading.Timer(0.2, etcd.dead.clear).start()
    assert members.report(access, "quorum", 20.0)["healthy_voters"] == 3


def test_who_is_a_member_already_needs_no_more_than_a_majority(ring: Any) -> None:
    """The join of a learner that died is gone on with, whoever else is gone."""
    etcd = ring("cp1", "cp2", "cp3")
    access = Access(tuple(etcd.urls), Credentials())
    etcd.members["new"] = {"ID": "255", "peerURLs": ["https://192.0.2.9:2380"], "isLearner": True}
    etcd.dead.add("cp2")
    assert members.report(access, "addable", joining=["https://192.0.2.9:2380"])["has_quorum"]
    for joining in (["https://192.0.2.9:2380", "https://192.0.2.8:2380"], None):
        with pytest.raises(KubephaseError, match="not well enough for one more member"):
            members.report(access, "addable", joining=joining)


def test_up_to_1_35_everyone_has_to_be_well(ring: Any) -> None:
    etcd = ring("cp1", "cp2", "cp3", "cp4", "cp5")
    access = Access(tuple(etcd.urls), Credentials())
    etcd.dead.add("cp2")
    assert members.report(access, "addable", joining=["https://192.0.2.9:2380"])["has_quorum"]
    with pytest.raises(KubephaseError, match="4 of 5 members well; accepted: at least 5|at least 5"):
        members.report(access, "everyone", joining=["https://192.0.2.9:2380"])


def test_learners_do_not_count(ring: Any) -> None:
    etcd = ring("cp1", "cp2", "cp3")
    etcd.members["cp3"]["isLearner"] = True
    etcd.members["new"] = {"ID": "255", "peerURLs": ["https://192.0.2.9:2380"], "isLearner": True}
    found = report(etcd)
    assert (found["voters"], found["quorum"]) == (2, 2)
    new = found["members"][0]
    assert (new["id"], new["learner"], new["started"], new["error"]) == ("ff", True, False, "it has not started")


def test_nobody_answers() -> None:
    with pytest.raises(EtcdUnreachable, match="no member of etcd answers"):
        members.report(Access(("http://127.0.0.1:1",), Credentials()))


def test_etcds_own_manifest_tells_where_it_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "etcd.yaml").write_text(ETCD)
    (tmp_path / "kube-apiserver.yaml").write_text(SERVER)
    found = local.find(str(tmp_path), "/p")
    assert found == Access(
        ("https://192.0.2.1:2379",),
        Credentials("/p/etcd/ca.crt", "/p/etcd/healthcheck-client.crt", "/p/etcd/healthcheck-client.key"),
    )


def test_the_members_that_it_began_with_are_asked_after_its_own(tmp_path: pathlib.Path) -> None:
    peers = "cp1=https://192.0.2.1:2380,cp2=https://192.0.2.2:2380,cp3=https://[2001:db8::3]:2380"
    (tmp_path / "etcd.yaml").write_text(ETCD.replace("--name=cp1", f'"--initial-cluster={peers}"'))
    found = local.find(str(tmp_path), "/p")
    assert found and found.endpoints == (
        "https://192.0.2.1:2379",
        "https://192.0.2.2:2379",
        "https://[2001:db8::3]:2379",
    )


def test_else_that_of_the_api_server(tmp_path: pathlib.Path) -> None:
    (tmp_path / "kube-apiserver.yaml").write_text(SERVER)
    assert local.find(str(tmp_path), "/p") == Access(
        ("https://192.0.2.7:2379", "https://192.0.2.8:2379"),
        Credentials("/e/ca.crt", "/e/client.crt", "/e/client.key"),
    )


def test_what_is_given_wins(tmp_path: pathlib.Path) -> None:
    (tmp_path / "kube-apiserver.yaml").write_text(SERVER)
    own = Credentials("/o/ca.crt", "/o/c.crt", "/o/c.key")
    given = ("https://192.0.2.9:2379",)
    assert local.access(str(tmp_path), "/p", given) == Access(
        given, Credentials("/e/ca.crt", "/e/client.crt", "/e/client.key")
    )
    assert local.access(str(tmp_path), "/p", (), own) == Access(
        ("https://192.0.2.7:2379", "https://192.0.2.8:2379"), own
    )
    assert local.access(str(tmp_path / "none"), "/p", given) == Access(given, local.stacked("/p"))


def test_the_hosts_own_come_after_what_may_be_guessed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "etcd.yaml").write_text(ETCD)
    found = local.access(str(tmp_path), "/p", ("https://192.0.2.1:2379", "https://192.0.2.2:2379"), own=True)
    assert found and found.endpoints == ("https://192.0.2.1:2379", "https://192.0.2.2:2379")
    found = local.access(str(tmp_path), "/p", ("https://192.0.2.2:2379",), own=True)
    assert found and found.endpoints == ("https://192.0.2.2:2379", "https://192.0.2.1:2379")


def test_a_host_that_knows_nothing(tmp_path: pathlib.Path) -> None:
    assert local.access(str(tmp_path), "/p") is None
    with pytest.raises(KubephaseError, match="nothing tells where etcd is"):
        local.require(None, str(tmp_path))
