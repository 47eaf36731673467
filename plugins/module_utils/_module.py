# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glue between Ansible's modules and the backends: the only file of module_utils that imports Ansible."""

from __future__ import annotations

import re
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_CREDENTIALS = re.compile(r"://[^/@\s\"']+@")


def run(module: AnsibleModule, job: Callable[[], dict[str, Any]]) -> None:
    """Run a backend's job and end the module with its result, or with the user's error it raised.

    A ``diff`` in the result is dropped unless the user asked for diffs, and never shows the password of a URL, such as a
    proxy's. ``warnings`` become the module's warnings.
    """
    try:
        result = job()
    except KubephaseError as error:
        module.fail_json(msg=str(error))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    diff = result.pop("diff", None)
    if diff is not None and getattr(module, "_diff", False):
        result["diff"] = without_passwords(diff)
    module.exit_json(**result)


def without_passwords(value: Any) -> Any:
    """The same, with user and password of every URL replaced."""
    if isinstance(value, dict):
        return {key: without_passwords(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_passwords(part) for part in value]
    return _CREDENTIALS.sub("://********@", value) if isinstance(value, str) else value
