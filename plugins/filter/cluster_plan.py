# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control plane of a run is to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.filter.founding import founding


def cluster_plan(hostvars: Mapping[str, Mapping[str, Any]], control_planes: Sequence[str]) -> dict[str, Any]:
    """From the variables of all hosts and the names of the control planes, in the order of the inventory.

    Only hosts that resolved their configuration in this run are seen.
    """
    facts: dict[str, Mapping[str, Any]] = {}
    for name in control_planes:
        fact = hostvars[name].get("kubephase", {})
        # of one that was not reached Ansible keeps only that
        if "host" in fact:
            facts[name] = fact
    begun = founding(facts)
    members = [name for name, fact in facts.items() if fact["host"]["member"]]
    running = [name for name in members if not facts[name]["host"]["founding"]]
    first = [name for name in control_planes[:1] if name in begun["hosts"]]
    init = next(iter([*first, *running, *control_planes]), "")
    staying = {*members, *begun["hosts"], init}
    return {
        "known": list(facts),
        "founding": begun,
        "running": running,
        "init": init,
        "started": [name for name in facts if name in staying],
        "joining": [name for name in facts if name not in staying],
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"cluster_plan": cluster_plan}
