# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

_KINDS = ("Deployment", "DaemonSet")


def workloads(objects: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Those of the API objects that kubephase.cluster.wait_nodes can wait for."""
    return [
        {
            "kind": one["kind"],
            "namespace": (one.get("metadata") or {}).get("namespace") or "default",
            "name": (one.get("metadata") or {}).get("name") or "",
        }
        for one in objects
        if one.get("kind") in _KINDS
    ]


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"workloads": workloads}
