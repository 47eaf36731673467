# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of module config: resolves the configuration on the controller."""

from __future__ import annotations

import re
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.plugin_utils import _config_file, _release_label

_CERTIFICATES_DIR = re.compile(r"^certificatesDir: *[\"']?(/[^\s\"']+)", re.MULTILINE)


class ActionModule(ActionBase):
    """Reads the host's facts unless this run has them already, then resolves without touching the host."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        inputs = dict(self._task.args)
        if isinstance(inputs.get("patches_directory"), str) and inputs["patches_directory"]:
            inputs["patches_directory"] = self._loader.path_dwim(inputs["patches_directory"])
        refresh = str(inputs.pop("refresh", False)).lower() in ("true", "yes", "1", "on")
        host = None if refresh else _known_host(task_vars.get("kubephase"))
        try:
            text = _config_file.read(self._loader, inputs.get("config_file"))
            if host is None:
                arguments = {"certificates_dir": _certificates_dir(inputs, text)}
                answer = self._execute_module(
                    module_name="kubephase.cluster.host_info", module_args=arguments, task_vars=task_vars
                )
                if answer.get("failed") or "host" not in answer:
                    return {**result, **answer, "failed": True}
                host = plain(answer["host"])
            fetch = _release_label.Fetch(task_vars.get("kubephase"))
            fact, warnings = resolve(inputs, host, text, bool(self._task.check_mode), fetch)
        except KubephaseError as error:
            return {**result, "failed": True, "msg": str(error)}
        if warnings:
            result["warnings"] = warnings
        return {**result, "changed": False, **fact}


def _certificates_dir(inputs: dict[str, Any], text: bytes | None) -> str:
    """As the configuration will have it; what is wrong with it is said when that is resolved."""
    given = inputs.get("cluster_configuration")
    named = given.get("certificatesDir") if isinstance(given, dict) else None
    found = _CERTIFICATES_DIR.search((text or b"").decode("utf-8", "replace"))
    wanted = str(named or (found[1] if found else ""))
    return wanted if wanted.startswith("/") else "/etc/kubernetes/pki"


def _known_host(fact: Any) -> dict[str, Any] | None:
    """The host's facts of an earlier resolution in the same run."""
    host = fact.get("host") if isinstance(fact, dict) else None
    return plain(host) if isinstance(host, dict) and host.get("hostname") else None


def plain(value: Any) -> Any:
    """The value without the controller's own types."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, str) else value
