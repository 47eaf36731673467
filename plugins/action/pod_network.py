# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the files of a node's Pod network on the controller and hand them over with the routes in one call."""

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
        files = [self._rendered(entry, task_vars or {}) for entry in self._task.args.get("files") or []]
        answer: dict[str, Any] = self._execute_module(
            module_name="kubephase.cluster.pod_network",
            module_args={**self._task.args, "files": files},
            task_vars=task_vars,
        )
        return answer

    def _rendered(self, entry: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(entry, dict) or (entry.get("template") is None) == (entry.get("content") is None):
            raise AnsibleActionFail(
                f"files: each entry is a mapping with 'path' and either 'template' or 'content', got {entry!r}"
            )
        given = dict(entry)
        template = given.pop("template", None)
        return {**given, "content": render(self, template, task_vars)} if template is not None else given
