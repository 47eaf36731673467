# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every input of the configuration model: its name without ``kubephase_``, its type and its default."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.kubephase.cluster.plugins.module_utils._config import component_fields, kubeadm_fields
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import (
    ALWAYS,
    ANY,
    FILLED,
    STRING,
    SWITCH,
    ListOf,
    MapOf,
    Type,
    choice,
    fields,
    struct,
)

PREFIX = "kubephase_"


class Input(NamedTuple):
    type: Type
    default: Any


PROXY = struct(fields(FILLED, STRING, "http_proxy https_proxy no_proxy"))
MANIFEST = struct(fields(FILLED, STRING, "url path checksum"))
MIRROR = struct(
    fields(ALWAYS, STRING, "url"),
    fields(FILLED, SWITCH, "skip_verify override_path"),
    fields(FILLED, STRING, "ca"),
)

INPUTS: dict[str, Input] = {
    "config_file": Input(STRING, ""),
    "cluster_configuration": Input(kubeadm_fields.CLUSTER, {}),
    "init_configuration": Input(kubeadm_fields.INIT, {}),
    "join_configuration": Input(kubeadm_fields.JOIN, {}),
    "reset_configuration": Input(kubeadm_fields.RESET, {}),
    "upgrade_configuration": Input(kubeadm_fields.UPGRADE, {}),
    "kubelet_configuration": Input(component_fields.KUBELET, {}),
    "kube_proxy_configuration": Input(component_fields.KUBE_PROXY, {}),
    "kubernetes_version": Input(STRING, ""),
    "control_plane_endpoint": Input(STRING, ""),
    "pod_subnet": Input(STRING, ""),
    "service_subnet": Input(STRING, ""),
    "dns_domain": Input(STRING, ""),
    "cluster_name": Input(STRING, ""),
    "image_repository": Input(STRING, ""),
    "cri_socket": Input(STRING, ""),
    "etcd_endpoints": Input(ListOf(STRING), []),
    "node_role": Input(choice("", "control_plane", "worker", "etcd"), ""),
    "node_registration": Input(kubeadm_fields.NODE_REGISTRATION, {}),
    "local_api_endpoint": Input(kubeadm_fields.API_ENDPOINT, {}),
    "node_labels": Input(MapOf(STRING), {}),
    "node_annotations": Input(MapOf(STRING), {}),
    "joins": Input(SWITCH, ""),
    "upload_certs": Input(SWITCH, False),
    "ca_keys": Input(choice("shared", "single"), "shared"),
    "patches_directory": Input(STRING, ""),
    "proxy_env": Input(MapOf(STRING), {}),
    "network_mode": Input(choice("none", "bridge", "manifest"), "none"),
    "network_manifests": Input(ListOf(MANIFEST), []),
    "container_runtime_source": Input(choice("release", "distribution"), "release"),
    "containerd_version": Input(STRING, "2.4.2"),
    "runc_version": Input(STRING, "1.5.2"),
    "cni_plugins_version": Input(STRING, "1.9.1"),
    "registry_mirrors": Input(MapOf(ListOf(MIRROR)), {}),
    "container_runtime_proxy": Input(PROXY, {}),
    "containerd_restrict_oom_score_adj": Input(SWITCH, False),
    "kubernetes_url": Input(STRING, "https://dl.k8s.io/release"),
    "containerd_url": Input(STRING, "https://github.com/containerd/containerd/releases/download"),
    "runc_url": Input(STRING, "https://github.com/opencontainers/runc/releases/download"),
    "cni_plugins_url": Input(STRING, "https://github.com/containernetworking/plugins/releases/download"),
    "checksums": Input(MapOf(STRING), {}),
    "downloads_proxy": Input(PROXY, {}),
    "swap": Input(choice("disable", "keep"), "disable"),
    "hosts_entries": Input(SWITCH, True),
    "extra_sysctls": Input(MapOf(ANY), {}),
}

SHORT = {
    "kubernetes_version": ("kubernetesVersion",),
    "control_plane_endpoint": ("controlPlaneEndpoint",),
    "pod_subnet": ("networking", "podSubnet"),
    "service_subnet": ("networking", "serviceSubnet"),
    "dns_domain": ("networking", "dnsDomain"),
    "cluster_name": ("clusterName",),
    "image_repository": ("imageRepository",),
}
"""Short variables and the field of ClusterConfiguration that each fills."""
