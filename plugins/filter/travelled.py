# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went from host to host in a run, for a person to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable


def travelled(entries: Iterable[Mapping[str, str]]) -> list[str]:
    """One line for each thing and way, with all that got it."""
    receivers: dict[tuple[str, str, str], list[str]] = {}
    for entry in entries:
        receivers.setdefault((entry["file"], entry["from"], entry["how"]), []).append(entry["to"])
    return [f"{file}: {start} -> {', '.join(ends)} [{how}]" for (file, start, how), ends in receivers.items()]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"travelled": travelled}
