# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked: the configuration in kubeadm's words, and the few things it does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.version import Version, parse

OLDEST_MINOR, NEWEST_MINOR = 34, 37
KUBERNETES_DIR = "/etc/kubernetes"

INIT, JOIN, JOIN_CONTROL_PLANE = "init", "join", "join_control_plane"


@dataclass
class Request:
    """A host's part of the configuration, as the module takes it."""

    cluster_configuration: Mapping[str, Any]
    profile: str = INIT
    minor: int | None = None
    local_api_endpoint: Mapping[str, Any] = field(default_factory=dict)
    node_registration: Mapping[str, Any] = field(default_factory=dict)
    discovery_endpoint: str = ""
    ca_cert_path: str = f"{KUBERNETES_DIR}/pki/ca.crt"
    ca_cert_hashes: Sequence[str] = ()
    ignore: Sequence[str] = ()
    proxy_env: Sequence[Mapping[str, str]] = ()
    free_disk: Mapping[str, int] = field(default_factory=dict)
    free_disk_etcd: int = 0
    controller_time: float | None = None
    images: Sequence[str] = ()
    pause_image: str = ""
    pull: bool = False

    def __post_init__(self) -> None:
        if self.minor is None:
            found = self.version
            self.minor = min(max(found.minor if found else NEWEST_MINOR, OLDEST_MINOR), NEWEST_MINOR)
        ignored = self.ignored
        if "all" in ignored and len(ignored) > 1:
            raise KubephaseError(
                "'all' may not be combined with single checks",
                where="nodeRegistration.ignorePreflightErrors",
                value=sorted(ignored),
            )

    @property
    def kubernetes_version(self) -> str:
        """The version as it was given."""
        return str(self.cluster_configuration.get("kubernetesVersion") or "")

    @property
    def version(self) -> Version | None:
        """The version of Kubernetes, or None where what was given is none."""
        return parse(self.kubernetes_version)

    @property
    def behaviour(self) -> int:
        """The minor version whose kubeadm is followed."""
        return self.minor if self.minor is not None else NEWEST_MINOR

    @property
    def ignored(self) -> set[str]:
        """The names of checks whose errors are only warnings, in lower case."""
        return {name.lower() for name in [*self.ignore, *(self.node_registration.get("ignorePreflightErrors") or [])]}

    @property
    def node_name(self) -> str:
        """The name the node will have."""
        return str(self.node_registration.get("name") or "")

    @property
    def cri_socket(self) -> str:
        """The container runtime's endpoint."""
        return str(self.node_registration.get("criSocket") or "unix:///var/run/containerd/containerd.sock")

    @property
    def pull_policy(self) -> str:
        """When images are pulled."""
        return str(self.node_registration.get("imagePullPolicy") or "IfNotPresent")

    @property
    def pull_serial(self) -> bool:
        """Whether images are pulled one after the other."""
        return bool(self.node_registration.get("imagePullSerial", True) is not False)

    @property
    def advertise_address(self) -> str:
        """The API server's address on this host."""
        return str(self.local_api_endpoint.get("advertiseAddress") or "")

    @property
    def bind_port(self) -> int:
        """The API server's port on this host."""
        return int(self.local_api_endpoint.get("bindPort") or 6443)

    def cidrs(self, name: str) -> list[str]:
        """The CIDRs of ``serviceSubnet`` or ``podSubnet``."""
        value = str((self.cluster_configuration.get("networking") or {}).get(name) or "")
        return [part.strip() for part in value.split(",") if part.strip()]

    def extra_arg(self, component: str, name: str) -> str:
        """A flag the user gave to ``apiServer``, ``scheduler`` or ``controllerManager``; the last one counts."""
        given = (self.cluster_configuration.get(component) or {}).get("extraArgs") or []
        return next((str(arg.get("value", "")) for arg in reversed(given) if arg.get("name") == name), "")

    @property
    def external_etcd(self) -> Mapping[str, Any] | None:
        """``etcd.external``, or None."""
        return (self.cluster_configuration.get("etcd") or {}).get("external") or None

    @property
    def etcd_data_dir(self) -> str:
        """The data directory of the local etcd, empty where etcd is external."""
        if self.external_etcd is not None:
            return ""
        local = (self.cluster_configuration.get("etcd") or {}).get("local") or {}
        return str(local.get("dataDir") or "/var/lib/etcd")

    @property
    def certificates_dir(self) -> str:
        """Where the PKI is."""
        return str(self.cluster_configuration.get("certificatesDir") or f"{KUBERNETES_DIR}/pki")

    def manifest(self, component: str) -> str:
        """The path of a static Pod's manifest."""
        return f"{KUBERNETES_DIR}/manifests/{component}.yaml"
