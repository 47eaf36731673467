# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of patches on the controller, brought along to the host."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.files import list_files


def with_files(action: ActionBase, patches: Any) -> Any:
    """The argument ``patches`` of a module, with the files of ``controller_directory``."""
    if not isinstance(patches, dict) or not patches.get("controller_directory"):
        return patches
    if patches.get("directory"):
        raise AnsibleActionFail(
            f"patches: there is a folder on the host ({patches['directory']}) and one on the controller "
            f"({patches['controller_directory']}); give one of them"
        )
    directory = action._loader.path_dwim(patches["controller_directory"])
    try:
        files = [{"name": name, "content": content} for name, content in list_files(directory)]
    except KubephaseError as error:
        raise AnsibleActionFail(str(error)) from error
    return {**patches, "files": files}
