# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining a node to a cluster by bootstrap token: one state machine that goes on from wherever the host is.

Everything that can be refused is refused before the first file is written: the token, the pins, the CA, whether the API
server takes the token, whether the node's name is free. Only then the kubelet gets its bootstrap kubeconfig.
"""

from __future__ import annotations

import datetime
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _bootstrap_fault,
    _ca_bundle,
    _certificate,
    _https_get,
    _kubeconfig,
    _kubelet_health,
    _membership,
    _registration,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import Cluster
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import (
    CLOCK_CODES,
    ClockSkew,
    Patience,
    Token,
    TokenDiscovery,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import parse_endpoint
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Membership, Paths
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

_USER = "tls-bootstrap-token-user"
_POLL = 0.1
_JOURNAL_LINES = 500
_UNAUTHORIZED_PATIENCE = 3.0


class TokenRefused(KubephaseError):
    """The API server does not let the token in."""


class NodeExists(KubephaseError):
    """A living node has this name already."""


class JoinTimeout(KubephaseError):
    """The kubelet was started, but did not become a member in time."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds. ``token`` is for what a working cluster does within moments, like signing cluster-info."""

    discovery: float = 300.0
    token: float = 15.0
    kubelet: float = 240.0
    api: float = 60.0
    tls_bootstrap: float = 300.0


