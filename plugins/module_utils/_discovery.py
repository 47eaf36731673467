# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: from an endpoint nobody has vouched for to a cluster whose CA is known.

This is discovery by bootstrap token, ``_discovery_file`` has the other way. Both end in a :class:`Cluster`, and raise an error
where they cannot trust what they were told. Nothing is written anywhere.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _https_get, _jws
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import TOKEN
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import (
    Cluster,
    MalformedClusterInfo,
    parse_cluster_info,
    parse_config_map,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import (
    NotYet,
    Patience,
    Requests,
    Way,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer, Endpoint

_NEW_TOKEN = "Make a new token on the control plane (role bootstrap_token, or 'kubeadm token create') and run again"


class InvalidToken(KubephaseError):
    """The text is no bootstrap token."""


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

    def run(self) -> Cluster:
        """Read and check cluster-info. Waits until it is there and signed for the token."""
        requests = Requests(self._endpoint, self._patience, self._now)
        answer, data = requests.wait_for(lambda: self._read_unverified(requests))
        kubeconfig = self._verified_kubeconfig(data, requests.where)
        cluster = parse_cluster_info(kubeconfig, requests.where)
        certificates = _ca_bundle.parse_bundle(cluster.ca_pem, f"{requests.where}, certificate-authority-data")
        if not self._pins:
            return cluster
        if not _ca_bundle.any_pinned(certificates, self._pins):
            raise PinMismatch(
                f"the cluster's CA is not the pinned one: pinned {', '.join(self._pins)}, found {', '.join(cluster.pins)}",
                where=requests.where,
                hint="Correct ca_cert_hashes if this is the right cluster; if the hash was right, somebody else answers there",
            )
        ca_pem = _ca_bundle.bundle_pem(certificates)
        again = requests.wait_for(lambda: _read_verified(requests, ca_pem, answer.certificate))
        if again != kubeconfig:
            raise ClusterInfoChanged(
                "the kubeconfig in cluster-info read over verified TLS differs from the one read before",
                where=requests.where,
                hint="It may just have been changed: run again. If it stays, somebody answers in the API server's place",
            )
        return cluster

    def _read_unverified(self, requests: Requests) -> tuple[Answer, dict[str, str]]:
        answer = requests.get(Way(_https_get.insecure_context()))
        data = parse_config_map(answer.body, requests.where)
        if data.get(self._signature_key):
            return answer, data
        others = sorted(key for key in data if key.startswith("jws-kubeconfig-"))
        if not others:
            raise NotYet(
                SignatureMissing(
                    "cluster-info carries no signature at all",
                    where=requests.where,
                    hint="The cluster has no token with usage 'signing', or its kube-controller-manager (bootstrapsigner) "
                    "does not run",
                ),
                self._patience.token,
            )
        raise NotYet(
            TokenUnknown(
                f"token ID {self._token.id} is not known there: it is expired, deleted, or another cluster's",
                where=requests.where,
                hint=_NEW_TOKEN,
            ),
            self._patience.token,
        )

    @property
    def _signature_key(self) -> str:
        return f"jws-kubeconfig-{self._token.id}"

    def _verified_kubeconfig(self, data: dict[str, str], where: str) -> str:
        kubeconfig, signature = data.get("kubeconfig", ""), data[self._signature_key]
        if not kubeconfig:
            raise MalformedClusterInfo("it has no kubeconfig", where=where)
        if not _jws.is_for(signature, self._token.id):
            raise SignatureForged(
                f"{self._signature_key} is not a signature for this token (a detached HS256 JWS of its ID)",
                where=where,
                hint="No Kubernetes cluster writes such a signature: do not trust what answers there",
            )
        payload = kubeconfig.encode("utf-8", "surrogatepass")
        if not _jws.verify(signature, payload, self._token.id, self._token.secret):
            raise TokenMismatch(
                f"the signature was not made with this token: cluster-info was signed with another secret for token ID "
                f"{self._token.id}, or was changed after it was signed",
                where=where,
                hint=f"Check the token: wrong secret, or a token of another cluster. {_NEW_TOKEN}",
            )
        return kubeconfig


def _read_verified(requests: Requests, ca_pem: str, seen: bytes) -> str:
    try:
        answer = requests.get(Way(_https_get.trusting_context(ca_pem)))
    except _https_get.NotTrusted as fault:
        raise requests.not_trusted(fault, ca_pem, seen) from None
    except OSError as error:
        raise MalformedClusterInfo(f"its CA cannot be used: {error}", where=requests.where) from None
    return parse_config_map(answer.body, requests.where).get("kubeconfig", "")
