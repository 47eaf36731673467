# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a variable may hold, so that whatever is written in one costs little time and memory."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import MAX_BYTES
from ansible_collections.kubephase.cluster.plugins.module_utils._yaml_reader import MAX_DEPTH, MAX_NODES


def excess(value: Any) -> str:
    """What is too much in a value, the same bounds as for a file; nothing where all is well."""
    nodes, characters, depth = 0, 0, 0
    level = [value]
    while level:
        below: list[Any] = []
        for part in level:
            if isinstance(part, str):
                characters += len(part)
            elif isinstance(part, dict):
                below += part
                below += part.values()
            elif isinstance(part, (list, tuple)):
                below += part
        nodes += len(level)
        if nodes + len(below) > 2 * MAX_NODES:
            return f"more than {MAX_NODES} values"
        if characters > MAX_BYTES:
            return f"more than {MAX_BYTES} characters"
        depth += 1
        if depth > MAX_DEPTH:
            return "nested too deeply"
        level = below
    return ""
