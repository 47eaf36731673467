# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How etcd's members are, and whether one more or one less can be dared. The rules are those etcd itself has (its
strict-reconfig-check), applied before anything is changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, TypeVar

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import (
    Client,
    EtcdError,
    EtcdUnreachable,
    Member,
    Status,
)

T = TypeVar("T")

_PAUSE = 0.25
_UNTOUCHED = "Nothing was changed"
REMOVE = "playbook kubephase.cluster.remove_node, or etcdctl member remove {id} on another control plane"
"""How a member is taken out."""


@dataclass(frozen=True)
class Seat:
    """A member and how it is."""

    member: Member
    status: Status = field(default_factory=lambda: Status("", "it has not started", {}))

    @property
    def is_voter(self) -> bool:
        return not self.member.is_learner

    @property
    def is_well(self) -> bool:
        return not self.status.problem

    @property
    def is_leader(self) -> bool:
        return self.is_well and self.status.number("leader") == self.member.id

    @property
    def text(self) -> str:
        """For errors: who it is, where, and what is wrong."""
        member = self.member
        kinds = ["learner"] if member.is_learner else ["leader"] if self.is_leader else []
        said = ", ".join([*kinds, self.status.problem or "well"])
        return f"{member.name or 'no name yet'} ({member.hex_id}, {', '.join(member.peer_urls)}): {said}"


def look(client: Client, members: Sequence[Member]) -> list[Seat]:
    """Ask every member how it is, all at once: those that are gone cost one time-out together."""

    def ask(member: Member) -> Seat:
        answers: list[Status] = []
        for url in member.client_urls:
            answers.append(client.status(url))
            if not answers[-1].problem:
                return Seat(member, answers[-1])
        return Seat(member, answers[0]) if answers else Seat(member)

    if not members:
        return []
    with ThreadPoolExecutor(max_workers=min(len(members), 16)) as pool:
        return list(pool.map(ask, members))


def agreed(client: Client) -> tuple[list[Seat], bool]:
    """All members, and whether a majority of them agrees on who they are. Where none does, one of them is believed: that
    is enough for saying what is wrong."""
    try:
        return look(client, client.members(agreed=True)), True
    except (EtcdError, EtcdUnreachable):
        return look(client, client.members()), False


def settled(judge: Callable[[], T], seconds: float) -> T:
    """What ``judge`` says, or its refusal where that stands for a while: an election, or a member that starts, passes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return judge()
        except KubephaseError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)


def majority(voters: int) -> int:
    return voters // 2 + 1


def require_majority(seats: Sequence[Seat], is_agreed: bool, what: str = "it can store nothing") -> None:
    voters = [seat for seat in seats if seat.is_voter]
    if not is_agreed or sum(seat.is_well for seat in voters) < majority(len(voters)):
        raise _lost(seats, what)


def require_addable(seats: Sequence[Seat], everyone: bool = False) -> None:
    """An error where one more voter could cost etcd its majority.

    :param everyone: every member has to be well, as for kubeadm up to 1.35.
    """
    voters = [seat for seat in seats if seat.is_voter]
    well = sum(seat.is_well for seat in voters)
    needed = len(voters) if everyone or len(voters) == 1 else majority(len(voters) + 1)
    if well >= needed:
        return
    if well < majority(len(voters)):
        raise _lost(seats, "no member can be added")
    dead = next(seat.member.hex_id for seat in voters if not seat.is_well)
    raise KubephaseError(
        f"etcd is not well enough for one more member: {named(seats)}",
        where="etcd",
        value=f"{well} of {len(voters)} members well",
        accepted=f"at least {needed}",
        hint=f"Bring the others back first, or take out who is gone for good ({REMOVE.format(id=dead)}). {_UNTOUCHED}",
    )


def require_removable(seats: Sequence[Seat], leaving: Sequence[Seat], is_agreed: bool = True) -> None:
    """An error where etcd would not have a majority that is well at every step, as the members leave one after the other."""
    what = f"{', '.join(seat.member.name or seat.member.hex_id for seat in leaving)} cannot be taken out"
    require_majority(seats, is_agreed, what)
    waiting = [seat for seat in seats if seat not in leaving and (not seat.is_voter or not seat.member.has_started)]
    if waiting:
        raise KubephaseError(
            f"{what} while another member is on its way: {named(waiting)}",
            where="etcd",
            hint=f"Finish its join, or take it out first ({REMOVE.format(id=waiting[0].member.hex_id)}). {_UNTOUCHED}",
        )
    remaining = [seat for seat in seats if seat.is_voter]
    for seat in leaving:
        remaining = [one for one in remaining if one is not seat]
        well, needed = sum(one.is_well for one in remaining), majority(len(remaining))
        if not remaining or well < needed:
            raise KubephaseError(
                f"{what}: the members that remain would have no majority. {named(seats)}",
                where="etcd",
                value=f"{well} of {len(remaining)} remaining members well",
                accepted=f"at least {needed}",
                hint=f"Bring the other members back, or add new ones, first. {_UNTOUCHED}",
            )


def in_order(leaving: Sequence[Seat]) -> list[Seat]:
    """Who does not work goes first, the leader last."""
    return sorted(leaving, key=lambda seat: (seat.is_voter and seat.is_well, seat.is_leader))


def named(seats: Sequence[Seat]) -> str:
    return "; ".join(seat.text for seat in seats)


def _lost(seats: Sequence[Seat], what: str) -> KubephaseError:
    voters = [seat for seat in seats if seat.is_voter]
    well = sum(seat.is_well for seat in voters)
    needed = majority(len(voters))
    return KubephaseError(
        f"etcd has no majority of its members, so {what}: {named(seats)}",
        where="etcd",
        value=f"{well} of {len(voters)} members well",
        accepted=f"at least {needed}",
        hint=f"Bring members back until {needed} are well; if they are gone for good, restore etcd from a snapshot. {_UNTOUCHED}",
    )
