# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

_CRI_SOCKET = "kubeadm.alpha.kubernetes.io/cri-socket"
_LAST_WITH_CRI_SOCKET = 35
_PHASES = ("mark-control-plane", "control-plane-join/mark-control-plane")


def declared_nodes(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the fact ``kubephase`` of several hosts, as module node_metadata takes it.

    Those that declare nothing are there too: something that was declared before may have to go.
    """
    return [_declared(fact) for fact in facts]


def _declared(fact: Mapping[str, Any]) -> dict[str, Any]:
    control_plane = fact["node_role"] == "control_plane"
    marked = control_plane and not any(phase in fact["skip_phases"] for phase in _PHASES)
    return {
        "name": fact["node_registration"]["name"],
        "control_plane": marked,
        "labels": fact["node_labels"],
        "annotations": {**_cri_socket(fact), **fact["node_annotations"]},
        "taints": fact["node_registration"]["taints"] if marked or not control_plane else None,
    }


def _cri_socket(fact: Mapping[str, Any]) -> dict[str, str]:
    """Where kubelets do not read the socket from a file of their own, kubeadm up to 1.35 finds it on the Node."""
    if fact["feature_gates"].get("NodeLocalCRISocket", True) or fact["version"]["minor"] > _LAST_WITH_CRI_SOCKET:
        return {}
    return {_CRI_SOCKET: str(fact["node_registration"]["criSocket"])}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        return {"declared_nodes": declared_nodes}
