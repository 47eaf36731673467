# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members leave etcd: judged first, all of them, and then taken out one after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import quorum
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import (
    Client,
    EtcdError,
    EtcdUnreachable,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.local import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.quorum import Seat

_PAUSE = 0.25
_SETTLED_WITHIN = 5.0


@dataclass(frozen=True)
class Unwanted:
    """A member that is to leave.

    :param peer_urls: known addresses. They tell members of one name apart, and a member that never started has no name.
    """

    name: str
    peer_urls: tuple[str, ...] = ()


class Removing:
    """Takes members out, by a client of those that stay."""

    def __init__(self, unwanted: Sequence[Unwanted], access: Access, timeout: float, check_mode: bool = False) -> None:
        self._unwanted = unwanted
        self._access = access
        self._timeout = timeout
        self._check_mode = check_mode

    def run(self) -> dict[str, Any]:
        first = Client(self._access.endpoints, self._access.credentials)
        seats, leaving = quorum.settled(lambda: self._judged(first), _SETTLED_WITHIN)
        staying = [seat for seat in seats if seat not in leaving]
        if leaving and not self._check_mode:
            client = Client(_endpoints(staying), self._access.credentials)
            for seat in leaving:
                self._take_out(client, seat, staying)
            self._wait(client, staying)
        return self._result(leaving, staying)

    def _judged(self, client: Client) -> tuple[list[Seat], list[Seat]]:
        seats, is_agreed = quorum.agreed(client)
        leaving = quorum.in_order(find(self._unwanted, seats))
        if leaving:
            quorum.require_removable(seats, leaving, is_agreed)
        return seats, leaving

    def _take_out(self, client: Client, seat: Seat, staying: Sequence[Seat]) -> None:
        if seat.is_leader:
            self._hand_over(client, seat, staying)
        deadline = time.monotonic() + self._timeout

        def attempt() -> bool:
            if any(one.id == seat.member.id for one in client.members(agreed=True)):
                client.remove(seat.member.id)
            return True

        _retried(attempt, deadline)

    def _hand_over(self, client: Client, leader: Seat, staying: Sequence[Seat]) -> None:
        """A leader that just vanished would be missed until the others have elected a new one."""
        target = next(seat for seat in staying if seat.is_voter and seat.is_well)
        # etcd goes on without it as well, only slower
        try:
            client.lead(leader.status.endpoint, target.member.id)
        except (EtcdError, EtcdUnreachable):
            return

    def _wait(self, client: Client, staying: Sequence[Seat]) -> None:
        """Until all that were well before are well again."""
        deadline = time.monotonic() + self._timeout
        well = [seat.member for seat in staying if seat.is_well]
        while True:
            problems = [seat for seat in quorum.look(client, well) if not seat.is_well]
            if not problems:
                return
            if time.monotonic() >= deadline:
                raise KubephaseError(
                    f"members were taken out, and the others are not well {self._timeout:g} seconds later: "
                    f"{quorum.named(problems)}",
                    where="etcd",
                    hint="Look at the logs of the etcd Pods",
                )
            time.sleep(_PAUSE)

    def _result(self, leaving: Sequence[Seat], staying: Sequence[Seat]) -> dict[str, Any]:
        result: dict[str, Any] = {
            "changed": bool(leaving),
            "removed": [seat.member.name or seat.member.hex_id for seat in leaving],
            "members": [seat.member.name or seat.member.hex_id for seat in staying],
        }
        if not leaving:
            return result
        before = sorted(seat.text for seat in [*leaving, *staying])
        after = sorted(seat.text for seat in staying)
        result["diff"] = {
            "before_header": "etcd members", "after_header": "etcd members",
            "before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after),
        }  # fmt: skip
        voters = sum(seat.is_voter for seat in staying)
        if voters == 2:
            result["warnings"] = ["etcd has two members then, and needs both: add a third one, or take one more out"]
        return result


def find(unwanted: Sequence[Unwanted], seats: Sequence[Seat]) -> list[Seat]:
    """The members that are meant. One that is not there is no error: it may have left in an earlier run."""
    names = {one.name for one in unwanted}
    found = [_find(one, seats, names) for one in unwanted]
    return [seat for index, seat in enumerate(found) if seat is not None and seat not in found[:index]]


def _find(unwanted: Unwanted, seats: Sequence[Seat], names: set[str]) -> Seat | None:
    by_name = [seat for seat in seats if unwanted.name and seat.member.name == unwanted.name]
    by_url = [seat for seat in seats if set(seat.member.peer_urls) & set(unwanted.peer_urls)]
    if len(by_name) > 1:
        both = [seat for seat in by_name if seat in by_url]
        if len(both) == 1:
            return both[0]
        raise KubephaseError(
            f"several members have this name: {quorum.named(by_name)}",
            where="etcd",
            value=unwanted.name,
            hint="Say by its address which one is meant, or take one out with etcdctl member remove",
        )
    if by_name:
        return by_name[0]
    unnamed = [seat for seat in by_url if not seat.member.has_started]
    if unnamed:
        return unnamed[0]
    others = [seat for seat in by_url if seat.member.name not in names]
    if others:
        name = others[0].member.name
        raise KubephaseError(
            f"no member has this name, and the one at its address has another: {quorum.named(others)}",
            where="etcd",
            value=unwanted.name,
            accepted=name,
            hint=f"If {name} is to leave, set kubephase_node_registration: {{name: {name}}} for its host. If {unwanted.name} has "
            f"left before, it need not be named any more. Nothing was changed",
        )
    return None


def _endpoints(seats: Sequence[Seat]) -> list[str]:
    """Those that are well first. A learner answers next to nothing."""
    ordered = sorted((seat for seat in seats if seat.is_voter), key=lambda seat: not seat.is_well)
    return [url for seat in ordered for url in seat.member.client_urls]


def _retried(attempt: Callable[[], bool], deadline: float) -> None:
    while True:
        try:
            attempt()
            return
        except (EtcdError, EtcdUnreachable):
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)
