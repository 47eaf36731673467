# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good configurations to begin with: those of the golden cases, and documents with every field there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils._config.documents import KINDS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import INPUTS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import ListOf, MapOf, Struct

CASES = Path(__file__).resolve().parents[1] / "parity/cases"
VERSIONS = ("1.34.4", "1.35.4", "1.36.3", "1.37.2")
HOST = {
    "hostname": "cp1",
    "default_ipv4": "192.0.2.10",
    "default_ipv6": "2001:db8::10",
    "systemd_resolved": True,
    "member": "",
}
EXAMPLES: dict[str, Any] = {
    "string": "a", "bool": True, "switch": True, "int32": 7, "int64": 7, "uint32": 7, "float": 1.5, "duration": "90s",
    "log_duration": "5s", "quantity": "64Mi", "time": "2030-01-02T03:04:05Z", "any": "1",
}  # fmt: skip
FITTING = {
    "serviceSubnet": "10.96.0.0/16,fd00:1::/112",
    "podSubnet": "10.244.0.0/16,fd00:2::/56",
    "kubernetesVersion": "v1.37.2",
    "token": "abcdef.0123456789abcdef",
    "tlsBootstrapToken": "abcdef.0123456789abcdef",
    "certificateKey": "0123456789abcdef" * 4,
    "advertiseAddress": "192.0.2.10",
    "apiServerEndpoint": "lb.test:6443",
    "controlPlaneEndpoint": "lb.test:6443",
    "caCertPath": "/etc/kubernetes/pki/ca.crt",
    "caCertHashes": ["sha256:" + "0" * 64],
    "encryptionAlgorithm": "ECDSA-P256",
    "groups": ["system:bootstrappers:a"],
    "usages": ["signing", "authentication"],
    "unmountFlags": ["MNT_FORCE"],
    "skipPhases": ["preflight"],
    "featureGates": {"RootlessControlPlane": True},
    "dryRun": False,
    **dict.fromkeys(
        ("certificatesDir", "dataDir", "directory", "caFile", "certFile", "keyFile", "kubeConfigPath"), "/a"
    ),
}
LEFT_OUT = {"external", "file", "expires", "apiVersion", "kind"}
"""Fields that exclude another one, or that the document has already."""


def whole(type_: Any, name: str = "") -> Any:
    """A value with every field of a type."""
    if name in FITTING:
        return FITTING[name]
    if isinstance(type_, Struct):
        return {field: whole(known.type, field) for field, known in type_.fields.items() if field not in LEFT_OUT}
    if isinstance(type_, ListOf):
        return [whole(type_.item)]
    if isinstance(type_, MapOf):
        return {"a": whole(type_.item)}
    return next((choice for choice in type_.choices if choice), EXAMPLES[type_.kind])


def documents() -> dict[str, dict[str, Any]]:
    """One whole document of each kind."""
    return {
        kind: {"apiVersion": version, "kind": kind, **whole(fields)} for kind, (_name, version, fields) in KINDS.items()
    }


def files() -> list[bytes]:
    """Whole files: of the cases for each version, and one with everything."""
    found = [
        path.read_text().replace("{version}", version).encode()
        for path in sorted(CASES.glob("*/config.yaml"))
        for version in VERSIONS
    ]
    found.append(yaml.safe_dump_all(documents().values(), sort_keys=False).encode())
    found += [yaml.safe_dump(document).encode() for document in documents().values()]
    return found


def variables() -> list[dict[str, Any]]:
    """Inputs: each by itself and all of them, and the documents of the cases."""
    every = {name: known.default for name, known in INPUTS.items()}
    every.update({name: whole(fields) for name, _version, fields in KINDS.values()})
    every["node_registration"] = whole(INPUTS["node_registration"].type)
    found = [every, *({name: value} for name, value in every.items())]
    names = {kind: name for kind, (name, _version, _fields) in KINDS.items()}
    for text in files():
        loaded = [one for one in yaml.safe_load_all(text) if isinstance(one, dict) and one.get("kind") in names]
        found.append({names[one["kind"]]: one for one in loaded})
    return found
