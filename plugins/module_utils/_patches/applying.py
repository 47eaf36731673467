# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches applied to their targets: static Pods, the kubelet's configuration, the addons' workloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.encoding import reencoded
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.files import (
    Folder,
    Patch,
    known_targets,
    list_files,
    read_folder,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.json_merge import json_patch, merge_patch
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.schema import OPEN, schema
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.strategic import strategic_merge

_KINDS = {"kubeletconfiguration": "", "corednsdeployment": "Deployment", "kubeproxydaemonset": "DaemonSet"}


class Patcher:
    """The patches of one folder, for one version of Kubernetes."""

    def __init__(self, folder: Folder, minor: int) -> None:
        self._folder = folder
        self._minor = minor

    @classmethod
    def of(cls, given: Optional[dict[str, Any]]) -> Patcher:
        """From a module's ``patches``: ``version``, ``directory`` on this host, ``files`` brought along."""
        given = given or {}
        minor = int((given.get("version") or "v1.0").lstrip("v").split(".")[1])
        directory = given.get("directory") or ""
        if directory:
            return cls(read_folder(list_files(directory), minor, directory), minor)
        files = [(entry["name"], entry["content"]) for entry in given.get("files") or []]
        return cls(read_folder(files, minor), minor)

    @property
    def warnings(self) -> list[str]:
        return list(self._folder.ignored)

    def text(self, target: str, text: str, overrides: Optional[dict[str, Any]] = None) -> str:
        """The patched YAML of a manifest or configuration; the very same text where no patch is for it.

        :param overrides: fields that no patch may change.
        """
        patches = self._of(target)
        if not patches:
            return text
        return dump({**self._apply(patches, load(text, target)), **(overrides or {})})

    def object(self, target: str, obj: dict[str, Any]) -> dict[str, Any]:
        """The patched object; the very same where no patch is for it."""
        patches = self._of(target)
        return self._apply(patches, obj) if patches else obj

    def _of(self, target: str) -> Sequence[Patch]:
        return [patch for patch in self._folder.patches if patch.target == target]

    def _apply(self, patches: Sequence[Patch], value: Any) -> dict[str, Any]:
        kind = _KINDS.get(patches[0].target, "Pod")
        for patch in patches:
            for document in patch.documents:
                value = self._applied(patch, document, value, kind)
        if not isinstance(value, dict):
            raise KubephaseError("leaves no mapping", where=patches[-1].source)
        if not kind:
            return value
        try:
            if value.get("kind") != kind:
                raise KubephaseError("another kind of object", where="kind", value=value.get("kind"), accepted=kind)
            return reencoded(value, kind, self._minor)
        except KubephaseError as error:
            sources = ", ".join(patch.source for patch in patches)
            raise _located(error, sources, f"leave an invalid {kind}") from error

    def _applied(self, patch: Patch, document: Any, value: Any, kind: str) -> Any:
        try:
            if patch.type == "json":
                return json_patch(value, document)
            if not isinstance(document, dict):
                raise KubephaseError("a patch of this type is a mapping", value=type(document).__name__)
            if patch.type == "merge":
                return merge_patch(value, document)
            return strategic_merge(value, document, schema(kind, self._minor) if kind else OPEN)
        except KubephaseError as error:
            raise _located(error, patch.source, f"cannot be applied to {patch.target}") from error


def _located(error: KubephaseError, source: str, problem: str) -> KubephaseError:
    return KubephaseError(f"{problem}: {error}", where=source)


__all__ = ["Patcher", "known_targets"]
