# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host becomes a member of a running etcd: added as a learner, started by the kubelet, promoted when it has caught up.

Each step looks at what etcd says, so that a run that died goes on where it was. etcd takes one learner at a time: whoever comes
second waits.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, TypeVar

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _static_pods_running
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import endpoints, quorum
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import (
    Client,
    Credentials,
    EtcdError,
    EtcdUnreachable,
    Member,
)

T = TypeVar("T")

_PAUSE = 0.25
_LOG_LINES = 12
_HEALTHY_WITHIN = 40.0
_INITIAL_CLUSTER = re.compile(rb"--initial-cluster=(\S+)")
_SETTLED_WITHIN = 5.0


@dataclass(frozen=True)
class Wanted:
    """The member that this host is to be.

    :param endpoints: where other members answer clients; empty means what their Pods say, asked for by ``kubeconfig``.
    :param check: whether etcd has to be well before a member is added, kubeadm's phase check-etcd.
    :param quorum: whether a majority that is well, the new member not counted, is enough for that, as from 1.36 on.
    """

    name: str
    peer_url: str
    client_url: str
    kubeconfig: str = "/etc/kubernetes/admin.conf"
    endpoints: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
    manifests: str = "/etc/kubernetes/manifests"
    data_dir: str = "/var/lib/etcd"
    check: bool = True
    quorum: bool = True
    etcd_timeout: float = 120.0
    api_timeout: float = 60.0


