# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user of ``kubeadm join`` has (a token, or a kubeconfig that is trusted) to a cluster that lets this host in."""

from __future__ import annotations

import datetime
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _certificate, _https_get
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import PinMismatch, Token, TokenDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_file import FileDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import (
    CLOCK_CODES,
    ClockSkew,
    Patience,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer, parse_endpoint

_UNAUTHORIZED_PATIENCE = 3.0
_PAUSE = 0.5


class TokenRefused(KubephaseError):
    """The API server does not let the token in."""


class NodeExists(KubephaseError):
    """A living node has this name already."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds. ``token`` is for what a working cluster does within moments, like signing cluster-info."""

    discovery: float = 300.0
    token: float = 15.0
    kubelet: float = 240.0
    api: float = 60.0
    tls_bootstrap: float = 300.0


@dataclass(frozen=True)
class Discovery:
    """Where the cluster is, and what shows that it is the one.

    :param endpoint: ``HOST:PORT`` of an API server, for discovery by token.
    :param file: path on the host, or https URL, of a kubeconfig that is trusted, instead of a token.
    :param tls_bootstrap_token: by which the kubelet gets its certificate, where that is not ``token``.
    """

    endpoint: str = ""
    file: str = ""
    token: str = field(default="", repr=False)
    tls_bootstrap_token: str = field(default="", repr=False)
    pins: list[str] = field(default_factory=list)
    unsafe_skip_ca_verification: bool = False

    @property
    def known_pins(self) -> list[str]:
        """The pins in one spelling. A kubeconfig that is trusted needs none."""
        return _ca_bundle.parse_pins(self.pins, "ca_cert_hashes")


def discover(wanted: Discovery, timeouts: Timeouts) -> tuple[Access, list[str]]:
    """Find the cluster. Nothing is written.

    :returns: how to talk to it, and what is worth a warning.
    """
    patience = Patience(discovery=timeouts.discovery, token=timeouts.token)
    bootstrap = wanted.tls_bootstrap_token
    if wanted.file:
        other = Token.parse(bootstrap, "tls_bootstrap_token") if bootstrap else None
        by_file = FileDiscovery(wanted.file, other, patience=patience)
        access = by_file.run()
        _require_pinned(access, wanted.known_pins)
        return access, by_file.warnings
    token = Token.parse(wanted.token, "token")
    let_in = Token.parse(bootstrap, "tls_bootstrap_token") if bootstrap else token
    by_token = TokenDiscovery(
        parse_endpoint(wanted.endpoint, "api_server_endpoint"),
        token,
        wanted.known_pins,
        unsafe_skip_ca_verification=wanted.unsafe_skip_ca_verification,
        patience=patience,
    )
    return Access.by_token(by_token.run(), let_in), []


def _require_pinned(access: Access, pins: list[str]) -> None:
    """A kubeconfig that is trusted needs no pins; those that are given have to be right."""
    found = _ca_bundle.parse_bundle(access.cluster.ca_pem, "discovery_file, certificate-authority-data")
    if pins and not _ca_bundle.any_pinned(found, pins):
        raise PinMismatch(
            f"the cluster's CA is not the pinned one: pinned {', '.join(pins)}, found {', '.join(access.cluster.pins)}",
            where="discovery_file",
            hint="Correct ca_cert_hashes, or give the kubeconfig of the right cluster",
        )


def require_free_name(access: Access, name: str, patience: float) -> None:
    """Ask the API server for the node with the credentials: it shows that they are let in, and that the name is free."""
    answer = ask(access, f"/api/v1/nodes/{quote(name, safe='')}", patience)
    if answer.status == 404:
        return
    require_let_in(access, answer, f"node {name}", "The ClusterRoleBinding kubeadm:get-nodes is missing")
    if _is_ready(answer.body):
        raise NodeExists(
            f"a node named {name!r} that is Ready is in the cluster already",
            where=access.cluster.server,
            hint="Delete that node if it is this host's former self, or join under another name",
        )


def require_let_in(access: Access, answer: Answer, what: str, missing_right: str) -> None:
    """An error unless the API server has answered with ``what`` was asked for."""
    where = access.cluster.server
    if answer.status == 401:
        raise TokenRefused(
            f"the API server does not accept {access.identity} as a credential: it has expired, or it lacks the usage "
            "'authentication'",
            where=where,
            hint="Make a new token on the control plane (role bootstrap_token) and run again",
        )
    if answer.status == 403:
        raise TokenRefused(
            f"{access.identity} may not read {what}",
            where=where,
            hint=f"{missing_right}, or the token is in none of its groups",
        )
    if answer.status != 200:
        raise TokenRefused(f"the API server answers HTTP {answer.status} for {what}", where=where)


def ask(access: Access, path: str, patience: float) -> Answer:
    """One GET with the credentials; what may pass is waited for."""
    start = time.monotonic()
    while True:
        spent = time.monotonic() - start
        try:
            answer = access.ask(path)
            passing = answer.status in (429, 500, 503) and spent < patience
            # an API server learns of a token made a moment ago a moment later
            passing = passing or (answer.status == 401 and access.has_token and spent < _UNAUTHORIZED_PATIENCE)
            if not passing:
                return answer
        except _https_get.Fault as fault:
            if isinstance(fault, _https_get.NotTrusted) and fault.code in CLOCK_CODES:
                raise ClockSkew(
                    f"the API server's certificate is outside its time ({fault}) by this host's clock, "
                    f"{_certificate.stamp(now())}",
                    where=access.cluster.server,
                    hint="Set this host's clock (NTP) and run again",
                ) from None
            if isinstance(fault, _https_get.NotTrusted) or spent >= patience:
                raise KubephaseError(
                    f"the API server that cluster-info names cannot be used: {fault}",
                    where=access.cluster.server,
                    hint="Check that this host can reach the cluster's control plane endpoint, and that the address is "
                    "among the API server's certSANs",
                ) from None
        time.sleep(_PAUSE)


def _is_ready(body: bytes) -> bool:
    try:
        found: Any = json.loads(body)
        return any(one["type"] == "Ready" and one["status"] == "True" for one in found["status"]["conditions"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def now() -> datetime.datetime:
    """The host's clock."""
    return datetime.datetime.now(datetime.timezone.utc)
