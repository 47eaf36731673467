# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of an etcd member is full while clients write through the endpoint: the others go on, and so does it later."""

from __future__ import annotations

from tests.cluster import faults
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.hosts import Host
from tests.cluster.watching import Watched, writing

CONTROL_PLANES = ("cp1", "cp2", "cp3")
#: etcd has made room beforehand: only bytes in quantity need more of it
MUCH = 500_000


def test_full_disk(cluster: Cluster, hosts: dict[str, Host]) -> None:
    members = [hosts[name] for name in CONTROL_PLANES]
    victim = members[-1]
    with writing(cluster, "full-disk-tests") as writer:
        watched = Watched(writer, cluster, members)
        with faults.small_disk(victim):
            faults.wait_healthy(cluster, members)
            faults.lead(cluster, members, victim)
            with faults.full_disk(victim), writing(cluster, "full-disk", MUCH) as much:
                eventually(lambda: not faults.healthy(cluster, members), "etcd feels that its disk is full", 90)
                watched.during()
                assert much.missing(much.acknowledged) == []
            faults.wait_healthy(cluster, members)
        watched.after(f"full disk of {victim.name}", members)
