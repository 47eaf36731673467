# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's bootstrap tokens: those that are declared, those that are there, and what makes the second the first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import Token, moment_text
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Applier, Change

Object = dict[str, Any]

_SECRETS = f"/api/v1/namespaces/{_bootstrap_token.NAMESPACE}/secrets"
_TOKENS = f"{_SECRETS}?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken"
_ID = re.compile(r"[a-z0-9]{6}\Z")
_TOLERANCE = timedelta(minutes=5)
"""A token's end is written by one clock and the time it was made by another one, a moment later."""


@dataclass(frozen=True)
class Stored:
    """A token that is there.

    :param made: when its Secret was made, None where that is not known.
    """

    token: Token
    made: datetime | None = None

    def has_ended(self, now: datetime) -> bool:
        return self.token.expires is not None and self.token.expires <= now


@dataclass(frozen=True)
class Declared:
    """A token that is to be there, or (``token`` is None) is not.

    :param ttl: how long it lives from when it was made; None where it never ends or its end is a moment.
    """

    id: str
    token: Token | None = None
    ttl: timedelta | None = None

    @classmethod
    def parse(cls, entry: Mapping[str, Any], where: str, now: datetime) -> Declared:
        """From an entry of kubeadm's ``bootstrapTokens``, which may have a ``state`` too."""
        if entry.get("state") == "absent":
            return cls(_parse_id(entry, where))
        if entry.get("id"):
            raise KubephaseError("only for state absent", where=f"{where}.id", hint="Give the whole token as token")
        token = _bootstrap_token.declared(entry, where, now)
        return cls(token.id, token, _bootstrap_token.lifetime(entry, where))


def parse_all(entries: Sequence[Mapping[str, Any]], now: datetime) -> list[Declared]:
    """All declared tokens, each with an ID of its own."""
    found: dict[str, Declared] = {}
    for index, entry in enumerate(entries):
        where = f"bootstrapTokens[{index}]"
        declared = Declared.parse(entry, where, now)
        if declared.id in found:
            raise KubephaseError("another token has this ID", where=f"{where}.token", value=declared.id)
        found[declared.id] = declared
    return list(found.values())


def read(client: Client | None, timeout: float) -> tuple[dict[str, Stored], list[str]]:
    """The stored tokens by ID, and what is wrong with Secrets that look like one."""
    if client is None:
        return {}, []
    stored, faults = {}, []
    for obj in persist(lambda: client.request("GET", _TOKENS), timeout).get("items") or []:
        token = _bootstrap_token.from_secret(obj)
        if token is None:
            name = f"{obj['metadata'].get('namespace', _bootstrap_token.NAMESPACE)}/{obj['metadata']['name']}"
            faults.append(f"Secret {name}: {_bootstrap_token.fault(obj)}")
            continue
        made = obj["metadata"].get("creationTimestamp")
        stored[token.id] = Stored(token, _bootstrap_token.parsed_moment(made) if made else None)
    return stored, faults


def reconcile(
    applier: Applier, declared: Declared, stored: Stored | None, now: datetime
) -> tuple[Change, Token | None]:
    """Make one token what is declared; the token that is there then.

    A ttl is counted from when the token was made. So a token keeps its end as long as the ttl that it was made with is
    declared; another ttl moves its end, and a token whose time is over is made anew.
    """
    token = declared.token
    if token is None or (token.expires is not None and token.expires <= now):
        return _removed(applier, declared.id, stored), None
    renew = stored is not None and stored.has_ended(now)
    if stored is not None and not renew and declared.ttl is not None:
        end = _kept_end(stored, declared.ttl)
        renew = end is not None and end <= now
        token = replace(token, expires=end) if end is not None and not renew else token
    before = None if stored is None else stored.token
    if before is not None and renew:
        # its age counts from when it was made, so it has to be another Secret
        applier.remove(before.to_secret())
        applier.apply(token.to_secret())
        return Change(_label(token.id), "replaced", public(before), public(token, before)), token
    change = applier.apply(token.to_secret())
    shown = None if before is None else public(before)
    return Change(change.label, change.action, shown, public(token, before)), token


def create(applier: Applier, token: Token) -> Change:
    """Store a token that is not there yet."""
    change = applier.apply(token.to_secret())
    return Change(change.label, change.action, None, public(token))


def public(token: Token, other: Token | None = None) -> Object:
    """What a diff shows of a token: all but its secret, of which it says only whether it is another one."""
    changed = other is not None and other.secret != token.secret
    return {
        "metadata": {"name": _label(token.id).rpartition("/")[2], "namespace": _bootstrap_token.NAMESPACE},
        "token": {
            "description": token.description,
            "expires": moment_text(token.expires) if token.expires else "",
            "groups": list(token.groups),
            "secret": "(hidden, changed)" if changed else "(hidden)",
            "usages": sorted(token.usages),
        },
    }


def listed(client: Client, timeout: float, now: datetime, with_secrets: bool) -> dict[str, Any]:
    """The tokens as ``kubeadm token list`` tells of them, by ID; the result of the module."""
    stored, faults = read(client, timeout)
    tokens = [_entry(stored[token_id].token, now, with_secrets) for token_id in sorted(stored)]
    return {"changed": False, "tokens": tokens, "warnings": faults}


def _entry(token: Token, now: datetime, with_secrets: bool) -> dict[str, Any]:
    left = None if token.expires is None else max(0, int((token.expires - now).total_seconds()))
    entry = {
        "id": token.id,
        "description": token.description,
        "expires": moment_text(token.expires) if token.expires else "",
        "expired": token.expires is not None and token.expires <= now,
        "ttl": left,
        "usages": sorted(token.usages),
        "groups": list(token.groups),
    }
    return {**entry, "secret": token.secret} if with_secrets else entry


def _removed(applier: Applier, token_id: str, stored: Stored | None) -> Change:
    if stored is None:
        return Change(_label(token_id), "")
    change = applier.remove(stored.token.to_secret())
    return Change(change.label, change.action, public(stored.token), None)


def _kept_end(stored: Stored, ttl: timedelta) -> datetime | None:
    """The end that a token made when this one was has with that ttl; None where nothing is known of its age."""
    end = stored.token.expires
    if stored.made is None:
        return end
    wanted = stored.made + ttl
    return end if end is not None and abs(end - wanted) <= _TOLERANCE else wanted


def _parse_id(entry: Mapping[str, Any], where: str) -> str:
    for name in ("id", "token"):
        text = str(entry.get(name) or "")
        match = _bootstrap_token.TOKEN.match(text)
        if match or _ID.match(text):
            return match[1] if match else text
        if text:
            raise KubephaseError(
                "neither a bootstrap token nor the ID of one", where=f"{where}.{name}",
                accepted="[a-z0-9]{6} or [a-z0-9]{6}.[a-z0-9]{16}",
            )  # fmt: skip
    raise KubephaseError("neither id nor token is given", where=where)


def _label(token_id: str) -> str:
    return f"Secret {_bootstrap_token.NAMESPACE}/bootstrap-token-{token_id}"
