# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host itself tells about having joined a cluster: kubelet.conf, the kubelet's client certificate, the CA file."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _ca_bundle,
    _certificate,
    _kubeconfig,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_RESET = "Reset this host before it joins another cluster"


class HostConflict(KubephaseError):
    """What is on the host contradicts what it is to join. Nothing was changed."""


@dataclass(frozen=True)
class Paths:
    """Where kubeadm and the kubelet have their files."""

    kubernetes_dir: str = "/etc/kubernetes"
    ca_cert: str = "/etc/kubernetes/pki/ca.crt"
    kubelet_config: str = "/var/lib/kubelet/config.yaml"
    client_certificate: str = "/var/lib/kubelet/pki/kubelet-client-current.pem"

    @property
    def kubelet_conf(self) -> str:
        return os.path.join(self.kubernetes_dir, "kubelet.conf")

    @property
    def bootstrap_conf(self) -> str:
        return os.path.join(self.kubernetes_dir, "bootstrap-kubelet.conf")


@dataclass(frozen=True)
class Membership:
    """A kubelet that has its own credentials: the certificate it holds, the server it talks to, the CA it trusts."""

    certificate: Certificate
    certificate_path: str
    server: str
    ca_pem: bytes


def membership(paths: Paths, now: datetime.datetime) -> Membership | None:
    """The kubelet's credentials where it has usable ones, by the kubelet's own rules: readable and not expired.

    None means that the kubelet would bootstrap (again).
    """
    data = _atomic_file.read(paths.kubelet_conf)
    if data is None:
        return None
    try:
        config = _kubeconfig.parse(data, paths.kubelet_conf)
        pem = config.read_client_certificate()
        certificates = _ca_bundle.parse_bundle(_ascii(pem), config.client_certificate_path or paths.kubelet_conf)
        ca_pem = config.read_ca()
        _ca_bundle.parse_bundle(_ascii(ca_pem), paths.kubelet_conf)
    except KubephaseError:
        return None
    if any(now > _certificate.not_after(certificate) for certificate in certificates):
        return None
    where = config.client_certificate_path or paths.kubelet_conf
    return Membership(certificates[0], where, config.server, ca_pem)


def require_same(found: Membership, paths: Paths, node_name: str, pins: list[str]) -> None:
    """An error where the host is a member, but of another cluster or under another name."""
    trusted, where = host_ca(paths), paths.ca_cert
    if trusted is None:
        trusted, where = _ca_bundle.parse_bundle(_ascii(found.ca_pem), paths.kubelet_conf), paths.kubelet_conf
    if not _ca_bundle.issued_by(found.certificate, trusted):
        raise HostConflict(
            f"the kubelet's certificate was issued by {found.certificate.issuer.rfc4514_string()!r}, which is not the CA "
            f"in {where} ({', '.join(_ca_bundle.pins_of(trusted))})",
            where=found.certificate_path,
            hint=_RESET,
        )
    require_pinned(trusted, where, pins)
    name = _ca_bundle.common_name(found.certificate)
    if name != f"system:node:{node_name}":
        raise HostConflict(
            f"this host has joined as {name!r} and cannot be made node {node_name!r}",
            where=found.certificate_path,
            hint="Give it its old name, or reset this host before it joins under another",
        )


def host_ca(paths: Paths) -> list[Certificate] | None:
    """The certificates of the CA file, None where there is none."""
    data = _atomic_file.read(paths.ca_cert)
    return None if data is None else _ca_bundle.parse_bundle(_ascii(data), paths.ca_cert)


def require_pinned(certificates: list[Certificate], where: str, pins: list[str]) -> None:
    """An error where pins were given and the host's CA matches none."""
    if pins and not _ca_bundle.any_pinned(certificates, pins):
        raise HostConflict(
            f"this host already has another cluster's CA: found {', '.join(_ca_bundle.pins_of(certificates))}, "
            f"pinned {', '.join(pins)}",
            where=where,
            hint=_RESET,
        )


def require_equal_ca(paths: Paths, ca_pem: str) -> bool:
    """Whether the CA file is there. An error where it holds other certificates than the cluster's."""
    present = host_ca(paths)
    if present is None:
        return False
    wanted = _ca_bundle.parse_bundle(ca_pem, "cluster-info")
    if {_certificate.fingerprint(one) for one in present} != {_certificate.fingerprint(one) for one in wanted}:
        raise HostConflict(
            f"this host already has another cluster's CA: found {', '.join(_ca_bundle.pins_of(present))}, the cluster's is "
            f"{', '.join(_ca_bundle.pins_of(wanted))}",
            where=paths.ca_cert,
            hint=_RESET,
        )
    return True


def require_no_foreign_certificate(paths: Paths, ca_pem: str, node_name: str, now: datetime.datetime) -> None:
    """An error where a valid client certificate of another cluster or node is left over: the kubelet would use it."""
    data = _atomic_file.read(paths.client_certificate)
    if data is None:
        return
    try:
        left_over = _ca_bundle.parse_bundle(_ascii(data), paths.client_certificate)[0]
    except KubephaseError:
        return
    if now > _certificate.not_after(left_over):
        return
    name = _ca_bundle.common_name(left_over)
    same = _ca_bundle.issued_by(left_over, _ca_bundle.parse_bundle(ca_pem, "cluster-info"))
    if not same or name != f"system:node:{node_name}":
        raise HostConflict(
            f"a kubelet certificate of {'this' if same else 'another'} cluster is left over from {name!r}, and the kubelet "
            "would use it",
            where=paths.client_certificate,
            hint=_RESET,
        )


def describe(found: Membership) -> dict[str, Any]:
    """The public facts of the kubelet's certificate."""
    return {
        "path": found.certificate_path,
        "subject": found.certificate.subject.rfc4514_string(),
        "issuer": found.certificate.issuer.rfc4514_string(),
        "not_before": _certificate.stamp(_certificate.not_before(found.certificate)),
        "not_after": _certificate.stamp(_certificate.not_after(found.certificate)),
    }


def _ascii(data: bytes) -> str:
    return data.decode("ascii", "replace")
