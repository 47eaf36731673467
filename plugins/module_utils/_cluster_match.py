# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster is what this inventory says: a control plane with other settings would break it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _join_access, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors

Configuration = Mapping[str, Any]

_NAME = "ConfigMap kube-system/kubeadm-config"
_PATH = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
_MUST_BE_EQUAL = (
    "controlPlaneEndpoint",
    "certificatesDir",
    "networking.serviceSubnet",
    "networking.podSubnet",
    "networking.dnsDomain",
)
_SHOULD_BE_EQUAL = ("clusterName", "imageRepository", "kubernetesVersion")
_MINOR = re.compile(r"v?(\d+\.\d+)\.")


def read(access: Access, patience: float) -> Configuration:
    """The ClusterConfiguration that the cluster keeps."""
    answer = _join_access.ask(access, _PATH, patience)
    if answer.status == 404:
        raise KubephaseError(
            "there is none, so a control plane cannot know how to join this cluster",
            where=_NAME,
            hint="Neither kubeadm nor this collection made the cluster, or somebody has deleted it (role upload_config)",
        )
    _join_access.require_let_in(access, answer, _NAME, "The RoleBinding kubeadm:nodes-kubeadm-config is missing")
    try:
        text = json.loads(answer.body)["data"]["ClusterConfiguration"]
        found = _kube_yaml.load(text, _NAME)
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise KubephaseError("it has no ClusterConfiguration", where=_NAME)
    return found


def require_endpoint(theirs: Configuration) -> None:
    """Without a stable address, members of a control plane could not be told apart from the cluster."""
    if not theirs.get("controlPlaneEndpoint"):
        raise KubephaseError(
            "unable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint address",
            where=_NAME,
            hint="Set kubephase_control_plane_endpoint to an address that stays when a control plane goes, and run the "
            "playbook on the first control plane again",
        )


def compare(ours: Configuration, theirs: Configuration) -> list[str]:
    """Differences that are worth a warning; an error for those that would break the cluster."""
    faults = [
        KubephaseError(
            "the cluster that is to be joined has another value",
            where=path,
            value=_at(ours, path),
            accepted=repr(_at(theirs, path)),
        )
        for path in _MUST_BE_EQUAL
        if _at(ours, path) != _at(theirs, path)
    ]
    faults += [*_etcd_fault(ours, theirs), *_version_fault(ours, theirs)]
    if faults:
        raise KubephaseErrors(faults, "This inventory describes another cluster than the one that is to be joined:")
    return [
        f"{path}: this inventory has {_at(ours, path)!r}, the cluster that is joined {_at(theirs, path)!r}"
        for path in _SHOULD_BE_EQUAL
        if _at(ours, path) != _at(theirs, path)
    ]


def _etcd_fault(ours: Configuration, theirs: Configuration) -> list[KubephaseError]:
    mine, other = _etcd_kind(ours), _etcd_kind(theirs)
    if mine == other:
        return []
    return [KubephaseError(f"the etcd of the cluster that is to be joined is {other}", where="etcd", value=mine)]


def _etcd_kind(configuration: Configuration) -> str:
    etcd = configuration.get("etcd")
    return "external" if isinstance(etcd, Mapping) and etcd.get("external") else "local"


def _version_fault(ours: Configuration, theirs: Configuration) -> list[KubephaseError]:
    mine, other = str(ours.get("kubernetesVersion") or ""), str(theirs.get("kubernetesVersion") or "")
    minors = [match[1] if match else "" for match in (_MINOR.match(mine), _MINOR.match(other))]
    if minors[0] == minors[1] or not all(minors):
        return []
    return [
        KubephaseError(
            "the cluster that is to be joined has another minor version",
            where="kubernetesVersion",
            value=mine,
            accepted=other,
            hint="Set kubephase_kubernetes_version to the cluster's version; upgrade all of it afterwards",
        )
    ]


def _at(configuration: Configuration, path: str) -> str:
    found: Any = configuration
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return str(found or "")
