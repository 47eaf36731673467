# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the tokens' rights on the controller, and keep a token that comes back out of all output."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._api_templates import with_templates


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        result: dict[str, Any] = self._execute_module(
            module_name="kubephase.cluster.bootstrap_token",
            module_args=with_templates(self, task_vars or {}),
            task_vars=task_vars,
        )
        token = result.get("token")
        if isinstance(token, dict):
            # the module gives it in two parts, as Ansible would mask a value that is one of its arguments
            result["token"] = f"{token['id']}.{token['secret']}"
            # hides this one result; plans and errors have no token and stay visible
            result["_ansible_no_log"] = True
        return result