@dataclass(frozen=True)
class Wanted:
    """What the host is to join, and as what."""

    node_name: str
    endpoint: str = ""
    token: str = field(default="", repr=False)
    tls_bootstrap_token: str = field(default="", repr=False)
    pins: list[str] = field(default_factory=list)
    unsafe_skip_ca_verification: bool = False
    cluster_name: str = "kubernetes"
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
        self._pins = _ca_bundle.parse_pins(wanted.pins, "ca_cert_hashes")
        self._actions: list[str] = []

    def run(self) -> dict[str, Any]:
        """Make the host a member.

        :returns: ``changed``, ``joined`` (whether this run joined it, or would), ``actions``, ``node_name`` and, where it is a
            member now, ``certificate`` and ``server``.
        """
        found = _membership.membership(self._paths, _now())
        if found:
            _membership.require_same(found, self._paths, self._wanted.node_name, self._pins)
            self._keep(found)
            return self._result(False, found)
        if self._check_mode:
            self._plan()
            return self._result(True, None)
        return self._result(True, self._join())

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
        self._actions.append(f"discover the cluster at {self._wanted.endpoint or 'the control plane endpoint'}")
        if present is None:
            self._actions.append(f"write {self._paths.ca_cert}")
        self._actions += [
            f"write {self._paths.bootstrap_conf}",
            "start the kubelet and wait for its certificate",
            f"remove {self._paths.bootstrap_conf}",
        ]

    def _join(self) -> Membership:
        token = Token.parse(self._wanted.token, "token")
        bootstrap = self._wanted.tls_bootstrap_token
        bootstrap_token = Token.parse(bootstrap, "tls_bootstrap_token") if bootstrap else token
        cluster = self._discover(token)
        ca_is_there = _membership.require_equal_ca(self._paths, cluster.ca_pem)
        _membership.require_no_foreign_certificate(self._paths, cluster.ca_pem, self._wanted.node_name, _now())
        self._require_free_name(cluster, bootstrap_token)
        if not ca_is_there:
            self._write_ca(cluster.ca_pem.encode("ascii"))
        try:
            self._write_bootstrap_conf(cluster, bootstrap_token)
            # whatever the kubelet is doing now, it read its files before the bootstrap kubeconfig was there
            self._actions += [
                f"kubelet {done}"
                for done in self._unit.ensure(
                    enabled=True, state="started", newer_than=[self._paths.bootstrap_conf], restart=True
                )
            ]
            return self._wait(cluster, bootstrap_token)
        finally:
            self._remove_bootstrap_conf()

    def _discover(self, token: Token) -> Cluster:
        timeouts = self._wanted.timeouts
        discovery = TokenDiscovery(
            parse_endpoint(self._wanted.endpoint, "api_server_endpoint"),
            token,
            self._pins,
            unsafe_skip_ca_verification=self._wanted.unsafe_skip_ca_verification,
            patience=Patience(discovery=timeouts.discovery, token=timeouts.token),
        )
        present = _membership.host_ca(self._paths)
        if present is not None:
            _membership.require_pinned(present, self._paths.ca_cert, self._pins)
        return discovery.run()

    def _require_free_name(self, cluster: Cluster, token: Token) -> None:
        """Ask the API server for the node with the token: it shows that the token is let in, and that the name is free."""
        name = self._wanted.node_name
        answer = self._ask(cluster, token, f"/api/v1/nodes/{quote(name, safe='')}")
        if answer.status == 404:
            return
        if answer.status == 401:
            raise TokenRefused(
                f"the API server does not accept token ID {token.id} as a credential: it has expired, or it lacks the usage "
                "'authentication'",
                where=cluster.server,
                hint="Make a new token on the control plane (role bootstrap_token) and run again",
            )
        if answer.status == 403:
            raise TokenRefused(
                f"token ID {token.id} may not read node {name}",
                where=cluster.server,
                hint="The ClusterRoleBinding kubeadm:get-nodes is missing, or the token is in none of its groups",
            )
        if answer.status != 200:
            raise TokenRefused(f"the API server answers HTTP {answer.status} for node {name}", where=cluster.server)
        if _is_ready(answer.body):
            raise NodeExists(
                f"a node named {name!r} that is Ready is in the cluster already",
                where=cluster.server,
                hint="Delete that node if it is this host's former self, or join under another name",
            )

    def _ask(self, cluster: Cluster, token: Token, path: str) -> _https_get.Answer:
        endpoint = parse_endpoint(cluster.server, "cluster-info, server", 443)
        context = _https_get.trusting_context(cluster.ca_pem)
        start = time.monotonic()
        while True:
            spent = time.monotonic() - start
            try:
                answer = _https_get.get(endpoint, path, context, headers={"Authorization": f"Bearer {token}"})
                passing = answer.status in (429, 500, 503) and spent < self._wanted.timeouts.api
                # an API server learns of a token made a moment ago a moment later
                passing = passing or (answer.status == 401 and spent < _UNAUTHORIZED_PATIENCE)
                if not passing:
                    return answer
            except _https_get.Fault as fault:
                if isinstance(fault, _https_get.NotTrusted) and fault.code in CLOCK_CODES:
                    raise ClockSkew(
                        f"the API server's certificate is outside its time ({fault}) by this host's clock, "
                        f"{_certificate.stamp(_now())}",
                        where=endpoint.url,
                        hint="Set this host's clock (NTP) and run again",
                    ) from None
                if isinstance(fault, _https_get.NotTrusted) or spent >= self._wanted.timeouts.api:
                    raise KubephaseError(
                        f"the API server that cluster-info names cannot be used: {fault}",
                        where=endpoint.url,
                        hint="Check that this host can reach the cluster's control plane endpoint, and that the address is "
                        "among the API server's certSANs",
                    ) from None
            time.sleep(0.5)

    def _wait(self, cluster: Cluster, token: Token) -> Membership:
        """Until the kubelet is healthy and holds a client certificate that the cluster's CA has signed."""
        timeouts = self._wanted.timeouts
        start = time.monotonic()
        healthy_at: float | None = None
        while True:
            if healthy_at is None and _kubelet_health.is_healthy(self._paths.kubelet_config):
                healthy_at = time.monotonic()
            found = _membership.membership(self._paths, _now())
            if found and healthy_at is not None:
                _membership.require_same(found, self._paths, self._wanted.node_name, self._pins)
                return found
            now = time.monotonic()
            if healthy_at is None and now - start >= timeouts.kubelet:
                raise self._too_late(f"the kubelet is not healthy after {timeouts.kubelet:.0f} s", cluster, token)
            if healthy_at is not None and now - healthy_at >= timeouts.tls_bootstrap:
                what = f"the kubelet has no signed client certificate after {timeouts.tls_bootstrap:.0f} s"
                raise self._too_late(what, cluster, token)
            time.sleep(_POLL)

    def _too_late(self, problem: str, cluster: Cluster, token: Token) -> JoinTimeout:
        try:
            state = _bootstrap_fault.request_state(lambda path: self._ask(cluster, token, path), self._wanted.node_name)
        except KubephaseError as error:
            state = str(error)
        journal = _bootstrap_fault.distinct_lines(self._unit.journal(_JOURNAL_LINES)).replace(token.secret, "***")
        return JoinTimeout(
            f"{problem}; {state}",
            where=f"node {self._wanted.node_name}, {cluster.server}",
            hint=f"The kubelet's last lines:\n{journal}",
        )

    def _write_ca(self, pem: bytes) -> None:
        self._actions.append(f"write {self._paths.ca_cert}")
        if not self._check_mode:
            _atomic_file.make_directory(os.path.dirname(self._paths.ca_cert), 0o755)
            _atomic_file.write(self._paths.ca_cert, pem, 0o644)

    def _write_bootstrap_conf(self, cluster: Cluster, token: Token) -> None:
        self._actions.append(f"write {self._paths.bootstrap_conf}")
        mapping = _kubeconfig.build(
            server=cluster.server,
            ca=cluster.ca_pem.encode("ascii"),
            cluster=self._wanted.cluster_name,
            user=_USER,
            token=str(token),
        )
        # kubeadm names the context before it knows the cluster's name
        mapping["current-context"] = mapping["contexts"][0]["name"] = f"{_USER}@kubernetes"
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


def _is_ready(body: bytes) -> bool:
    try:
        found = json.loads(body)
        conditions = found["status"]["conditions"]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
