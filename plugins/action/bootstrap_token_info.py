# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep tokens that come back out of all output."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._hidden_output import hidden_output


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        with hidden_output(self, boolean(self._task.args.get("return_tokens") or False)):
            result: dict[str, Any] = self._execute_module(
                module_name="kubephase.cluster.bootstrap_token_info", module_args=self._task.args, task_vars=task_vars
            )
        for token in result.get("tokens") or []:
            secret = token.pop("secret", "")
            if secret:
                token["token"] = f"{token['id']}.{secret}"
                result["_ansible_no_log"] = True
        return result
