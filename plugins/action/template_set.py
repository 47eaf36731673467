# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a set of templates on the controller and hand them to the host in one call."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._render import render


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        arguments["files"] = [self._rendered(entry, task_vars or {}) for entry in arguments.get("files") or []]
        return self._execute_module(
            module_name="kubephase.cluster.template_set", module_args=arguments, task_vars=task_vars
        )

    def _rendered(self, entry: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(entry, dict):
            raise AnsibleActionFail(f"files: each entry is a mapping with 'path' and 'template' or 'content', got {entry!r}")
        entry = dict(entry)
        template = entry.pop("template", None)
        variables = entry.pop("vars", None)
        if (template is None) == (entry.get("content") is None):
            raise AnsibleActionFail(f"files: {entry.get('path')}: give either 'template' or 'content'")
        if template is not None:
            entry["content"] = render(self, template, task_vars, variables)
        return entry
