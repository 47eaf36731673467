# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm fills into the configuration of kubelet and kube-proxy, and the images it runs."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config import addresses
from ansible_collections.kubephase.cluster.plugins.module_utils._config.component_fields import (
    KUBE_PROXY,
    KUBE_PROXY_API_VERSION,
    KUBELET,
    KUBELET_API_VERSION,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import complete
from ansible_collections.kubephase.cluster.plugins.module_utils._config.releases import CI_IMAGE_REPOSITORY
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import MINORS, etcd_tag

DEFAULT_IMAGE_REPOSITORY = "registry.k8s.io"
RESOLVED_CONF = "/run/systemd/resolve/resolv.conf"
_WILDCARDS = ("0.0.0.0", "::")
_IPVS_DEPRECATED = 37
"""The first minor version whose kubeadm warns of kube-proxy's mode ipvs."""
_NOT_IN_TAG = re.compile(r"[^-\w.]", re.ASCII)


def resolve_kubelet(document: Document, cluster: dict[str, Any], host: dict[str, Any], minor: int) -> dict[str, Any]:
    """The cluster-wide KubeletConfiguration as kubeadm uploads it."""
    value = _overlay(_kubelet_defaults(cluster), document.value)
    value["rotateCertificates"] = True
    if MINORS[minor].uploads_resolv_conf and host.get("systemd_resolved") and value.get("resolvConf") is None:
        value["resolvConf"] = RESOLVED_CONF
    value["apiVersion"], value["kind"] = KUBELET_API_VERSION, "KubeletConfiguration"
    return dict(complete(KUBELET, value))


def _kubelet_defaults(cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        "staticPodPath": "/etc/kubernetes/manifests",
        "clusterDNS": [addresses.nth_address(cluster["networking"]["serviceSubnet"], 10)],
        "clusterDomain": cluster["networking"]["dnsDomain"],
        "authentication": {
            "x509": {"clientCAFile": _clean(cluster["certificatesDir"] + "/ca.crt")},
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
        },
        "authorization": {"mode": "Webhook"},
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": 10248,
        "cgroupDriver": "systemd",
    }


def _clean(path: str) -> str:
    """The path without what Go's filepath.Join removes."""
    return posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else posixpath.normpath(path)


def kubelet_warnings(document: Document, cluster: dict[str, Any]) -> list[str]:
    """Fields where the user's value differs from what kubeadm expects, and the one that it overwrites."""
    found = [
        f"{document.where(*path)}: {given!r} is kept, kubeadm's own value would be {default!r}"
        for path, default in _leaves(_kubelet_defaults(cluster))
        if path != ("cgroupDriver",)
        for given in [document.get(*path)]
        if given is not None and given != default
    ]
    if document.get("rotateCertificates") is False:
        found.append(f"{document.where('rotateCertificates')}: kubeadm always sets it to true")
    return found


def _kube_proxy_defaults(cluster: dict[str, Any], endpoint: dict[str, Any], minor: int) -> dict[str, Any]:
    return {
        "bindAddress": "::" if addresses.is_ipv6(endpoint["advertiseAddress"]) else "0.0.0.0",
        "clusterCIDR": cluster["networking"].get("podSubnet", ""),
        "clientConnection": {"kubeconfig": "/var/lib/kube-proxy/kubeconfig.conf"},
        "mode": MINORS[minor].kube_proxy_mode,
    }


def kube_proxy_warnings(document: Document, cluster: dict[str, Any], endpoint: dict[str, Any], minor: int) -> list[str]:
    """Fields where the user's value differs from what kubeadm expects."""
    found = []
    for path, default in _leaves(_kube_proxy_defaults(cluster, endpoint, minor)):
        given = document.get(*path)
        if path == ("mode",):
            if given == "ipvs" and minor >= _IPVS_DEPRECATED:
                found.append(f"{document.where('mode')}: 'ipvs' is deprecated since 1.35, nftables replaces it")
        elif given is not None and default and given != default and given not in _WILDCARDS:
            found.append(f"{document.where(*path)}: {given!r} is kept, kubeadm's own value would be {default!r}")
    return found


def resolve_kube_proxy(
    document: Document, cluster: dict[str, Any], endpoint: dict[str, Any], minor: int
) -> dict[str, Any]:
    """The KubeProxyConfiguration as kubeadm uploads it."""
    value = _overlay(_kube_proxy_defaults(cluster, endpoint, minor), document.value)
    value["apiVersion"], value["kind"] = KUBE_PROXY_API_VERSION, "KubeProxyConfiguration"
    return dict(complete(KUBE_PROXY, value))


def _overlay(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What was given over the defaults; null, and empty text where there is a default, leave the default."""
    result = dict(defaults)
    for key, part in given.items():
        default = defaults.get(key)
        if isinstance(part, dict) and isinstance(default, dict):
            result[key] = _overlay(default, part)
        elif part is not None and not (part == "" and key in defaults):
            result[key] = part
    return result


def _leaves(value: dict[str, Any], path: Any = ()) -> list[Any]:
    found: list[Any] = []
    for key, part in value.items():
        found += _leaves(part, (*path, key)) if isinstance(part, dict) else [((*path, key), part)]
    return found


def resolve_images(cluster: dict[str, Any], version: dict[str, Any]) -> dict[str, str]:
    """Every image of the cluster, by component."""
    repository, minor = cluster["imageRepository"], version["minor"]
    core = CI_IMAGE_REPOSITORY if version["ci"] and repository == DEFAULT_IMAGE_REPOSITORY else repository
    tag = _NOT_IN_TAG.sub("_", version["gitVersion"])
    images = {
        name: f"{core}/{name}:{tag}"
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    }
    dns, local = cluster["dns"], cluster["etcd"].get("local") or {}
    dns_repository = dns.get("imageRepository") or repository
    if dns_repository == DEFAULT_IMAGE_REPOSITORY:
        dns_repository += "/coredns"
    images["coredns"] = f"{dns_repository}/coredns:{dns.get('imageTag') or MINORS[minor].coredns}"
    images["pause"] = f"{repository}/pause:{MINORS[minor].pause}"
    etcd_repository = local.get("imageRepository") or repository
    images["etcd"] = f"{etcd_repository}/etcd:{local.get('imageTag') or etcd_tag(minor)}"
    return images
