# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering a role's templates on the controller, as ansible.builtin.template does it."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

_OVERRIDES = {"trim_blocks": True, "lstrip_blocks": False}


def render(action: ActionBase, name: str, task_vars: dict[str, Any], extra: dict[str, Any] | None = None) -> str:
    """The text of template ``name``, looked up in ``templates/`` of the role that the task belongs to.

    :param extra: variables for this template alone.
    """
    try:
        source = action._find_needle("templates", name)
    except AnsibleError as error:
        raise AnsibleActionFail(f"template {name!r} was not found: {error}") from error
    text = action._loader.get_text_file_contents(source)
    folders = [*task_vars.get("ansible_search_path", []), os.path.dirname(source)]
    search_path = [path for folder in folders for path in (os.path.join(folder, "templates"), folder)]
    templar = action._templar.copy_with_new_env(
        searchpath=search_path, available_variables={**task_vars, **(extra or {})}
    )
    try:
        rendered = templar.template(trust_as_template(text), escape_backslashes=False, overrides=_OVERRIDES)
    except AnsibleError as error:
        raise AnsibleActionFail(f"template {name!r} cannot be rendered: {error}") from error
    return "" if rendered is None else str(rendered)
