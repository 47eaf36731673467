# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API objects from a role's templates."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import parse
from ansible_collections.kubephase.cluster.plugins.plugin_utils._render import render


def with_templates(action: ActionBase, task_vars: dict[str, Any]) -> dict[str, Any]:
    """The task's arguments, with the objects of ``templates`` put before those of ``objects``."""
    arguments = dict(action._task.args)
    rendered: list[dict[str, Any]] = []
    for name in arguments.pop("templates", None) or []:
        try:
            rendered += parse(render(action, name, task_vars), name)
        except KubephaseError as error:
            raise AnsibleActionFail(str(error)) from error
    arguments["objects"] = rendered + list(arguments.get("objects") or [])
    return arguments
