# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members leave, unless that could cost the others their majority."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import removing
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Credentials
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.local import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.removing import Removing, Unwanted

THREE = ("cp1", "cp2", "cp3")
LEARNER = {"ID": "9", "name": "new", "peerURLs": ["https://192.0.2.9:2380"], "clientURLs": [], "isLearner": True}
UNSTARTED = {"ID": "9", "peerURLs": ["https://192.0.2.9:2380"]}


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "_SETTLED_WITHIN", 0.0)
    monkeypatch.setattr(removing, "_PAUSE", 0.01)


def remove(ring: Any, *names: str, check_mode: bool = False, urls: tuple[str, ...] = ()) -> dict[str, Any]:
    access = Access(tuple(ring.urls), Credentials())
    return Removing([Unwanted(name, urls) for name in names], access, 0.5, check_mode).run()


def refused(ring: Any, *names: str) -> str:
    """The error, which is the same in check mode. Nothing was asked for."""
    said = set()
    for check_mode in (True, False):
        with pytest.raises(KubephaseError) as caught:
            remove(ring, *names, check_mode=check_mode)
        said.add(str(caught.value))
    assert len(said) == 1
    assert ring.changes == []
    return said.pop()


def test_a_member_leaves(ring: Any) -> None:
    etcd = ring(*THREE)
    result = remove(etcd, "cp2")
    assert (result["changed"], result["removed"], result["members"]) == (True, ["cp2"], ["cp1", "cp3"])
    assert etcd.names == ["cp1", "cp3"]
    assert etcd.changes == ["remove cp2"]
    assert "cp2 (2, https://192.0.2.2:2380): well" in result["diff"]["before"]
    assert "cp2" not in result["diff"]["after"]


def test_again_nothing(ring: Any) -> None:
    etcd = ring(*THREE)
    remove(etcd, "cp2")
    again = remove(etcd, "cp2")
    assert (again["changed"], again["removed"]) == (False, [])
    assert etcd.changes == ["remove cp2"]


def test_two_members_are_warned_of(ring: Any) -> None:
    assert "needs both" in remove(ring(*THREE), "cp3")["warnings"][0]
    assert "warnings" not in remove(ring(*THREE, "cp4"), "cp3")


def test_check_mode_changes_nothing(ring: Any) -> None:
    etcd = ring(*THREE)
    result = remove(etcd, "cp2", check_mode=True)
    assert (result["changed"], result["removed"]) == (True, ["cp2"])
    assert etcd.changes == []


def test_a_leader_hands_over_first(ring: Any) -> None:
    etcd = ring(*THREE)
    remove(etcd, "cp1")
    assert etcd.changes == ["transfer-leadership cp2", "remove cp1"]
    # a leader is asked itself, and a member that leaves is not asked to remove itself
    assert [name for name, path, _body in etcd.calls if path.endswith(("leadership", "remove"))] == ["cp1", "cp2"]


