# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new node needs from the cluster before it is part of it: a token, its rights, and cluster-info."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _bootstrap_token,
    _bootstrap_tokens,
    _ca_bundle,
    _kube_yaml,
    _kubeconfig,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_tokens import Declared, Stored
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Applier, Change, summary

Object = dict[str, Any]

_PUBLIC = "kube-public"
_CLUSTER_INFO = f"/api/v1/namespaces/{_PUBLIC}/configmaps/cluster-info"
_MARGIN = timedelta(minutes=10)
"""A token that ends sooner is not handed to a node that is about to join."""


@dataclass(frozen=True)
class Wanted:
    """What is to be there.

    :param tokens: entries of kubeadm's ``bootstrapTokens``, maybe with a ``state``.
    :param default_ttl: lifetime of a token that is made because a node needs one.
    :param default_description: description of the token of a new cluster.
    :param generate: fields of a new token that is made in any case.
    :param ensure_usable: a node is going to join and needs a token.
    :param returned: give back a token: the new one, or one that a node can use.
    :param objects: API objects that give tokens their rights.
    :param cluster_server: the server that cluster-info names; empty leaves cluster-info alone.
    """

    tokens: Sequence[dict[str, Any]] = ()
    default_ttl: str = _bootstrap_token.DEFAULT_TTL
    default_description: str = ""
    generate: dict[str, Any] | None = None
    ensure_usable: bool = False
    returned: bool = False
    objects: Sequence[Object] = ()
    cluster_server: str = ""


def ensure(wanted: Wanted, kubeconfig: str, server: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring tokens, rights and cluster-info to what is wanted; the result of the module."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    declared = _bootstrap_tokens.parse_all(wanted.tokens, now)
    if wanted.generate is not None:
        _bootstrap_token.generate(wanted.generate, "generate", now)
    client = connect(kubeconfig, server, timeout, check_mode)
    try:
        applier = Applier(client, check_mode=check_mode, timeout=timeout)
        stored, _faults = _bootstrap_tokens.read(client, timeout)
        changes, there = _declared(applier, declared, stored, now)
        made = _made(wanted, there, not any(one.token for one in declared) and _is_first(client, wanted, timeout), now)
        changes += [_bootstrap_tokens.create(applier, token) for token in made]
        # in kubeadm's order: the right to read cluster-info comes after it
        rights = [obj for obj in wanted.objects if (obj.get("metadata") or {}).get("namespace") == _PUBLIC]
        changes += [applier.apply(obj) for obj in wanted.objects if obj not in rights]
        if wanted.cluster_server:
            changes.append(_apply_cluster_info(applier, kubeconfig, wanted.cluster_server))
        changes += [applier.apply(obj) for obj in rights]
    finally:
        if client is not None:
            client.close()
    result = summary(changes)
    if wanted.returned and not check_mode:
        there = {**there, **{token.id: token for token in made}}
        new = made[-1:] if wanted.generate is not None else []
        best = new[0] if new else _usable(there, [one.id for one in declared], now)
        if best is not None:
            result.update(_returned(best, kubeconfig))
    return result


def _declared(
    applier: Applier, declared: Sequence[Declared], stored: dict[str, Stored], now: datetime
) -> tuple[list[Change], dict[str, Token]]:
    """Makes the declared tokens what they are to be; the tokens that are there then, by ID."""
    there = {token_id: one.token for token_id, one in stored.items()}
    changes = []
    for one in declared:
        change, token = _bootstrap_tokens.reconcile(applier, one, stored.get(one.id), now)
        changes.append(change)
        there.pop(one.id, None)
        if token is not None:
            there[one.id] = token
    return changes, there


def _made(wanted: Wanted, there: dict[str, Token], first: bool, now: datetime) -> list[Token]:
    """The tokens to be made: where a node would have none to join with, and the one that is asked for."""
    made = []
    usable = any(token.can_join(now + _MARGIN) for token in there.values())
    if not usable and (first or wanted.ensure_usable):
        entry = {"ttl": wanted.default_ttl, "description": wanted.default_description if first else ""}
        made.append(_bootstrap_token.generate(entry, "generate", now, there))
    if wanted.generate is not None:
        made.append(_bootstrap_token.generate(wanted.generate, "generate", now, there))
    return made


def _is_first(client: Client | None, wanted: Wanted, timeout: float) -> bool:
    """Whether the cluster was never prepared for joining nodes, and is now."""
    if not wanted.cluster_server:
        return False
    return client is None or persist(lambda: client.get(_CLUSTER_INFO), timeout) is None


def _usable(tokens: dict[str, Token], preferred: Sequence[str], now: datetime) -> Token | None:
    """Of those that last long enough: a declared one before others, then the one that lasts longest."""
    usable = [token for token in tokens.values() if token.can_join(now + _MARGIN)]
    never = datetime.max.replace(tzinfo=timezone.utc)
    return max(usable, key=lambda token: (token.id in preferred, token.expires or never, token.id), default=None)


def _returned(token: Token, kubeconfig: str) -> dict[str, Any]:
    """The token in two parts: Ansible masks a returned value that is one of the module's secret arguments.

    And what a node has to know besides it.
    """
    config = _kubeconfig.load(kubeconfig)
    certificates = _ca_bundle.parse_bundle(config.read_ca().decode("ascii", "replace"), kubeconfig)
    return {
        "token": {"id": token.id, "secret": token.secret},
        "endpoint": config.server.replace("https://", ""),
        "ca_cert_hashes": _ca_bundle.pins_of(certificates),
    }


def _apply_cluster_info(applier: Applier, kubeconfig: str, cluster_server: str) -> Change:
    """The signatures that Kubernetes adds to it are other keys, and stay."""
    text = cluster_info_text(kubeconfig, cluster_server)
    return applier.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "cluster-info", "namespace": "kube-public"},
            "data": {"kubeconfig": text},
        }
    )


def cluster_info_text(kubeconfig: str, cluster_server: str) -> str:
    """A kubeconfig without users: the CA as the given one has it (in check mode it may not be there yet), and the server."""
    authority = _kubeconfig.load(kubeconfig).read_ca() if os.path.exists(kubeconfig) else b""
    cluster = {"certificate-authority-data": _kubeconfig.encode(authority), "server": cluster_server}
    return _kube_yaml.dump(
        {
            "apiVersion": "v1",
            "clusters": [{"cluster": cluster, "name": ""}],
            "contexts": None,
            "current-context": "",
            "kind": "Config",
            "users": None,
        }
    )
