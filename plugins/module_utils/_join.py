# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining a node to a cluster, found by bootstrap token or by file: one state machine that goes on from wherever the host is.

Everything that can be refused is refused before the first file is written: the token, the pins, the CA, whether the API
server takes the token, whether the node's name is free. Only then the kubelet gets its bootstrap kubeconfig.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _bootstrap_fault,
    _discovery_file,
    _join_access,
    _kubeconfig,
    _kubelet_health,
    _membership,
    _registration,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Discovery, Timeouts, now
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Membership, Paths
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

ALL, START, WAIT = "all", "start", "wait"
STAGES = (ALL, START, WAIT)
"""A control plane joins its etcd between the start of its kubelet and the kubelet's certificate."""

_POLL = 0.1
_JOURNAL_LINES = 500


class JoinTimeout(KubephaseError):
    """The kubelet was started, but did not become a member in time."""


@dataclass(frozen=True)
class Wanted:
    """What the host is to join, and as what.

    :param local_server: URL of the host's own API server, which the kubelet of a control plane talks to. Empty: the cluster's.
    :param stage: the whole way, or one half of it.
    """

    node_name: str
    discovery: Discovery = field(default_factory=Discovery)
    cluster_name: str = "kubernetes"
    local_server: str = ""
    stage: str = ALL
    paths: Paths = field(default_factory=Paths)
    timeouts: Timeouts = field(default_factory=Timeouts)