def test_a_leader_that_will_not_hand_over_goes_all_the_same(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.refusals["/v3/maintenance/transfer-leadership"] = [(400, 9, "etcdserver: bad leader transferee")]
    assert remove(etcd, "cp1")["removed"] == ["cp1"]


def test_a_dead_member_leaves(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.dead.add("cp1")
    etcd.leader = "cp2"
    assert remove(etcd, "cp1")["removed"] == ["cp1"]


def test_a_live_member_does_not_leave_beside_a_dead_one(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.dead.add("cp3")
    text = refused(etcd, "cp2")
    assert "cp2 cannot be taken out: the members that remain would have no majority" in text
    assert "got '1 of 2 remaining members well'; accepted: at least 2" in text
    assert "cp1 (1, https://192.0.2.1:2380): leader, well; cp2 (2, https://192.0.2.2:2380): well; cp3 (3, " in text
    assert "etcd does not answer" in text and text.endswith("Nothing was changed")


def test_a_dead_one_first_then_it_may(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.dead.add("cp3")
    assert remove(etcd, "cp2", "cp3", check_mode=True)["removed"] == ["cp3", "cp2"]
    assert remove(etcd, "cp2", "cp3")["removed"] == ["cp3", "cp2"]
    assert etcd.names == ["cp1"]


def test_without_a_majority_nothing_is_possible(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.dead |= {"cp2", "cp3"}
    text = refused(etcd, "cp2")
    assert "etcd has no majority of its members, so cp2 cannot be taken out" in text
    assert "got '0 of 3 members well'" in text
    for name in THREE:
        assert f"{name} (" in text
    assert "restore etcd from a snapshot" in text


def test_a_member_that_knows_no_majority_is_not_believed(ring: Any) -> None:
    """Its own answers look fine, and yet it cannot tell who the members are."""
    etcd = ring(*THREE)
    etcd.refusals["/v3/cluster/member/list"] = [(503, 14, "etcdserver: request timed out")] * 3
    with pytest.raises(KubephaseError, match="no majority"):
        remove(etcd, "cp2")
    assert etcd.changes == []


def test_the_last_member_stays(ring: Any) -> None:
    assert "got '0 of 0 remaining members well'; accepted: at least 1" in refused(ring("cp1"), "cp1")
    assert "cp1, cp2, cp3 cannot be taken out" in "".join(
        sorted(refused(ring(*THREE), *THREE).replace("cp2, cp3, cp1", "cp1, cp2, cp3").splitlines())
    )


@pytest.mark.parametrize("waiting", [LEARNER, UNSTARTED], ids=["learner", "unstarted"])
def test_not_while_another_one_is_on_its_way(ring: Any, waiting: dict[str, Any]) -> None:
    etcd = ring(*THREE)
    etcd.members["new"] = dict(waiting)
    text = refused(etcd, "cp2")
    assert "cp2 cannot be taken out while another member is on its way" in text
    assert "(9, https://192.0.2.9:2380)" in text and "etcdctl member remove 9" in text


def test_a_learner_leaves_whatever_the_others_are(ring: Any) -> None:
    etcd = ring(*THREE)
    etcd.members["new"] = dict(LEARNER)
    etcd.dead.add("cp3")
    assert remove(etcd, "new")["removed"] == ["new"]


def test_a_member_that_never_started_is_found_by_its_address(ring: Any) -> None:
    etcd = ring("cp1")
    etcd.members["new"] = {**UNSTARTED, "isLearner": True}
    assert remove(etcd, "cp9")["removed"] == []
    assert remove(etcd, "cp9", urls=("https://192.0.2.8:2380", "https://192.0.2.9:2380"))["removed"] == ["9"]


def test_two_members_of_one_name(ring: Any) -> None:
    """The host was made anew under another address, and the old member was never taken out."""
    etcd = ring(*THREE, "old")
    etcd.members["old"]["name"] = "cp3"
    etcd.dead.add("old")
    assert "several members have this name" in refused(etcd, "cp3")
    assert remove(etcd, "cp3", urls=("https://192.0.2.4:2380",))["members"] == [*THREE]


def test_a_removal_that_was_carried_out_without_an_answer_is_found(ring: Any) -> None:
    etcd = ring(*THREE)
    answer = etcd.answer

    def lost(name: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        said: tuple[int, dict[str, Any]] = answer(name, path, body)
        return (503, {"code": 14, "message": "etcdserver: request timed out"}) if path.endswith("/remove") else said

    etcd.answer = lost
    assert remove(etcd, "cp2")["removed"] == ["cp2"]
    assert etcd.names == ["cp1", "cp3"]


def test_a_member_of_another_name_at_its_address_is_no_success(ring: Any) -> None:
    etcd = ring(*THREE)
    for check_mode in (True, False):
        with pytest.raises(KubephaseError) as caught:
            remove(etcd, "cp3.example.org", check_mode=check_mode, urls=("https://192.0.2.3:2380",))
        text = str(caught.value)
        assert "got 'cp3.example.org'; accepted: cp3" in text
        assert "kubephase_node_registration: {name: cp3}" in text
    assert etcd.changes == []


def test_another_address_is_nothing_where_its_member_leaves_too(ring: Any) -> None:
    etcd = ring(*THREE)
    assert remove(etcd, "cp2", "old", urls=("https://192.0.2.2:2380",))["removed"] == ["cp2"]
