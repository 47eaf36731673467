# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render API objects on the controller and hand them to a control plane host in one call."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._api_templates import with_templates
from ansible_collections.kubephase.cluster.plugins.plugin_utils._patches_folder import with_files


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = with_templates(self, task_vars or {})
        if not arguments["objects"] and not arguments.get("manifests"):
            # everything was switched off: nothing to ask the host for
            return {**result, "changed": False, "objects": []}
        if arguments.get("patch_targets"):
            arguments["patches"] = with_files(self, arguments.get("patches"))
        answer: dict[str, Any] = self._execute_module(
            module_name="kubephase.cluster.api_objects", module_args=arguments, task_vars=task_vars
        )
        return answer
