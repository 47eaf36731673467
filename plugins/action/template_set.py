# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a set of templates on the controller and hand them to the host in one call."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._patches_folder import with_files
from ansible_collections.kubephase.cluster.plugins.plugin_utils._render import render


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        arguments["files"] = [
            self._rendered(entry, task_vars or {})
            for listed in arguments.get("files") or []
            for entry in self._expanded(listed)
        ]
        if any(entry.get("patch_target") for entry in arguments["files"]):
            arguments["patches"] = with_files(self, arguments.get("patches"))
        return self._execute_module(
            module_name="kubephase.cluster.template_set", module_args=arguments, task_vars=task_vars
        )

    def _expanded(self, listed: Any) -> list[dict[str, Any]]:
        """An entry with ``for_each`` stands for one file for each key of that mapping."""
        if not isinstance(listed, dict) or not isinstance(listed.get("path"), str):
            raise AnsibleActionFail(
                f"files: each entry is a mapping with 'path' and 'template' or 'content', got {listed!r}"
            )
        entry = dict(listed)
        mapping = entry.pop("for_each", None)
        if mapping is None:
            return [entry]
        return [
            {**entry, "path": entry["path"].replace("{key}", key), "vars": {"key": key, "value": value}}
            for key, value in mapping.items()
        ]

    def _rendered(self, entry: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        template = entry.pop("template", None)
        variables = entry.pop("vars", None)
        if entry.get("state") == "absent":
            return {**entry, "content": ""}
        if (template is None) == (entry.get("content") is None):
            raise AnsibleActionFail(f"files: {entry['path']}: give either 'template' or 'content'")
        if template is not None:
            entry["content"] = render(self, template, task_vars, variables)
            if entry.get("instead"):
                other = dict(entry["instead"])
                other["content"] = render(self, template, task_vars, {**(variables or {}), **(other.pop("vars", {}))})
                entry["instead"] = other
        return entry
