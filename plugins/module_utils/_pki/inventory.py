# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's inventory of a control plane host's certificates, as data, and what a given configuration makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import sans
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.sans import AlternativeNames

NODE_NAME = ""
"""Common name of the certificates that carry the node's own name."""


@dataclass(frozen=True)
class Settings:
    """What the tree depends on. The words are kubeadm's."""

    certificates_dir: str
    node_name: str
    advertise_address: str
    service_ip: str
    dns_domain: str = "cluster.local"
    control_plane_endpoint: str = ""
    api_server_sans: tuple[str, ...] = ()
    etcd_server_sans: tuple[str, ...] = ()
    etcd_peer_sans: tuple[str, ...] = ()
    local_etcd: bool = True
    minor: int = 37
    algorithm: str = "RSA-2048"
    validity: timedelta = timedelta(hours=8760)
    ca_validity: timedelta = timedelta(hours=87600)
    renew_before: timedelta | None = None
    authorities: tuple[Authority, ...] = ()
    """Another inventory than kubeadm's; empty means kubeadm's."""
    service_account: bool = True
    joins: bool = False
    """The authorities and the service account's keys are the cluster's and have to be there."""
    request_only: bool = False
    """Make keys and certificate signing requests, as ``kubeadm certs generate-csr``, and no authority."""
    skip_phases: tuple[str, ...] = ()
    signed: Mapping[str, str] = field(default_factory=dict)
    """Certificates that came back from an external authority, PEM by name."""

    def skips(self, name: str) -> bool:
        """Whether the phase of one certificate is skipped; a host that joins has one phase for all.

        The first control plane keeps its own phases where it is among others and so may make no authority either.
        """
        of_all = ("control-plane-prepare", "control-plane-prepare/certs") if self.joins else ()
        return any(phase in self.skip_phases for phase in (*of_all, "certs", f"certs/{name}"))


@dataclass(frozen=True)
class Leaf:
    """A certificate signed by one of the authorities."""

    name: str
    file: str
    common_name: str
    server: bool = False
    client: bool = False
    needs_client: bool = True
    """Whether a certificate without the client usage could not do its work."""
    organizations: Callable[[int], tuple[str, ...]] = lambda minor: ()
    names: Callable[[Settings], AlternativeNames] = lambda settings: AlternativeNames()


@dataclass(frozen=True)
class Authority:
    """A certificate authority and what it signs, in kubeadm's order."""

    name: str
    file: str
    common_name: str
    leaves: tuple[Leaf, ...]
    for_etcd: bool = False
    names: tuple[str, ...] | None = None
    """Names of the authority's own certificate; None means its common name, as with kubeadm."""
    certificate: str = ""
    """Its certificate in PEM, where its key is elsewhere: the host gets it, and makes no authority of its own."""


@dataclass(frozen=True)
class Entry:
    """One certificate of a host's tree: its files and its content."""

    name: str
    certificate_path: str
    key_path: str
    profile: Profile
    needs_client: bool = True

    @property
    def request_path(self) -> str:
        """The certificate signing request, beside the certificate it is for."""
        return self.certificate_path[: -len(".crt")] + ".csr"


@dataclass(frozen=True)
class Family:
    """An authority of a host's tree and the certificates it signs."""

    authority: Entry
    leaves: tuple[Entry, ...]
    creates_authority: bool = True
    certificate: str = ""
    """The authority's certificate, where it was given."""


def _api_server_names(settings: Settings) -> AlternativeNames:
    domain = settings.dns_domain
    names = [
        settings.node_name.lower(),
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{domain}",
        settings.service_ip,
        settings.advertise_address,
    ]
    if settings.control_plane_endpoint:
        names.append(sans.endpoint_host(settings.control_plane_endpoint))
    return sans.collect([*names, *settings.api_server_sans], "apiServer.certSANs")


def _etcd_names(settings: Settings, more: tuple[str, ...], field: str) -> AlternativeNames:
    own = [settings.node_name.lower(), "localhost", settings.advertise_address, "127.0.0.1", "::1"]
    return sans.collect([*own, *more], field)


