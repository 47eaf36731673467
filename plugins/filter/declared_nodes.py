# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workers' labels and taints are declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable


def declared_nodes(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the fact ``kubephase`` of several hosts: those with labels or taints, as module node_metadata takes them."""
    return [
        {
            "name": fact["node_registration"]["name"],
            "labels": fact["node_labels"],
            "taints": fact["node_registration"]["taints"],
        }
        for fact in facts
        if fact["node_labels"] or fact["node_registration"]["taints"]
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        return {"declared_nodes": declared_nodes}
