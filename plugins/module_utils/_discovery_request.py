# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for cluster-info: what may still come right is asked again, what cannot is an error that says why."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _certificate, _https_get
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import MalformedClusterInfo
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer, Endpoint

T = TypeVar("T")

CLUSTER_INFO = "ConfigMap kube-public/cluster-info"
_PATH = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_CODE_NOT_YET_VALID = 9
CLOCK_CODES = (_CODE_NOT_YET_VALID, 10)
"""OpenSSL's verification codes for a certificate that is not valid yet, and one that has expired."""
_REQUEST_TIMEOUT = 10.0
_HINTS = {
    401: "It does not take anonymous requests (--anonymous-auth=false), so a token cannot discover this cluster",
    403: "The Role that lets everybody read it is missing: kubeadm:bootstrap-signer-clusterinfo in kube-public",
    404: "It is made on the control plane by the phase bootstrap-token",
}


class EndpointUnreachable(KubephaseError):
    """Nobody answers there, or nobody who speaks TLS and HTTP."""


class ClusterInfoMissing(KubephaseError):
    """The API server answers, but does not hand out cluster-info."""


class ServerNotTrusted(KubephaseError):
    """The server's certificate does not come from the CA that cluster-info names."""


class ClockSkew(KubephaseError):
    """By this host's clock a certificate is not valid yet, or not any more."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds.

    :param discovery: for the endpoint to answer and for cluster-info to be there.
    :param token: for what a working cluster does within moments: signing cluster-info for a new token.
    :param first_pause: between two requests; it grows up to ``longest_pause``.
    """

    discovery: float = 300.0
    token: float = 15.0
    first_pause: float = 0.2
    longest_pause: float = 5.0


class NotYet(Exception):
    """What was asked for is not there; ``error`` is to be raised unless it comes right within ``patience`` seconds."""

    def __init__(self, error: KubephaseError, patience: float) -> None:
        super().__init__()
        self.error = error
        self.patience = patience


@dataclass(frozen=True)
class Way:
    """How an endpoint is asked.

    :param headers: credentials, which appear in no text.
    """

    context: ssl.SSLContext
    headers: dict[str, str] | None = None
    server_name: str = ""
    proxy_url: str = ""

    def __repr__(self) -> str:
        return "Way()"


class Requests:
    """Asks one endpoint for cluster-info, all in all for no longer than the patience says."""

    def __init__(
        self,
        endpoint: Endpoint,
        patience: Patience,
        now: Callable[[], datetime.datetime],
        hints: dict[int, str] | None = None,
    ) -> None:
        self.where = f"{endpoint.url}, {CLUSTER_INFO}"
        self._endpoint = endpoint
        self._patience = patience
        self._now = now
        self._hints = {**_HINTS, **(hints or {})}
        self._deadline = time.monotonic() + patience.discovery

    def wait_for(self, read: Callable[[], T]) -> T:
        pause = self._patience.first_pause
        since: dict[type, float] = {}
        while True:
            try:
                return read()
            except NotYet as reason:
                now = time.monotonic()
                first = since.setdefault(type(reason.error), now)
                end = min(self._deadline, first + reason.patience)
                if now >= end:
                    raise reason.error from None
                time.sleep(min(pause, end - now))
                pause = min(pause * 1.5, self._patience.longest_pause)

    def get(self, way: Way, accepted: Sequence[int] = (200,)) -> Answer:
        """One request. What may still come right is NotYet, with how long to wait for it."""
        left = max(1.0, min(_REQUEST_TIMEOUT, self._deadline - time.monotonic()))
        url = self._endpoint.url
        try:
            answer = _https_get.get(
                self._endpoint,
                _PATH,
                way.context,
                timeout=left,
                headers=way.headers,
                server_name=way.server_name,
                proxy_url=way.proxy_url,
            )
        except _https_get.Unreachable as fault:
            error = EndpointUnreachable(
                f"the API server cannot be reached: {fault}",
                where=url,
                hint="Check the address, the port, and that no firewall is between this host and the control plane",
            )
            raise NotYet(error, self._patience.discovery) from None
        except _https_get.NameNotFound as fault:
            error = EndpointUnreachable(
                f"the API server cannot be reached: {fault}", where=url, hint="Check the name and this host's DNS"
            )
            raise NotYet(error, self._patience.token) from None
        except _https_get.NotTrusted:
            raise
        except _https_get.TlsFault as fault:
            error = EndpointUnreachable(f"this is not an API server: {fault}", where=url, hint="Check address and port")
            raise NotYet(error, self._patience.token) from None
        except _https_get.BadAnswer as fault:
            raise MalformedClusterInfo(
                f"this is not an API server: {fault}", where=self.where, hint="Check address and port"
            ) from None
        if answer.status not in accepted:
            self._refuse(answer)
        return answer

    def _refuse(self, answer: Answer) -> None:
        if 300 <= answer.status < 400:
            raise MalformedClusterInfo(
                f"the server answers with a redirect (HTTP {answer.status}), which an API server never does",
                where=self.where,
                hint="Check address and port",
            )
        error = ClusterInfoMissing(
            f"the API server does not hand out cluster-info (HTTP {answer.status})",
            where=self.where,
            hint=self._hints.get(answer.status, "Look at the API server's log"),
        )
        raise NotYet(error, self._patience.token if answer.status == 401 else self._patience.discovery)

    def not_trusted(self, fault: _https_get.NotTrusted, ca_pem: str, seen: bytes = b"") -> KubephaseError:
        """The error for a server whose certificate does not come from this CA; ``seen`` is its certificate, if known."""
        where = self._endpoint.url
        known = _ca_bundle.parse_bundle(ca_pem, where)
        if fault.code in CLOCK_CODES:
            chain = known + ([_ca_bundle.parse_der(seen, where)] if seen else [])
            return clock_error(fault.code == _CODE_NOT_YET_VALID, chain, self._now(), where)
        return ServerNotTrusted(
            f"the server's certificate was not issued by the cluster's CA ({', '.join(_ca_bundle.pins_of(known))}), "
            f"or not for {self._endpoint.host}: {fault}",
            where=where,
            hint="Somebody else answers there now, or the address is not among the API server's certSANs",
        )


def clock_error(early: bool, chain: Sequence[Any], now: datetime.datetime, where: str) -> ClockSkew:
    """The error for a certificate that is outside its time, with both times in it."""
    clock = _certificate.stamp(now)
    if early:
        latest = max(_certificate.not_before(certificate) for certificate in chain)
        return ClockSkew(
            f"by this host's clock ({clock}) the server's certificate is not valid yet: notBefore is "
            f"{_certificate.stamp(latest)}",
            where=where,
            hint="Set this host's clock (NTP) and run again",
        )
    soonest = min(_certificate.not_after(certificate) for certificate in chain)
    return ClockSkew(
        f"by this host's clock ({clock}) the server's certificate has expired: notAfter is {_certificate.stamp(soonest)}",
        where=where,
        hint="Check this host's clock; if it is right, renew the control plane's certificates",
    )
