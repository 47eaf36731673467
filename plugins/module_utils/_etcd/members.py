# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of etcd's members, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import quorum
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Client
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.local import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.quorum import Seat

NOTHING: dict[str, Any] = {
    "members": [], "leader": "", "version": "", "voters": 0, "healthy_voters": 0, "quorum": 0, "has_quorum": False,
    "failure_tolerance": 0,
}  # fmt: skip
"""Where there is no etcd yet."""


def report(
    access: Access, require: str = "", patience: float = 0.0, joining: Sequence[str] | None = None
) -> dict[str, Any]:
    """All members, each asked itself. One that does not answer is a fact too, and no error.

    :param require: ``quorum``, ``addable`` or ``everyone``: an error where that is not so, within ``patience`` seconds.
    :param joining: peer URLs of those that join. Where all are members already, nobody is added and a majority is enough.
    """
    client = Client(access.endpoints, access.credentials)

    def judged() -> tuple[list[Seat], bool]:
        seats, is_agreed = quorum.agreed(client)
        if require:
            quorum.require_majority(seats, is_agreed)
        known = {url for seat in seats for url in seat.member.peer_urls}
        if require in ("addable", "everyone") and (joining is None or set(joining) - known):
            quorum.require_addable(seats, everyone=require == "everyone")
        return seats, is_agreed

    return summary(*quorum.settled(judged, patience))


def summary(seats: Sequence[Seat], is_agreed: bool) -> dict[str, Any]:
    voters = [seat for seat in seats if seat.is_voter]
    well = sum(seat.is_well for seat in voters)
    needed = quorum.majority(len(voters))
    versions = sorted({str(seat.status.found["version"]) for seat in seats if seat.status.found.get("version")})
    return {
        "members": sorted((describe(seat) for seat in seats), key=lambda one: (one["name"], one["id"])),
        "leader": next((seat.member.name for seat in seats if seat.is_leader), ""),
        "version": ", ".join(versions),
        "voters": len(voters),
        "healthy_voters": well,
        "quorum": needed,
        "has_quorum": is_agreed and well >= needed,
        "failure_tolerance": max(0, well - needed),
    }


def describe(seat: Seat) -> dict[str, Any]:
    """The facts of one member; numbers are zero where it does not answer."""
    member, status = seat.member, seat.status
    return {
        "name": member.name,
        "id": member.hex_id,
        "peer_urls": list(member.peer_urls),
        "client_urls": list(member.client_urls),
        "learner": member.is_learner,
        "started": member.has_started,
        "healthy": seat.is_well,
        "error": status.problem,
        "leader": seat.is_leader,
        "version": str(status.found.get("version") or ""),
        "db_size": status.number("dbSize"),
        "db_size_in_use": status.number("dbSizeInUse"),
        "raft_term": status.number("raftTerm"),
        "raft_index": status.number("raftIndex"),
        "raft_applied_index": status.number("raftAppliedIndex"),
    }