def _etcd_server_names(settings: Settings) -> AlternativeNames:
    return _etcd_names(settings, settings.etcd_server_sans, "etcd.local.serverCertSANs")


def _etcd_peer_names(settings: Settings) -> AlternativeNames:
    return _etcd_names(settings, settings.etcd_peer_sans, "etcd.local.peerCertSANs")


def _kubelet_client_organizations(minor: int) -> tuple[str, ...]:
    """Until 1.35 the API server reached kubelets as a cluster admin, later by a ClusterRoleBinding of its own."""
    return ("kubeadm:cluster-admins",) if minor < 36 else ()


AUTHORITIES = (
    Authority(
        "ca",
        "ca",
        "kubernetes",
        (
            Leaf("apiserver", "apiserver", "kube-apiserver", server=True, names=_api_server_names),
            Leaf(
                "apiserver-kubelet-client",
                "apiserver-kubelet-client",
                "kube-apiserver-kubelet-client",
                client=True,
                organizations=_kubelet_client_organizations,
            ),
        ),
    ),
    Authority(
        "front-proxy-ca",
        "front-proxy-ca",
        "front-proxy-ca",
        (Leaf("front-proxy-client", "front-proxy-client", "front-proxy-client", client=True),),
    ),
    Authority(
        "etcd-ca",
        "etcd/ca",
        "etcd-ca",
        (
            Leaf(
                "etcd-server",
                "etcd/server",
                NODE_NAME,
                server=True,
                client=True,
                needs_client=False,
                names=_etcd_server_names,
            ),
            Leaf("etcd-peer", "etcd/peer", NODE_NAME, server=True, client=True, names=_etcd_peer_names),
            Leaf("etcd-healthcheck-client", "etcd/healthcheck-client", "kube-etcd-healthcheck-client", client=True),
            Leaf("apiserver-etcd-client", "apiserver-etcd-client", "kube-apiserver-etcd-client", client=True),
        ),
        for_etcd=True,
    ),
)


def families(settings: Settings) -> tuple[Family, ...]:
    """The certificates ``settings`` ask for, in the order kubeadm makes them. What a skipped phase makes is left out.

    Requests are made for etcd too where it is elsewhere, as with kubeadm.
    """
    return tuple(
        _family(authority, settings)
        for authority in settings.authorities or AUTHORITIES
        if settings.local_etcd or settings.request_only or not authority.for_etcd
    )


def service_account_paths(settings: Settings) -> tuple[str, str]:
    """The private and the public key of service account tokens."""
    directory = settings.certificates_dir.rstrip("/")
    return f"{directory}/sa.key", f"{directory}/sa.pub"


def _family(authority: Authority, settings: Settings) -> Family:
    leaves = tuple(_leaf_entry(leaf, settings) for leaf in authority.leaves if not settings.skips(leaf.name))
    creates = not (settings.joins or settings.request_only or settings.skips(authority.name))
    return Family(_authority_entry(authority, settings), leaves, creates, authority.certificate)


def _authority_entry(authority: Authority, settings: Settings) -> Entry:
    if authority.names is None:
        names = AlternativeNames(dns_names=(authority.common_name,))
    else:
        names = sans.collect(authority.names, f"{authority.name}: names")
    return _entry(authority, settings, Profile(authority.common_name, authority=True, names=names))


def _leaf_entry(leaf: Leaf, settings: Settings) -> Entry:
    profile = Profile(
        common_name=leaf.common_name or settings.node_name.lower(),
        organizations=leaf.organizations(settings.minor),
        server=leaf.server,
        client=leaf.client,
        names=leaf.names(settings),
    )
    return _entry(leaf, settings, profile, leaf.needs_client)


def _entry(item: Authority | Leaf, settings: Settings, profile: Profile, needs_client: bool = True) -> Entry:
    stem = f"{settings.certificates_dir.rstrip('/')}/{item.file}"
    return Entry(item.name, f"{stem}.crt", f"{stem}.key", profile, needs_client)
