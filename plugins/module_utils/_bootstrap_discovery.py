# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new node needs from the cluster before it is part of it: a token, its rights, and cluster-info."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token, _kube_yaml, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Applier, Change, summary

Object = dict[str, Any]

_SECRETS = f"/api/v1/namespaces/{_bootstrap_token.NAMESPACE}/secrets"
_TOKENS = f"{_SECRETS}?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken"
_CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_MARGIN = timedelta(minutes=10)
"""A token that ends sooner is not handed to a node that is about to join."""


@dataclass(frozen=True)
class Wanted:
    """What is to be there.

    :param tokens: entries of kubeadm's ``bootstrapTokens``.
    :param default_ttl: lifetime of a token made here.
    :param ensure_usable: a node is going to join, so return a token it can use.
    :param objects: API objects that give tokens their rights.
    :param cluster_server: the server that cluster-info names.
    """

    tokens: Sequence[dict[str, Any]]
    default_ttl: str
    ensure_usable: bool
    objects: Sequence[Object]
    cluster_server: str


def ensure(wanted: Wanted, kubeconfig: str, server: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring tokens, rights and cluster-info to what is wanted; the result of the module."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    declared = [
        _bootstrap_token.declared(entry, f"bootstrapTokens[{index}]", now) for index, entry in enumerate(wanted.tokens)
    ]
    client = connect(kubeconfig, server, timeout, check_mode)
    try:
        applier = Applier(client, check_mode=check_mode, timeout=timeout)
        stored, first = _found(client, timeout)
        tokens = _to_make(declared, stored, first, now, wanted)
        changes = [applier.apply(token.to_secret()) for token in tokens]
        changes += [applier.apply(obj) for obj in wanted.objects]
        changes.append(_apply_cluster_info(applier, kubeconfig, wanted.cluster_server))
    finally:
        if client is not None:
            client.close()
    result = summary(changes)
    if wanted.ensure_usable and not check_mode:
        there = {**stored, **{token.id: token for token in tokens}}
        result["token"] = _usable(there, [token.id for token in declared], now)
    return result


def _found(client: Client | None, timeout: float) -> tuple[dict[str, Token], bool]:
    """The stored tokens by id, and whether the cluster was never prepared for joining nodes."""
    if client is None:
        return {}, True
    listed = persist(lambda: client.request("GET", _TOKENS), timeout)
    stored = [_bootstrap_token.from_secret(obj) for obj in listed.get("items") or []]
    first = persist(lambda: client.get(_CLUSTER_INFO), timeout) is None
    return {token.id: token for token in stored if token}, first


def _to_make(
    declared: Sequence[Token], stored: dict[str, Token], first: bool, now: datetime, wanted: Wanted
) -> list[Token]:
    """The tokens to be written: the declared ones, and one of our own where a node would have none to join with."""
    tokens = [_continued(token, stored.get(token.id), now) for token in declared]
    # a declared end that is over: nothing to make, and no longer anybody's to use
    tokens = [token for token in tokens if token.expires is None or token.expires > now]
    usable = any(token.can_join(now + _MARGIN) for token in stored.values())
    if first and not declared and not usable:
        tokens.append(_bootstrap_token.generate(now, wanted.default_ttl, _bootstrap_token.DEFAULT_DESCRIPTION))
    known = {**stored, **{token.id: token for token in tokens}}
    if wanted.ensure_usable and not any(token.can_join(now + _MARGIN) for token in known.values()):
        tokens.append(_bootstrap_token.generate(now, wanted.default_ttl))
    return tokens


def _continued(token: Token, stored: Token | None, now: datetime) -> Token:
    """A stored token keeps its end: a ttl is counted from when the token was made."""
    if token.expires is None or stored is None or stored.expires is None or stored.expires <= now:
        return token
    return replace(token, expires=stored.expires)


def _usable(tokens: dict[str, Token], preferred: Sequence[str], now: datetime) -> dict[str, str]:
    """Of those that last long enough: a declared one before others, then the one that lasts longest.

    In two parts: Ansible masks a returned value that is one of the module's secret arguments.
    """
    usable = [token for token in tokens.values() if token.can_join(now + _MARGIN)]
    never = datetime.max.replace(tzinfo=timezone.utc)
    best = max(usable, key=lambda token: (token.id in preferred, token.expires or never, token.id))
    return {"id": best.id, "secret": best.secret}


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
