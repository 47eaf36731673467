# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the tokens' rights on the controller, and keep a token that comes back out of all output."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.plugin_utils._api_templates import with_templates
from ansible_collections.kubephase.cluster.plugins.plugin_utils._hidden_output import hidden_output


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        given = self._task.args
        wants_token, wants_command = (
            boolean(given.get(name) or False) for name in ("return_token", "return_join_command")
        )
        with hidden_output(self, wants_token or wants_command):
            result: dict[str, Any] = self._execute_module(
                module_name="kubephase.cluster.bootstrap_token",
                module_args=with_templates(self, task_vars or {}),
                task_vars=task_vars,
            )
        parts = result.pop("token", None)
        endpoint, pins = result.pop("endpoint", ""), result.pop("ca_cert_hashes", [])
        if isinstance(parts, dict):
            # the module gives it in two parts, as Ansible would mask a value that is one of its arguments
            token = f"{parts['id']}.{parts['secret']}"
            if wants_token:
                result["token"] = token
            if wants_command:
                result["join_command"] = join_command(endpoint, token, pins, given.get("certificate_key") or "")
            # hides this one result; plans and errors have no token and stay visible
            result["_ansible_no_log"] = True
        return result


def join_command(endpoint: str, token: str, pins: list[str], certificate_key: str) -> str:
    """In the words of ``kubeadm token create --print-join-command``."""
    words = ["kubeadm", "join", endpoint, "--token", token]
    for pin in pins:
        words += ["--discovery-token-ca-cert-hash", pin]
    if certificate_key:
        words += ["--control-plane", "--certificate-key", certificate_key]
    return " ".join(words)
