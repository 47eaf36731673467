# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of the workers' nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable


def declared_nodes(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the fact ``kubephase`` of several hosts, as module node_metadata takes it.

    Those that declare nothing are there too: something that was declared before may have to go.
    """
    return [
        {
            "name": fact["node_registration"]["name"],
            "labels": fact["node_labels"],
            "annotations": fact["node_annotations"],
            "taints": fact["node_registration"]["taints"],
        }
        for fact in facts
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        return {"declared_nodes": declared_nodes}
