# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taints in the form that the kubelet's flag takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable


def taint_argument(taints: Sequence[Mapping[str, Any]]) -> str:
    """``key=value:Effect,key:Effect`` from core/v1 Taints, as ``--register-with-taints`` wants it."""
    return ",".join(
        f"{taint['key']}{'=' + str(taint['value']) if taint.get('value') else ''}:{taint['effect']}" for taint in taints
    )


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"taint_argument": taint_argument}
