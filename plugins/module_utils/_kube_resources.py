# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an object's apiVersion, kind and name to its place in the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import ApiError, Client

Object = dict[str, Any]

_KNOWN = {
    "v1": {
        "ConfigMap": ("configmaps", True),
        "Namespace": ("namespaces", False),
        "Node": ("nodes", False),
        "Secret": ("secrets", True),
        "Service": ("services", True),
        "ServiceAccount": ("serviceaccounts", True),
    },
    "apps/v1": {"DaemonSet": ("daemonsets", True), "Deployment": ("deployments", True)},
    "rbac.authorization.k8s.io/v1": {
        "ClusterRole": ("clusterroles", False),
        "ClusterRoleBinding": ("clusterrolebindings", False),
        "Role": ("roles", True),
        "RoleBinding": ("rolebindings", True),
    },
}


@dataclass(frozen=True)
class Place:
    """Where an object lives: ``collection`` is what is POSTed to, ``path`` the object itself."""

    collection: str
    path: str
    label: str


class Resources:
    """Finds the REST path of objects; kinds it does not know are asked from the server once per group and version."""

    def __init__(self, client: Client | None) -> None:
        self._client = client
        self._discovered: dict[str, dict[str, tuple[str, bool]]] = {}

    def place(self, obj: Object) -> Place:
        """:raises ApiError: 404 where the server does not (yet) know the kind."""
        version, kind, name = identity(obj)
        plural, namespaced = self._resource(version, kind)
        namespace = str(obj["metadata"].get("namespace") or "default") if namespaced else ""
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        collection = f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
        return Place(collection, f"{collection}/{name}", label(obj))

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        known = _KNOWN.get(version, {}).get(kind) or self._discovered.get(version, {}).get(kind)
        if known:
            return known
        if self._client is not None:
            self._discovered[version] = self._discover(self._client, version)
            if kind in self._discovered[version]:
                return self._discovered[version][kind]
        raise ApiError(version, 404, "NotFound", f"the server has no resource of kind {kind}")

    @staticmethod
    def _discover(client: Client, version: str) -> dict[str, tuple[str, bool]]:
        listed = client.get("/api/v1" if version == "v1" else f"/apis/{version}") or {}
        return {
            entry["kind"]: (entry["name"], bool(entry["namespaced"]))
            for entry in listed.get("resources") or []
            if "/" not in entry["name"]
        }


def identity(obj: Object) -> tuple[str, str, str]:
    """apiVersion, kind and name of an object, all of them required."""
    metadata = obj.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    version, kind = obj.get("apiVersion"), obj.get("kind")
    if not (isinstance(version, str) and isinstance(kind, str) and isinstance(name, str) and version and kind and name):
        raise KubephaseError(
            "not an API object",
            value={"apiVersion": version, "kind": kind, "name": name},
            accepted="a mapping with apiVersion, kind and metadata.name",
        )
    return version, kind, name


def label(obj: Object) -> str:
    """How an object is named to the user: ``ConfigMap kube-system/kubeadm-config``."""
    _version, kind, name = identity(obj)
    namespace = obj["metadata"].get("namespace")
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