class Join:
    """One run of the state machine.

    :param unit: the kubelet's unit.
    """

    def __init__(self, wanted: Wanted, check_mode: bool = False, unit: Unit | None = None) -> None:
        self._wanted = wanted
        self._paths = wanted.paths
        self._check_mode = check_mode
        self._unit = unit or Unit("kubelet", check_mode)
        self._pins = wanted.discovery.known_pins
        self._actions: list[str] = []
        self._warnings: list[str] = []

    def run(self) -> dict[str, Any]:
        """Make the host a member.

        :returns: ``changed``, ``joined`` (whether this run joined it, or would), ``actions``, ``node_name`` and, where it is a
            member now, ``certificate`` and ``server``.
        """
        found = _membership.membership(self._paths, now())
        if found:
            _membership.require_same(found, self._paths, self._wanted.node_name, self._pins)
        if self._wanted.stage == WAIT and (found is None or os.path.lexists(self._paths.bootstrap_conf)):
            return self._finish()
        if found:
            self._keep(found)
            return self._result(False, found)
        if self._check_mode:
            self._plan()
            return self._result(True, None)
        return self._result(True, self._join())

    def _finish(self) -> dict[str, Any]:
        """The second half: the kubelet has been started, and its API server is about to answer."""
        if self._check_mode:
            self._actions += ["wait for the kubelet's certificate", f"remove {self._paths.bootstrap_conf}"]
            return self._result(True, None)
        try:
            found = self._wait(None)
        finally:
            if os.path.lexists(self._paths.bootstrap_conf):
                self._actions.append(f"removed {self._paths.bootstrap_conf}")
                self._remove_bootstrap_conf()
        return self._result(True, found)

    def _keep(self, found: Membership) -> None:
        """A member already: only what a run that died may have left behind, or somebody has deleted, is put right."""
        if _atomic_file.read(self._paths.ca_cert) is None:
            self._write_ca(found.ca_pem)
        done = self._unit.ensure(enabled=True, state="started")
        # a kubelet registers its node when it starts, and only then
        if not done and _registration.node_is_gone(self._paths.kubelet_conf, self._wanted.node_name):
            done = self._unit.ensure(state="started", restart=True)
            self._actions.append(f"register node {self._wanted.node_name} again")
            self._wait_for_node()
        self._actions += [f"kubelet {one}" for one in done]
        if os.path.lexists(self._paths.bootstrap_conf):
            self._actions.append(f"removed {self._paths.bootstrap_conf}")
            self._remove_bootstrap_conf()

    def _wait_for_node(self) -> None:
        name, patience = self._wanted.node_name, self._wanted.timeouts.api
        deadline = time.monotonic() + patience
        while not self._check_mode and _registration.node_is_gone(self._paths.kubelet_conf, name):
            if time.monotonic() > deadline:
                raise JoinTimeout(
                    f"the kubelet did not register its node again within {patience:.0f} s",
                    where=f"node {name}",
                    hint=f"The kubelet's last lines:\n{self._unit.journal(_JOURNAL_LINES)}",
                )
            time.sleep(_POLL)

    def _plan(self) -> None:
        """What a run would do. Looks at the host alone: in check mode there may be no cluster yet."""
        present = _membership.host_ca(self._paths)
        if present is not None:
            _membership.require_pinned(present, self._paths.ca_cert, self._pins)
        wanted = self._wanted.discovery
        source = _discovery_file.shown(wanted.file) or wanted.endpoint or "the control plane endpoint"
        self._actions.append(f"discover the cluster at {source}")
        if present is None:
            self._actions.append(f"write {self._paths.ca_cert}")
        self._actions.append(f"write {self._paths.bootstrap_conf}")
        if self._wanted.stage == START:
            self._actions.append("start the kubelet")
            return
        self._actions += ["start the kubelet and wait for its certificate", f"remove {self._paths.bootstrap_conf}"]

    def _join(self) -> Membership | None:
        access = self._discover()
        ca_pem = access.cluster.ca_pem
        ca_is_there = _membership.require_equal_ca(self._paths, ca_pem)
        _membership.require_no_foreign_certificate(self._paths, ca_pem, self._wanted.node_name, now())
        _join_access.require_free_name(access, self._wanted.node_name, self._wanted.timeouts.api)
        if not ca_is_there:
            self._write_ca(ca_pem.encode("ascii"))
        if self._wanted.stage == START:
            self._start(access)
            return None
        try:
            self._start(access)
            return self._wait(access)
        finally:
            self._remove_bootstrap_conf()

    def _discover(self) -> Access:
        present = _membership.host_ca(self._paths)
        if present is not None:
            _membership.require_pinned(present, self._paths.ca_cert, self._pins)
        access, self._warnings = _join_access.discover(self._wanted.discovery, self._wanted.timeouts)
        return access

    def _start(self, access: Access) -> None:
        self._write_bootstrap_conf(access)
        # whatever the kubelet is doing now, it read its files before the bootstrap kubeconfig was there
        newer = [self._paths.bootstrap_conf]
        done = self._unit.ensure(enabled=True, state="started", newer_than=newer, restart=True)
        self._actions += [f"kubelet {one}" for one in done]

    def _wait(self, access: Access | None) -> Membership:
        """Until the kubelet is healthy and holds a client certificate that the cluster's CA has signed."""
        timeouts = self._wanted.timeouts
        start = time.monotonic()
        healthy_at: float | None = None
        while True:
            if healthy_at is None and _kubelet_health.is_healthy(self._paths.kubelet_config):
                healthy_at = time.monotonic()
            found = _membership.membership(self._paths, now())
            if found and healthy_at is not None:
                _membership.require_same(found, self._paths, self._wanted.node_name, self._pins)
                return found
            moment = time.monotonic()
            if healthy_at is None and moment - start >= timeouts.kubelet:
                raise self._too_late(f"the kubelet is not healthy after {timeouts.kubelet:.0f} s", access)
            if healthy_at is not None and moment - healthy_at >= timeouts.tls_bootstrap:
                what = f"the kubelet has no signed client certificate after {timeouts.tls_bootstrap:.0f} s"
                raise self._too_late(what, access)
            time.sleep(_POLL)

    def _too_late(self, problem: str, access: Access | None) -> JoinTimeout:
        journal = _bootstrap_fault.distinct_lines(self._unit.journal(_JOURNAL_LINES))
        where = f"node {self._wanted.node_name}"
        if access is not None:
            journal, where = access.conceal(journal), f"{where}, {access.cluster.server}"
            problem = f"{problem}; {self._request_state(access)}"
        return JoinTimeout(problem, where=where, hint=f"The kubelet's last lines:\n{journal}")

    def _request_state(self, access: Access) -> str:
        patience = self._wanted.timeouts.api
        try:
            return _bootstrap_fault.request_state(
                lambda path: _join_access.ask(access, path, patience), self._wanted.node_name
            )
        except KubephaseError as error:
            return str(error)

    def _write_ca(self, pem: bytes) -> None:
        self._actions.append(f"write {self._paths.ca_cert}")
        if not self._check_mode:
            _atomic_file.make_directory(os.path.dirname(self._paths.ca_cert), 0o755)
            _atomic_file.write(self._paths.ca_cert, pem, 0o644)

    def _write_bootstrap_conf(self, access: Access) -> None:
        self._actions.append(f"write {self._paths.bootstrap_conf}")
        mapping = access.kubeconfig(self._wanted.cluster_name, self._wanted.local_server)
        _atomic_file.make_directory(self._paths.kubernetes_dir, 0o755)
        _atomic_file.write(self._paths.bootstrap_conf, _kubeconfig.text(mapping), 0o600)

    def _remove_bootstrap_conf(self) -> None:
        if not self._check_mode and os.path.lexists(self._paths.bootstrap_conf):
            os.unlink(self._paths.bootstrap_conf)

    def _result(self, joined: bool, found: Membership | None) -> dict[str, Any]:
        result: dict[str, Any] = {
            "changed": bool(self._actions),
            "joined": joined,
            "actions": self._actions,
            "node_name": self._wanted.node_name,
            "warnings": self._warnings,
        }
        if found:
            result["certificate"] = _membership.describe(found)
            result["server"] = found.server
        if self._actions:
            title = f"node {self._wanted.node_name}"
            result["diff"] = {
                "before_header": title,
                "after_header": title,
                "before": "" if joined else "joined\n",
                "after": "".join(f"{action}\n" for action in self._actions) if joined else self._after_keep(),
            }
        return result

    def _after_keep(self) -> str:
        return "joined\n" + "".join(f"{action}\n" for action in self._actions)
