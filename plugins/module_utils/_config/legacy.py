# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of kubeadm.k8s.io/v1beta3, which kubeadm 1.34 to 1.36 still read, rewritten as v1beta4."""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import API_VERSION
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Faults

LEGACY_API_VERSION = "kubeadm.k8s.io/v1beta3"
LAST_MINOR = 36
"""The last minor version whose kubeadm reads v1beta3."""

_MAPPINGS = {
    "ClusterConfiguration": (
        "apiServer.extraArgs",
        "controllerManager.extraArgs",
        "scheduler.extraArgs",
        "etcd.local.extraArgs",
    ),
    "InitConfiguration": ("nodeRegistration.kubeletExtraArgs",),
    "JoinConfiguration": ("nodeRegistration.kubeletExtraArgs",),
}
"""Arguments that v1beta3 has as a mapping, by kind. Other kinds it does not have."""

_LATER = {
    "ClusterConfiguration": (
        *(f"{component}.extraEnvs" for component in ("apiServer", "controllerManager", "scheduler", "etcd.local")),
        *("etcd.external.httpEndpoints", "dns.disabled", "proxy", "encryptionAlgorithm"),
        *("certificateValidityPeriod", "caCertificateValidityPeriod"),
    ),
    "InitConfiguration": ("dryRun", "timeouts", "nodeRegistration.imagePullSerial"),
    "JoinConfiguration": ("dryRun", "timeouts", "nodeRegistration.imagePullSerial"),
}
"""Fields that v1beta3 does not have yet."""


def convert(
    kind: str, document: dict[str, Any], where: str, faults: Faults, ignored: Optional[list[str]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document as v1beta4, and the timeouts that InitConfiguration and JoinConfiguration take from it."""
    if kind not in _MAPPINGS:
        faults.add(f"{where}.apiVersion", f"v1beta3 has no {kind}", LEGACY_API_VERSION, API_VERSION)
        return {}, {}
    result = _copied(document)
    result["apiVersion"] = API_VERSION
    for path in _LATER[kind]:
        if _take(result, path) is None:
            continue
        if ignored is None:
            faults.add(f"{where}.{path}", "v1beta3 has no such field", hint=f"Write the document as {API_VERSION}")
        else:
            ignored.append(f"{where}.{path}: unknown field of v1beta3, ignored as kubeadm does")
    for path in _MAPPINGS[kind]:
        arguments = _take(result, path)
        if isinstance(arguments, dict):
            _put(result, path, [{"name": name, "value": arguments[name]} for name in sorted(arguments, key=str)])
        elif arguments is not None:
            faults.add(f"{where}.{path}", "wrong type", arguments, "a mapping, as v1beta3 has it")
    if kind == "ClusterConfiguration":
        timeout = _take(result, "apiServer.timeoutForControlPlane")
        return result, {} if timeout in (None, "0s") else {"controlPlaneComponentHealthCheck": timeout}
    timeout = _take(result, "discovery.timeout") if kind == "JoinConfiguration" else None
    return result, {} if timeout is None else {"discovery": timeout}


def _copied(value: Any) -> Any:
    return {key: _copied(part) for key, part in value.items()} if isinstance(value, dict) else value


def _parent(document: dict[str, Any], path: str) -> tuple[Any, str]:
    *steps, last = path.split(".")
    found: Any = document
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found, last


def _take(document: dict[str, Any], path: str) -> Any:
    found, last = _parent(document, path)
    return found.pop(last, None) if isinstance(found, dict) else None


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    found, last = _parent(document, path)
    found[last] = value
