# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ResetConfiguration and UpgradeConfiguration: kubeadm's defaults and validation."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config import node, phases
from ansible_collections.kubephase.cluster.plugins.module_utils._config.cluster import absolute
from ansible_collections.kubephase.cluster.plugins.module_utils._config.releases import check_version
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document, Faults

_UPGRADE_DEFAULTS: dict[str, dict[str, Any]] = {
    "apply": {
        "certificateRenewal": True,
        "etcdUpgrade": True,
        "imagePullPolicy": "IfNotPresent",
        "imagePullSerial": True,
        "allowExperimentalUpgrades": False,
        "allowRCUpgrades": False,
        "dryRun": False,
        "forceUpgrade": False,
        "printConfig": False,
        "kubernetesVersion": "",
        "ignorePreflightErrors": [],
        "patches": {"directory": ""},
    },
    "node": {
        "certificateRenewal": True,
        "etcdUpgrade": True,
        "imagePullPolicy": "IfNotPresent",
        "imagePullSerial": True,
        "dryRun": False,
        "ignorePreflightErrors": [],
        "patches": {"directory": ""},
    },
    "plan": {
        "etcdUpgrade": True,
        "allowExperimentalUpgrades": False,
        "allowRCUpgrades": False,
        "dryRun": False,
        "printConfig": False,
        "kubernetesVersion": "",
        "ignorePreflightErrors": [],
    },
    "diff": {"kubernetesVersion": "", "contextLines": 0},
}


_UNMOUNT_FLAGS = ("MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW")


def resolve_reset(document: Document, registration: dict[str, Any], minor: int, faults: Faults) -> dict[str, Any]:
    """ResetConfiguration with every field; ``skipPhases`` with the children, ``timeouts`` in seconds."""
    certificates = document.get("certificatesDir", default="/etc/kubernetes/pki")
    absolute(document, certificates, faults, "certificatesDir")
    for index, flag in enumerate(document.get("unmountFlags", default=[])):
        if flag not in _UNMOUNT_FLAGS:
            accepted = ", ".join(_UNMOUNT_FLAGS)
            faults.add(document.where("unmountFlags", index), "not a flag of unmount", flag, accepted)
    node.check_ignored(document, faults, "ignorePreflightErrors")
    node.check_timeouts(document, faults)
    return {
        "certificatesDir": certificates,
        "cleanupTmpDir": document.get("cleanupTmpDir", default=False),
        "criSocket": node.resolve_socket(document, registration["criSocket"], faults),
        "dryRun": document.get("dryRun", default=False),
        "force": document.get("force", default=False),
        "ignorePreflightErrors": document.get("ignorePreflightErrors", default=[]),
        "skipPhases": phases.resolve(document, "reset", minor, faults, "skipPhases"),
        "unmountFlags": document.get("unmountFlags", default=[]),
        "timeouts": node.resolve_timeouts(document),
    }


def resolve_upgrade(document: Document, minor: int, faults: Faults) -> dict[str, Any]:
    """UpgradeConfiguration with every field; ``skipPhases`` with the children, ``timeouts`` in seconds."""
    result: dict[str, Any] = {}
    for part, defaults in _UPGRADE_DEFAULTS.items():
        result[part] = {name: document.get(part, name, default=default) for name, default in defaults.items()}
        if "ignorePreflightErrors" in defaults:
            node.check_ignored(document, faults, part, "ignorePreflightErrors")
        if result[part].get("kubernetesVersion"):
            check_version(document, result[part]["kubernetesVersion"], faults, part, "kubernetesVersion")
    for part in ("apply", "node"):
        result[part]["skipPhases"] = phases.resolve(document, f"upgrade {part}", minor, faults, part, "skipPhases")
        patches = document.get(part, "patches")
        directory = (patches or {}).get("directory") or ""
        if patches is not None:
            absolute(document, directory, faults, part, "patches", "directory")
        result[part]["patches"] = {"directory": directory}
    node.check_timeouts(document, faults)
    result["timeouts"] = node.resolve_timeouts(document)
    return result
