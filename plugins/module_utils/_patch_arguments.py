# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument ``patches`` of modules that write what kubeadm lets users patch."""

from __future__ import annotations

from typing import Any

PATCH_ARGUMENTS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "version": {"type": "str", "required": True},
        "directory": {"type": "path", "default": ""},
        "controller_directory": {"type": "str", "default": ""},
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"name": {"type": "str", "required": True}, "content": {"type": "str", "required": True}},
        },
    },
}
