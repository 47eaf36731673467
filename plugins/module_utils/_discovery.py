# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: from an endpoint nobody has vouched for to a cluster whose CA is known.

Every way of discovery (:class:`TokenDiscovery` is one) ends in a :class:`Cluster`, and raises one of this file's errors
where it cannot trust what it was told. Nothing is written anywhere.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _certificate, _https_get, _jws
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import TOKEN
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import (
    Cluster,
    MalformedClusterInfo,
    parse_cluster_info,
    parse_config_map,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer, Endpoint

CLUSTER_INFO = "ConfigMap kube-public/cluster-info"
_PATH = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_NEW_TOKEN = "Make a new token on the control plane (role bootstrap_token, or 'kubeadm token create') and run again"
_CODE_NOT_YET_VALID = 9
CLOCK_CODES = (_CODE_NOT_YET_VALID, 10)
"""OpenSSL's verification codes for a certificate that is not valid yet, and one that has expired."""
_REQUEST_TIMEOUT = 10.0


class InvalidToken(KubephaseError):
    """The text is no bootstrap token."""


class EndpointUnreachable(KubephaseError):
    """Nobody answers there, or nobody who speaks TLS and HTTP."""


class ClusterInfoMissing(KubephaseError):
    """The API server answers, but does not hand out cluster-info."""


class TokenUnknown(KubephaseError):
    """The cluster signed cluster-info for other tokens only."""


class SignatureMissing(KubephaseError):
    """The cluster signed cluster-info for no token at all."""


class SignatureForged(KubephaseError):
    """What stands in the place of the signature was never made by a cluster."""


class TokenMismatch(KubephaseError):
    """The signature was made with another secret than this token's."""


class PinMismatch(KubephaseError):
    """The cluster's CA is none of the pinned ones."""


class ServerNotTrusted(KubephaseError):
    """The server's certificate does not come from the CA that cluster-info names."""


class ClockSkew(KubephaseError):
    """By this host's clock a certificate is not valid yet, or not any more."""


class ClusterInfoChanged(KubephaseError):
    """The verified answer is another than the unverified one."""


@dataclass(frozen=True)
class Token:
    """A bootstrap token. Its secret stays out of every text made from it."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, where: str) -> Token:
        match = TOKEN.match(text)
        if not match:
            raise InvalidToken(
                "not a bootstrap token", where=where, accepted="6 lower-case letters or digits, a dot, 16 more of them"
            )
        return cls(match.group(1), match.group(2))

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"


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


class _NotYet(Exception):
    def __init__(self, error: KubephaseError, patience: float) -> None:
        super().__init__()
        self.error = error
        self.patience = patience


class TokenDiscovery:
    """Discovery by bootstrap token, as kubeadm does it.

    cluster-info is read once from a server that is not verified. Its signature shows that whoever wrote it knows the
    token's secret, the pins show that its CA is the expected one; then it is read again over TLS verified against that CA.

    :param pins: ``sha256:HEX`` of SubjectPublicKeyInfo; empty only with ``unsafe_skip_ca_verification``.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: Token,
        pins: Sequence[str],
        *,
        unsafe_skip_ca_verification: bool = False,
        patience: Patience | None = None,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
    ) -> None:
        self._endpoint = endpoint
        self._token = token
        self._pins = _ca_bundle.parse_pins(pins, "ca_cert_hashes")
        if not self._pins and not unsafe_skip_ca_verification:
            raise KubephaseError(
                "no CA is pinned",
                where="ca_cert_hashes",
                hint="Give the hash of the cluster's CA, or set unsafe_skip_ca_verification to trust the token alone",
            )
        self._patience = patience or Patience()
        self._now = now
        self._deadline = 0.0

    def run(self) -> Cluster:
        """Read and check cluster-info. Waits until it is there and signed for the token."""
        self._deadline = time.monotonic() + self._patience.discovery
        answer, data = self._wait_for(self._read_unverified)
        kubeconfig = self._verified_kubeconfig(data)
        cluster = parse_cluster_info(kubeconfig, self._where)
        certificates = _ca_bundle.parse_bundle(cluster.ca_pem, f"{self._where}, certificate-authority-data")
        if not self._pins:
            return cluster
        if not _ca_bundle.any_pinned(certificates, self._pins):
            raise PinMismatch(
                f"the cluster's CA is not the pinned one: pinned {', '.join(self._pins)}, found {', '.join(cluster.pins)}",
                where=self._where,
                hint="Correct ca_cert_hashes if this is the right cluster; if the hash was right, somebody else answers there",
            )
        again = self._wait_for(lambda: self._read_verified(_ca_bundle.bundle_pem(certificates), answer.certificate))
        if again != kubeconfig:
            raise ClusterInfoChanged(
                "the kubeconfig in cluster-info read over verified TLS differs from the one read before",
                where=self._where,
                hint="It may just have been changed: run again. If it stays, somebody answers in the API server's place",
            )
        return cluster

    @property
    def _where(self) -> str:
        return f"{self._endpoint.url}, {CLUSTER_INFO}"

    def _wait_for(self, read: Callable[[], Any]) -> Any:
        pause = self._patience.first_pause
        since: dict[type, float] = {}
        while True:
            try:
                return read()
            except _NotYet as reason:
                now = time.monotonic()
                first = since.setdefault(type(reason.error), now)
                end = min(self._deadline, first + reason.patience)
                if now >= end:
                    raise reason.error from None
                time.sleep(min(pause, end - now))
                pause = min(pause * 1.5, self._patience.longest_pause)

    def _get(self, context: Any) -> Answer:
        """One request. What may still come right is _NotYet, with how long to wait for it."""
        left = max(1.0, min(_REQUEST_TIMEOUT, self._deadline - time.monotonic()))
        url = self._endpoint.url
        try:
            answer = _https_get.get(self._endpoint, _PATH, context, timeout=left)
        except _https_get.Unreachable as fault:
            error = EndpointUnreachable(
                f"the API server cannot be reached: {fault}",
                where=url,
                hint="Check the address, the port, and that no firewall is between this host and the control plane",
            )
            raise _NotYet(error, self._patience.discovery) from None
        except _https_get.NameNotFound as fault:
            error = EndpointUnreachable(
                f"the API server cannot be reached: {fault}", where=url, hint="Check the name and this host's DNS"
            )
            raise _NotYet(error, self._patience.token) from None
        except _https_get.NotTrusted:
            raise
        except _https_get.TlsFault as fault:
            error = EndpointUnreachable(f"this is not an API server: {fault}", where=url, hint="Check address and port")
            raise _NotYet(error, self._patience.token) from None
        except _https_get.BadAnswer as fault:
            raise MalformedClusterInfo(
                f"this is not an API server: {fault}", where=self._where, hint="Check address and port"
            ) from None
        self._check_status(answer)
        return answer

    def _check_status(self, answer: Answer) -> None:
        if answer.status == 200:
            return
        if 300 <= answer.status < 400:
            raise MalformedClusterInfo(
                f"the server answers with a redirect (HTTP {answer.status}), which an API server never does",
                where=self._where,
                hint="Check address and port",
            )
        hints = {
            401: "It does not take anonymous requests (--anonymous-auth=false), so a token cannot discover this cluster",
            403: "The Role that lets everybody read it is missing: kubeadm:bootstrap-signer-clusterinfo in kube-public",
            404: "It is made on the control plane by the phase bootstrap-token",
        }
        error = ClusterInfoMissing(
            f"the API server does not hand out cluster-info (HTTP {answer.status})",
            where=self._where,
            hint=hints.get(answer.status, "Look at the API server's log"),
        )
        raise _NotYet(error, self._patience.token if answer.status == 401 else self._patience.discovery)

    def _read_unverified(self) -> tuple[Answer, dict[str, str]]:
        answer = self._get(_https_get.insecure_context())
        data = parse_config_map(answer.body, self._where)
        if data.get(self._signature_key):
            return answer, data
        others = sorted(key for key in data if key.startswith("jws-kubeconfig-"))
        if not others:
            raise _NotYet(
                SignatureMissing(
                    "cluster-info carries no signature at all",
                    where=self._where,
                    hint="The cluster has no token with usage 'signing', or its kube-controller-manager (bootstrapsigner) "
                    "does not run",
                ),
                self._patience.token,
            )
        raise _NotYet(
            TokenUnknown(
                f"token ID {self._token.id} is not known there: it is expired, deleted, or another cluster's",
                where=self._where,
                hint=_NEW_TOKEN,
            ),
            self._patience.token,
        )

    @property
    def _signature_key(self) -> str:
        return f"jws-kubeconfig-{self._token.id}"

    def _verified_kubeconfig(self, data: dict[str, str]) -> str:
        kubeconfig, signature = data.get("kubeconfig", ""), data[self._signature_key]
        if not kubeconfig:
            raise MalformedClusterInfo("it has no kubeconfig", where=self._where)
        if not _jws.is_for(signature, self._token.id):
            raise SignatureForged(
                f"{self._signature_key} is not a signature for this token (a detached HS256 JWS of its ID)",
                where=self._where,
                hint="No Kubernetes cluster writes such a signature: do not trust what answers there",
            )
        payload = kubeconfig.encode("utf-8", "surrogatepass")
        if not _jws.verify(signature, payload, self._token.id, self._token.secret):
            raise TokenMismatch(
                f"the signature was not made with this token: cluster-info was signed with another secret for token ID "
                f"{self._token.id}, or was changed after it was signed",
                where=self._where,
                hint=f"Check the token: wrong secret, or a token of another cluster. {_NEW_TOKEN}",
            )
        return kubeconfig

    def _read_verified(self, ca_pem: str, seen: bytes) -> str:
        try:
            context = _https_get.trusting_context(ca_pem)
            answer = self._get(context)
        except _https_get.NotTrusted as fault:
            raise self._not_trusted(fault, ca_pem, seen) from None
        except OSError as error:
            raise MalformedClusterInfo(f"its CA cannot be used: {error}", where=self._where) from None
        return parse_config_map(answer.body, self._where).get("kubeconfig", "")

    def _not_trusted(self, fault: _https_get.NotTrusted, ca_pem: str, seen: bytes) -> KubephaseError:
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
