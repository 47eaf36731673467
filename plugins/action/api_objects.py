# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render API objects on the controller and hand them to a control plane host in one call."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import parse
from ansible_collections.kubephase.cluster.plugins.plugin_utils._render import render


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        objects = []
        for name in arguments.pop("templates", None) or []:
            objects += self._rendered(name, task_vars or {})
        arguments["objects"] = objects + list(arguments.get("objects") or [])
        if not arguments["objects"] and not arguments.get("manifests"):
            # everything was switched off: nothing to ask the host for
            return {**result, "changed": False, "objects": []}
        return self._execute_module(
            module_name="kubephase.cluster.api_objects", module_args=arguments, task_vars=task_vars
        )

    def _rendered(self, name: str, task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return parse(render(self, name, task_vars), name)
        except KubephaseError as error:
            raise AnsibleActionFail(str(error)) from error
