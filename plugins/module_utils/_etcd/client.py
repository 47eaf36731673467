# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of etcd's API on the standard library, through the JSON gateway that every etcd server has."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

CALL_SECONDS = 2.0
"""kubeadm's patience with one call."""

_LEARNER = "rpc not supported for learner"
_UNAVAILABLE = 14


class EtcdError(KubephaseError):
    """etcd answered, and the answer is an error.

    :param code: gRPC's status code.
    """

    def __init__(self, where: str, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message, where=where)

    @property
    def is_too_many_learners(self) -> bool:
        return "too many learner members" in self.message


class EtcdUnreachable(KubephaseError):
    """No member answered."""


@dataclass(frozen=True)
class Member:
    """One member, as the others know it.

    :param name: empty until it has started.
    """

    id: int
    name: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    is_learner: bool = False

    @property
    def hex_id(self) -> str:
        """As etcdctl prints it."""
        return f"{self.id:x}"

    @property
    def has_started(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True)
class Status:
    """What a member answered, and what is wrong with it, empty where nothing is."""

    endpoint: str
    problem: str
    found: Mapping[str, Any]

    def number(self, name: str) -> int:
        """proto3's JSON leaves out zeros, and writes 64 bit numbers as text."""
        return int(self.found.get(name) or 0)


@dataclass(frozen=True)
class Credentials:
    """Files of the client's certificate, and of the authority that the servers' certificates come from; empty for plain HTTP."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def context(self) -> Optional[ssl.SSLContext]:
        if not self.ca:
            return None
        for path in (self.ca, self.certificate, self.key):
            if path and not os.path.exists(path):
                raise KubephaseError(
                    "it is missing, and etcd lets nobody in without it",
                    where=path,
                    hint="Run role pki first",
                )
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise KubephaseError(
                f"the certificates for etcd cannot be loaded: {error}", where=self.certificate
            ) from None
        return context


class Client:
    """Asks the first of ``endpoints`` that answers.

    :param endpoints: URLs of members' client ports.
    """

    def __init__(self, endpoints: Sequence[str], credentials: Credentials, timeout: float = CALL_SECONDS) -> None:
        self.endpoints = list(endpoints)
        self._context = credentials.context()
        self._timeout = timeout

    def members(self, agreed: bool = False) -> list[Member]:
        """All members, in etcd's own order: as one member knows them, or, where ``agreed``, as a majority does now."""
        return _members(self._first("/v3/cluster/member/list", {"linearizable": True} if agreed else {}))

    def add_learner(self, peer_url: str) -> tuple[Member, list[Member]]:
        """A new member that does not vote yet, and all members with it."""
        answer = self._first("/v3/cluster/member/add", {"peerURLs": [peer_url], "isLearner": True})
        return _member(answer.get("member") or {}), _members(answer)

    def promote(self, member_id: int) -> list[Member]:
        """Let a learner vote. Refused until it has caught up."""
        return _members(self._first("/v3/cluster/member/promote", {"ID": str(member_id)}))

    def remove(self, member_id: int) -> list[Member]:
        """Take a member out."""
        return _members(self._first("/v3/cluster/member/remove", {"ID": str(member_id)}))

    def lead(self, endpoint: str, member_id: int) -> None:
        """Have the leader, which is asked itself, hand over to another member."""
        self.call(endpoint, "/v3/maintenance/transfer-leadership", {"targetID": str(member_id)})

    def status(self, endpoint: str) -> Status:
        """What one member says of itself."""
        try:
            found = self.call(endpoint, "/v3/maintenance/status", {})
        except (EtcdError, EtcdUnreachable) as error:
            return Status(endpoint, str(error), {})
        faults = [str(fault) for fault in found.get("errors") or []]
        if int(found.get("leader") or 0) == 0:
            faults.append("it knows no leader")
        return Status(endpoint, f"{endpoint}: {', '.join(faults)}" if faults else "", found)

    def problem(self, endpoint: str) -> str:
        """What is wrong with one member; empty where it serves and knows a leader."""
        return self.status(endpoint).problem

    def call(self, endpoint: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One call to one member.

        :raises EtcdError: it answered with an error.
        :raises EtcdUnreachable: it did not answer.
        """
        url = urlsplit(endpoint)
        connection: http.client.HTTPConnection
        host, port = url.hostname or "", url.port or 2379
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        try:
            connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "verify_message", "") or str(error) or type(error).__name__
            raise EtcdUnreachable(f"etcd does not answer: {reason}", where=endpoint) from None
        finally:
            connection.close()
        return _parsed(text, answer.status, endpoint)

    def _first(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        failures: list[KubephaseError] = []
        for endpoint in self.endpoints:
            try:
                return self.call(endpoint, path, body)
            except EtcdUnreachable as error:
                failures.append(error)
            except EtcdError as error:
                # a learner answers next to nothing, a member that is cut off nothing at all: another one may
                if _LEARNER not in error.message and error.code != _UNAVAILABLE:
                    raise
                failures.append(error)
        reasons = "; ".join(str(failure) for failure in failures)
        raise EtcdUnreachable(f"no member of etcd answers ({reasons or 'none is known'})", where="etcd")


def _parsed(text: bytes, status: int, endpoint: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise EtcdUnreachable(f"what answers there is no etcd (HTTP {status})", where=endpoint)
    if status >= 400 or "code" in found:
        raise EtcdError(
            endpoint, int(found.get("code") or 0), str(found.get("message") or found.get("error") or status)
        )
    return found


def _members(answer: Mapping[str, Any]) -> list[Member]:
    return [_member(one) for one in answer.get("members") or []]


def _member(found: Mapping[str, Any]) -> Member:
    """proto3's JSON leaves out what is empty, and writes 64 bit numbers as text."""
    return Member(
        id=int(found.get("ID") or 0),
        name=str(found.get("name") or ""),
        peer_urls=tuple(found.get("peerURLs") or ()),
        client_urls=tuple(found.get("clientURLs") or ()),
        is_learner=bool(found.get("isLearner")),
    )
