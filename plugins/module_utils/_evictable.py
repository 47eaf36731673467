# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Pods leave a node that is drained, by the rules of kubectl drain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

Object = dict[str, Any]

_MIRROR = "kubernetes.io/config.mirror"
_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Pod:
    """A Pod as the API gives it."""

    found: Object

    @property
    def namespace(self) -> str:
        return str(self.found["metadata"].get("namespace", "default"))

    @property
    def short_name(self) -> str:
        return str(self.found["metadata"]["name"])

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.short_name}"

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.short_name}"

    @property
    def uid(self) -> str:
        return str(self.found["metadata"].get("uid", ""))

    @property
    def node(self) -> str:
        return str((self.found.get("spec") or {}).get("nodeName", ""))

    @property
    def controller(self) -> Object:
        """What makes it anew elsewhere; empty where nothing does."""
        owners = self.found["metadata"].get("ownerReferences") or []
        found: Object = next((owner for owner in owners if owner.get("controller")), {})
        return found

    @property
    def stays(self) -> bool:
        """The kubelet's own Pods cannot be sent away, and those of a DaemonSet come back at once."""
        annotations = self.found["metadata"].get("annotations") or {}
        return _MIRROR in annotations or self.controller.get("kind") == "DaemonSet"

    @property
    def is_ending(self) -> bool:
        return bool(self.found["metadata"].get("deletionTimestamp"))

    @property
    def is_finished(self) -> bool:
        return (self.found.get("status") or {}).get("phase") in _FINISHED

    @property
    def has_empty_dir(self) -> bool:
        return any("emptyDir" in volume for volume in (self.found.get("spec") or {}).get("volumes") or [])


def why_not(pod: Pod, force: bool, empty_dirs: bool) -> KubephaseError | None:
    """What would be lost with the Pod, unless that was agreed to."""
    if pod.stays or pod.is_ending or pod.is_finished:
        return None
    where = f"Pod {pod.name} on {pod.node}"
    if not force and not pod.controller:
        return KubephaseError(
            "nobody would make it anew elsewhere",
            where=where,
            hint="Delete it, or agree that it is lost (force: true)",
        )
    if not empty_dirs and pod.has_empty_dir:
        return KubephaseError(
            "the data in its emptyDir volumes would be lost",
            where=where,
            hint="Save it, or agree (delete_empty_dirs: true)",
        )
    return None