class Joining:
    """Both steps. ``find`` gives the endpoints to begin with, by default those that are wanted or those of the etcd Pods."""

    def __init__(
        self, wanted: Wanted, check_mode: bool = False, find: Optional[Callable[[], Sequence[str]]] = None
    ) -> None:
        self._wanted = wanted
        self._check_mode = check_mode
        self._find = find or self._found

    def add(self) -> dict[str, Any]:
        """Make the host known to the others. Tells what the manifest of its etcd has to say."""
        wanted = self._wanted
        if self._check_mode and not self._can_ask():
            return self._added(True, None, f"{wanted.name}={wanted.peer_url}")
        client, members = self._connect()
        mine = self._mine(members)
        self._require_own_name(members, mine)
        if mine is not None:
            self._require_data(mine)
            return self._added(False, mine, self._written() or self._initial_cluster(members))
        self._require_no_data()
        if wanted.check:
            self._require_health(client, members)
        if self._check_mode:
            return self._added(True, None, f"{wanted.name}={wanted.peer_url}")
        mine, members = self._add(client)
        return self._added(True, mine, self._initial_cluster(members))

    def promote(self) -> dict[str, Any]:
        """Wait until its etcd runs and has caught up, and let it vote."""
        if self._check_mode:
            return {"changed": False, "member_id": ""}
        deadline = time.monotonic() + self._wanted.etcd_timeout
        client, mine = self._started(deadline)
        changed = self._promote(client, mine, deadline)
        self._wait_for_health(client)
        return {"changed": changed, "member_id": mine.hex_id, **self._diff(changed, "promoted")}

    def _found(self) -> Sequence[str]:
        wanted = self._wanted
        return wanted.endpoints or endpoints.from_pods(wanted.kubeconfig, wanted.api_timeout)

    def _can_ask(self) -> bool:
        wanted = self._wanted
        needed = ["" if wanted.endpoints else wanted.kubeconfig, wanted.credentials.certificate]
        return all(os.path.exists(path) for path in needed if path)

    def _connect(self) -> tuple[Client, list[Member]]:
        wanted = self._wanted
        found = self._find()
        return self._retried(
            lambda: endpoints.connect(found, wanted.credentials, wanted.client_url),
            time.monotonic() + wanted.etcd_timeout,
        )

    def _mine(self, members: Sequence[Member]) -> Optional[Member]:
        """By the peer URL: a member has no name before it has started."""
        for member in members:
            if member.peer_urls[:1] == (self._wanted.peer_url,):
                return member
        return None

    def _require_own_name(self, members: Sequence[Member], mine: Optional[Member]) -> None:
        """etcd starts with no list in which two members have one name, and a host that has started needs none."""
        if mine is not None and mine.has_started:
            return
        for other in members:
            if other is not mine and other.name == self._wanted.name:
                raise KubephaseError(
                    f"etcd has another member with this host's name (ID {other.hex_id}, {', '.join(other.peer_urls)})",
                    where=self._wanted.peer_url,
                    value=self._wanted.name,
                    hint=f"If it is gone for good, or got another address, take it out first: {quorum.REMOVE.format(id=other.hex_id)}",
                )

    def _require_data(self, mine: Member) -> None:
        """A voter that has lost its data may not come back under its old identity: it has forgotten how it voted."""
        if mine.has_started and not mine.is_learner and not self._has_data():
            raise KubephaseError(
                f"this host is a member of etcd (ID {mine.hex_id}), but its data is gone",
                where=self._wanted.data_dir,
                hint=f"If the host was installed anew, take the old member out first: {quorum.REMOVE.format(id=mine.hex_id)}",
            )

    def _require_no_data(self) -> None:
        if self._has_data():
            raise KubephaseError(
                "there is data of another etcd, or of a member that was taken out, and this host is not a member",
                where=self._wanted.data_dir,
                hint="Reset this host, or move the directory away, before it joins",
            )

    def _has_data(self) -> bool:
        return os.path.isdir(os.path.join(self._wanted.data_dir, "member"))

    def _require_health(self, client: Client, members: Sequence[Member]) -> None:
        """A learner on its way is no obstacle, it is waited for."""
        voters = [one for one in members if not one.is_learner]
        quorum.settled(
            lambda: quorum.require_addable(quorum.look(client, voters), everyone=not self._wanted.quorum),
            _SETTLED_WITHIN,
        )

    def _add(self, client: Client) -> tuple[Member, list[Member]]:
        """Adding is refused while another learner is there, or a member that has not started: both pass."""
        deadline = time.monotonic() + self._wanted.etcd_timeout

        def attempt() -> tuple[Member, list[Member]]:
            members = client.members()
            mine = self._mine(members)
            # a call that timed out may have been carried out all the same
            return (mine, members) if mine else client.add_learner(self._wanted.peer_url)

        try:
            return self._retried(attempt, deadline)
        except EtcdError as error:
            raise KubephaseError(
                f"etcd takes no new member: {error.message}",
                where=error.where,
                hint=self._why_not(client),
            ) from None

    def _why_not(self, client: Client) -> str:
        members = client.members()
        waiting = [one for one in members if one.is_learner or not one.has_started]
        sick = [] if waiting else [seat for seat in quorum.look(client, members) if not seat.is_well]
        if sick:
            return (
                f"Members are not well: {quorum.named(sick)}. Bring them back, or take out who is gone for good: "
                f"{quorum.REMOVE.format(id=sick[0].member.hex_id)}"
            )
        if not waiting:
            return "Look at the logs of the etcd Pods"
        named = ", ".join(f"{one.name or one.hex_id} ({', '.join(one.peer_urls)})" for one in waiting)
        return (
            f"Another host is joining, or has begun to and never came up: {named}. Finish its join, or take it out: "
            f"{quorum.REMOVE.format(id=waiting[0].hex_id)}"
        )

    def _initial_cluster(self, members: Sequence[Member]) -> str:
        """All members in etcd's order, as kubeadm writes them: those without a name by their ID."""
        wanted = self._wanted
        entries = []
        for member in members:
            url = member.peer_urls[0] if member.peer_urls else ""
            own = url == wanted.peer_url
            entries.append(f"{wanted.name if own else member.name or member.hex_id}={url}")
        return ",".join(entries)

    def _written(self) -> str:
        """What the manifest says that etcd has started with: others that came later do not matter to it."""
        if not self._has_data():
            return ""
        text = _atomic_file.read(os.path.join(self._wanted.manifests, "etcd.yaml")) or b""
        found = _INITIAL_CLUSTER.search(text)
        return found[1].decode("utf-8", "replace") if found and b"initial-cluster-state=existing" in text else ""

    def _started(self, deadline: float) -> tuple[Client, Member]:
        """The member as soon as it has started, which the others see by its name."""
        while True:
            client, members = self._connect()
            mine = self._mine(members)
            if mine is None:
                raise KubephaseError(
                    "this host is not among etcd's members",
                    where=self._wanted.peer_url,
                    hint="It was taken out, or never added: run the whole join again",
                )
            if mine.has_started or not mine.is_learner:
                return client, mine
            if time.monotonic() >= deadline:
                raise self._late("its etcd did not start")
            time.sleep(_PAUSE)

    def _promote(self, client: Client, mine: Member, deadline: float) -> bool:
        if not mine.is_learner:
            return False

        def attempt() -> bool:
            current = self._mine(client.members())
            if current is None or current.is_learner:
                client.promote(mine.id)
            return True

        try:
            return self._retried(attempt, deadline)
        except KubephaseError as error:
            raise self._late(f"its etcd cannot be promoted: {error}") from None

    def _wait_for_health(self, client: Client) -> None:
        """The new member itself has to answer, otherwise its API server cannot work."""
        deadline = time.monotonic() + min(_HEALTHY_WITHIN, self._wanted.etcd_timeout)
        while True:
            problem = client.problem(self._wanted.client_url)
            if not problem:
                return
            if time.monotonic() >= deadline:
                raise self._late(f"its etcd is not well: {problem}")
            time.sleep(_PAUSE)

    def _retried(self, attempt: Callable[[], T], deadline: float) -> T:
        while True:
            try:
                return attempt()
            except (EtcdError, EtcdUnreachable):
                if time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE)

    def _late(self, problem: str) -> KubephaseError:
        log = self._log()
        return KubephaseError(
            f"{problem} within {self._wanted.etcd_timeout:g} seconds",
            where=self._wanted.peer_url,
            hint=f"Last lines of its log:\n{log}" if log else "It has no log: see the kubelet's journal on this host",
        )

    def _log(self) -> str:
        component = _static_pods_running.read(self._wanted.manifests, "etcd")
        return component.log_tail(_LOG_LINES) if component else ""

    def _added(self, changed: bool, mine: Optional[Member], initial_cluster: str) -> dict[str, Any]:
        return {
            "changed": changed,
            "member_id": mine.hex_id if mine else "",
            "initial_cluster": initial_cluster,
            **self._diff(changed, "added"),
        }

    def _diff(self, changed: bool, what: str) -> dict[str, Any]:
        title = f"etcd member {self._wanted.name}"
        if not changed:
            return {}
        after = f"{what} ({self._wanted.peer_url})\n"
        return {"diff": {"before_header": title, "after_header": title, "before": "", "after": after}}
