# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command-line arguments merged as kubeadm merges extraArgs."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError


def component_args(base: Any, extra: Any = None) -> list[str]:
    """``--name=value`` for each base argument, sorted, without those that ``extra`` names, and then ``extra`` in its order."""
    if not isinstance(base, dict):
        raise AnsibleFilterError(
            f"component_args: the base must be a mapping of names and values, not {type(base).__name__}"
        )
    given = list(extra or [])
    if not all(isinstance(entry, dict) and "name" in entry and "value" in entry for entry in given):
        raise AnsibleFilterError("component_args: extra arguments must be a list of name and value")
    replaced = {entry["name"] for entry in given}
    kept = [f"--{name}={base[name]}" for name in sorted(base) if name not in replaced]
    return kept + [f"--{entry['name']}={entry['value']}" for entry in given]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"component_args": component_args}
