# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.filter.founding import founding

ALL = "cp1=https://192.0.2.1:2380,cp2=https://192.0.2.2:2380,cp3=https://192.0.2.3:2380"
ALONE = "cp1=https://192.0.2.1:2380"


def fact(
    number: int, initial: str = "", state: str = "", *, begun: bool = False, member: bool = False
) -> dict[str, Any]:
    """As module host_info tells it: who has begun has a kubelet.conf, and is something in a cluster therefore."""
    return {
        "cluster": {"etcd": {"local": {}}},
        "node_registration": {"name": f"cp{number}"},
        "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}"},
        "host": {
            "founding": begun,
            "member": "control_plane" if member else "worker" if begun else "",
            "etcd_initial_cluster": initial,
            "etcd_initial_cluster_state": state,
        },
    }


def told(*facts: dict[str, Any]) -> tuple[list[str], str]:
    found = founding({f"h{number}": each for number, each in enumerate(facts, 1)})
    return found["hosts"], found["initial_cluster"]


def test_all_bare_hosts_begin_together() -> None:
    assert told(fact(1), fact(2), fact(3)) == (["h1", "h2", "h3"], ALL)


def test_one_control_plane_has_an_etcd_of_its_own() -> None:
    assert told(fact(1)) == (["h1"], "")


def test_hosts_that_have_got_no_manifest_yet_begin_again_together() -> None:
    assert told(fact(1, begun=True), fact(2), fact(3, begun=True)) == (["h1", "h2", "h3"], ALL)


def test_hosts_that_all_died_between_kubeconfigs_and_manifests_are_no_clusters_of_their_own() -> None:
    assert told(*(fact(number, begun=True) for number in (1, 2, 3))) == (["h1", "h2", "h3"], ALL)


def test_a_worker_that_became_a_control_plane_begins_nothing() -> None:
    worker = fact(1)
    worker["host"]["member"] = "worker"
    assert told(worker, fact(2)) == ([], "")


def test_a_founding_that_died_is_gone_on_with_by_what_the_manifests_say() -> None:
    reached, missed = fact(1, ALL, begun=True, member=True), fact(2)
    assert told(reached, missed, fact(3, ALL, begun=True)) == (["h1", "h2", "h3"], ALL)
    # one that was added to the inventory meanwhile joins later
    assert told(reached, missed, fact(3), fact(4)) == (["h1", "h2", "h3"], ALL)


def test_a_host_whose_last_step_was_done_is_not_asked_again() -> None:
    done, waits = fact(1, ALL, member=True), fact(2, ALL, begun=True, member=True)
    assert told(done, waits, fact(3, ALL, member=True)) == (["h2"], ALL)


def test_a_founder_that_was_lost_later_joins() -> None:
    standing = fact(1, ALL, member=True), fact(2, ALL, member=True)
    assert told(*standing, fact(3)) == ([], "")


def test_control_planes_beside_a_single_one_join() -> None:
    assert told(fact(1, ALONE, member=True), fact(2), fact(3)) == ([], "")
    # also where the first is not quite done
    assert told(fact(1, ALONE, begun=True, member=True), fact(2)) == (["h1"], "")


def test_one_that_joins_and_died_is_no_founder() -> None:
    both = f"{ALONE},cp2=https://192.0.2.2:2380"
    assert told(fact(1, ALONE, member=True), fact(2, both, "existing")) == ([], "")


def test_without_an_etcd_of_their_own_they_begin_together_too() -> None:
    facts = [fact(1), fact(2)]
    for each in facts:
        each["cluster"]["etcd"] = {"external": {}}
    assert told(*facts) == (["h1", "h2"], "")


def test_ipv6_addresses_stand_in_brackets() -> None:
    facts = [fact(1), fact(2)]
    facts[1]["local_api_endpoint"]["advertiseAddress"] = "2001:db8::2"
    assert told(*facts)[1] == f"{ALONE},cp2=https://[2001:db8::2]:2380"
