# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flag of all API servers changes, one control plane after the other; a bad one stops at the first. Clients write on."""

from __future__ import annotations

import copy
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from tests.cluster.background import Background
from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run
from tests.cluster.watching import Watched, writing

FIRST, *OTHERS = CONTROL_PLANES = ("cp1", "cp2", "cp3")
BYSTANDERS = ("w1", "lb1", "lb2")
PORT = 6443
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
GOOD = {"name": "event-ttl", "value": "2h0m0s"}
FLAG = f"--{GOOD['name']}={GOOD['value']}"
BAD = {"name": "no-such-flag", "value": "1"}
#: seconds that an API server gets which will never start
SHORT = 45


class Listening(Background):
    """When API servers did not listen: none does between its end and its next start, however busy the machine is."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self._refused: dict[str, list[tuple[float, float]]] = {host.name: [] for host in hosts}
        super().__init__(self._look, hosts)

    def away(self, name: str) -> tuple[float, float]:
        """From the first refusal to the last one."""
        assert self._refused[name], f"the API server of {name} was never away"
        return self._refused[name][0][0], self._refused[name][-1][1]

    def _look(self, host: Host) -> None:
        while not self._over.wait(0.1):
            began = time.monotonic()
            try:
                socket.create_connection((host.address, PORT), timeout=2).close()
            except ConnectionRefusedError:
                self._refused[host.name].append((began, time.monotonic()))
            except OSError:
                # too busy to answer
                continue


@contextmanager
def listening(hosts: Sequence[Host]) -> Iterator[Listening]:
    found = Listening(hosts)
    found.start()
    try:
        yield found
    finally:
        found.stop()


class Changed(NamedTuple):
    plan: Run
    untouched: list[str]
    change: Run
    listening: Listening
    flags: list[list[str]]
    before_bad: list[str]
    bad: Run
    after_bad: list[str]
    flags_when_bad: list[list[str]]
    healed: Run
    flags_when_healed: list[list[str]]
    again: Run


def configuration(playbooks: Playbooks, *arguments: dict[str, str]) -> dict[str, Any]:
    """The inventory's, with these arguments of the API servers besides."""
    found = copy.deepcopy(playbooks.variables(FIRST).get("kubephase_cluster_configuration", {}))
    server = found.setdefault("apiServer", {})
    server["extraArgs"] = [*server.get("extraArgs", []), *arguments]
    return {"kubephase_cluster_configuration": found}


def flags(members: Sequence[Host]) -> list[list[str]]:
    """Of each API server that runs, those that this test gives."""
    script = "for p in $(pgrep -x kube-apiserver); do tr '\\0' '\\n' < /proc/$p/cmdline; done"
    wanted = re.compile(f"--(?:{GOOD['name']}|{BAD['name']})=")
    return [[line for line in host.run(script).splitlines() if wanted.match(line)] for host in members]


def state(host: Host) -> str:
    """Manifests with the times they were written, and when the API server was started."""
    written = f"stat -c %y {MANIFEST}"
    started = "for p in $(pgrep -x kube-apiserver); do echo $p $(cut -d' ' -f22 /proc/$p/stat); done"
    return host.run(f"{written}; {started}") + host.fingerprint("/etc/kubernetes/manifests")


@pytest.fixture(scope="module")
def members(hosts: dict[str, Host]) -> list[Host]:
    return [hosts[name] for name in CONTROL_PLANES]


@pytest.fixture(scope="module")
def changed(cluster: Cluster, members: list[Host], playbooks: Playbooks) -> Iterator[Changed]:
    good, bad = configuration(playbooks, GOOD), configuration(playbooks, BAD)
    others = members[1:]
    with writing(cluster, "change-tests") as writer:
        before = [state(host) for host in members]
        plan = playbooks.site("--check", "--diff", **good)
        untouched = [host.name for host, said in zip(members, before) if state(host) == said]

        watched = Watched(writer, cluster, members)
        with listening(members) as seen:
            change = playbooks.site(**good)
        assert change.code == 0, change.output[-20000:]
        watched.after("a flag of all API servers changed", members)
        flags_after = flags(members)

        watched = Watched(writer, cluster, members)
        before_bad = [state(host) for host in others]
        failed = playbooks.site(**bad, wait_control_plane_component_timeout=SHORT)
        watched.during()
        after_bad, flags_when_bad = [state(host) for host in others], flags(others)
        healed = playbooks.site()
        assert healed.code == 0, healed.output[-20000:]
        watched.after("a bad flag, taken back", members)
        flags_when_healed = flags(members)
        again = playbooks.site()
        yield Changed(
            plan, untouched, change, seen, flags_after,
            before_bad, failed, after_bad, flags_when_bad,
            healed, flags_when_healed, again,
        )  # fmt: skip


def test_check_mode_shows_it_for_all_and_changes_none(changed: Changed) -> None:
    assert changed.plan.code == 0, changed.plan.output
    assert changed.plan.plan.splitlines().count(f"+    - {FLAG}") == len(CONTROL_PLANES), changed.plan.plan
    assert changed.untouched == list(CONTROL_PLANES)


def test_all_have_it(changed: Changed) -> None:
    assert changed.flags == [[FLAG]] * len(CONTROL_PLANES)


def test_others_have_nothing_to_do(changed: Changed) -> None:
    found = changed.change.changed
    assert all(found[name] for name in CONTROL_PLANES), changed.change.output
    assert {name: found[name] for name in BYSTANDERS} == dict.fromkeys(BYSTANDERS, 0)


def test_they_changed_one_after_the_other(changed: Changed) -> None:
    away = [changed.listening.away(name) for name in CONTROL_PLANES]
    assert all(ended < began for (_, ended), (began, _) in pairwise(away)), away


def test_a_bad_one_is_named(changed: Changed) -> None:
    run = changed.bad
    assert run.code != 0 and run.failed == [FIRST], run.output
    assert "kube-apiserver" in run.error, run.error
    assert f"unknown flag: --{BAD['name']}" in " ".join(run.output.split()), run.output


def test_a_bad_one_stops_at_the_first(changed: Changed) -> None:
    assert changed.after_bad == changed.before_bad
    assert changed.flags_when_bad == [[FLAG]] * len(OTHERS)


def test_one_run_heals_it(changed: Changed) -> None:
    """And takes the flag back that was good, from the others."""
    assert changed.flags_when_healed == [[]] * len(CONTROL_PLANES)
    assert [name for name in CONTROL_PLANES if changed.healed.changed[name]] == list(CONTROL_PLANES), (
        changed.healed.output
    )


def test_then_nothing_is_left_to_do(changed: Changed) -> None:
    assert changed.again.code == 0, changed.again.output
    assert not any(changed.again.changed.values()), changed.again.output
