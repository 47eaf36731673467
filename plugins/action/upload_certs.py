# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a certificate key on the controller where none is given, and keep it out of all output."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.module_utils import _certs_secret
from ansible_collections.kubephase.cluster.plugins.plugin_utils._api_templates import with_templates


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = with_templates(self, task_vars or {})
        made = "" if arguments.get("certificate_key") else _certs_secret.new_key()
        result: dict[str, Any] = self._execute_module(
            module_name="kubephase.cluster.upload_certs",
            module_args={**arguments, "new_key": made},
            task_vars=task_vars,
        )
        if result.pop("new_key_used", False) and not self._task.check_mode:
            result["certificate_key"] = made
            # hides this one result; plans and errors have no key and stay visible
            result["_ansible_no_log"] = True
        return result
