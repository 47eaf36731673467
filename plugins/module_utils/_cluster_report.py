# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control plane knows of its cluster, as facts. What does not answer is a fact too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate_expiry, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import local, members
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import (
    ApiUnreachable,
    Client,
    connect,
)

Object = dict[str, Any]

_ROLE = "node-role.kubernetes.io/"
_CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
_PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane"
_FAILED_CHECK = re.compile(r"^\[-\](\S+)", re.MULTILINE)
_NOBODY: Object = {
    "kubernetes_version": "", "configured_version": "", "cluster_name": "", "endpoint": "", "etcd_external": False,
    "nodes": [], "control_planes": [], "components": [],
}  # fmt: skip


def report(
    kubeconfig: str,
    server: str,
    timeout: float,
    kubernetes_dir: str,
    certificates_dir: str,
    manifests: str,
    now: datetime,
) -> Object:
    """All that can be told from this host."""
    return {
        "changed": False,
        **_of_api(kubeconfig, server, timeout),
        "etcd": _of_etcd(manifests, certificates_dir),
        **_certificate_expiry.expirations(kubernetes_dir, certificates_dir, now),
    }


def _of_etcd(manifests: str, certificates_dir: str) -> Object:
    try:
        access = local.find(manifests, certificates_dir)
        found = members.report(access) if access else members.NOTHING
    except KubephaseError as error:
        return {**members.NOTHING, "error": str(error)}
    return {**found, "error": ""}


def _of_api(kubeconfig: str, server: str, timeout: float) -> Object:
    try:
        client = connect(kubeconfig, server, timeout)
        if client is None:
            raise KubephaseError("there is no such kubeconfig", where=kubeconfig)
        with client:
            return {**_ask(client), "api_server": _ready(client)}
    except KubephaseError as error:
        # no cluster yet, or none that answers
        return {**_NOBODY, "api_server": _api_server(server, str(error))}


def _ask(client: Client) -> Object:
    nodes = client.request("GET", "/api/v1/nodes").get("items") or []
    described = sorted((_node(node) for node in nodes), key=lambda one: str(one["name"]))
    pods = client.request("GET", _PODS).get("items") or []
    return {
        "kubernetes_version": str(client.request("GET", "/version").get("gitVersion") or ""),
        **_configured(client),
        "nodes": described,
        "control_planes": [node["name"] for node in described if "control-plane" in node["roles"]],
        "components": sorted((_component(pod) for pod in pods), key=lambda one: (one["name"], one["node"])),
    }


def _configured(client: Client) -> Object:
    """What the cluster keeps of its configuration. It may have none, or one that nobody can read."""
    stored = client.get(_CONFIG) or {}
    text = (stored.get("data") or {}).get("ClusterConfiguration") or ""
    try:
        found = _kube_yaml.load(text, "ConfigMap kube-system/kubeadm-config") if text else {}
    except KubephaseError:
        found = {}
    known = found if isinstance(found, dict) else {}
    etcd = known.get("etcd")
    return {
        "configured_version": str(known.get("kubernetesVersion") or ""),
        "cluster_name": str(known.get("clusterName") or ""),
        "endpoint": str(known.get("controlPlaneEndpoint") or ""),
        "etcd_external": isinstance(etcd, dict) and bool(etcd.get("external")),
    }


def _ready(client: Client) -> Object:
    try:
        status, text = client.exchange("GET", "/readyz?verbose")
    except ApiUnreachable as error:
        return _api_server(client.server, str(error))
    failed = _FAILED_CHECK.findall(text)
    if status == 200:
        return _api_server(client.server)
    return _api_server(client.server, f"HTTP {status}" if not failed else "not ready", failed)


def _api_server(server: str, error: str = "", failed: Sequence[str] = ()) -> Object:
    return {"server": server, "ready": not error, "failed_checks": list(failed), "error": error}


def _node(node: Object) -> Object:
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    conditions = {one.get("type"): one for one in status.get("conditions") or []}
    ready = conditions.get("Ready") or {}
    labels = metadata.get("labels") or {}
    return {
        "name": metadata["name"],
        "ready": ready.get("status") == "True",
        "reports": ready.get("status") in ("True", "False"),
        "message": "" if ready.get("status") == "True" else str(ready.get("message") or "it has not reported yet"),
        "schedulable": not spec.get("unschedulable", False),
        "roles": sorted(key[len(_ROLE) :] for key in labels if key.startswith(_ROLE) and key != _ROLE),
        "taints": [
            {key: str(one.get(key) or "") for key in ("key", "value", "effect")} for one in spec.get("taints") or []
        ],
        "version": (status.get("nodeInfo") or {}).get("kubeletVersion", ""),
        "addresses": [
            {"type": one.get("type", ""), "address": one.get("address", "")} for one in status.get("addresses") or []
        ],
        "pod_cidrs": spec.get("podCIDRs") or [],
    }


def _component(pod: Object) -> Object:
    """A static Pod of a control plane. Its image's tag tells its version."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    conditions = status.get("conditions") or []
    containers = spec.get("containers") or [{}]
    return {
        "name": str((metadata.get("labels") or {}).get("component") or metadata["name"]),
        "node": str(spec.get("nodeName") or ""),
        "ready": any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions),
        "version": _tag(str(containers[0].get("image") or "")),
        "restarts": sum(int(one.get("restartCount") or 0) for one in status.get("containerStatuses") or []),
    }


def _tag(image: str) -> str:
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2]
