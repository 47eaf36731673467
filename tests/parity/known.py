# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known differences of differences.yml: each says where it occurs, exactly what differs, and why that is right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests.parity.comparing import Difference

FILE = Path(__file__).with_name("differences.yml")


@dataclass(frozen=True)
class Known:
    """One row. Cases and path may be shell patterns; no minors are all minors. The change is compared as it is."""

    reason: str
    kind: str
    path: str
    change: tuple[str, ...]
    cases: tuple[str, ...] = ("*",)
    minors: tuple[str, ...] = ()

    def is_about(self, case: str, minor: str) -> bool:
        return any(fnmatchcase(case, pattern) for pattern in self.cases) and (not self.minors or minor in self.minors)

    def explains(self, case: str, minor: str, difference: Difference) -> bool:
        return (
            self.is_about(case, minor)
            and difference.kind == self.kind
            and fnmatchcase(difference.path, self.path)
            and difference.change == self.change
        )

    def parts(self) -> Iterable[tuple[str, str]]:
        """What it claims separately, each of which has to occur: its case patterns in each of its minors."""
        return [(case, minor) for case in self.cases for minor in self.minors or ("",)]


def load(path: Path = FILE) -> list[Known]:
    rows = yaml.safe_load(path.read_text()) or []
    return [_row(index, row) for index, row in enumerate(rows, 1)]


def _row(index: int, row: dict[str, object]) -> Known:
    names = {each.name for each in fields(Known)}
    missing = {"reason", "kind", "path", "change"} - set(row)
    if missing or set(row) - names:
        raise ValueError(f"{FILE.name}, row {index}: missing {sorted(missing)}, unknown {sorted(set(row) - names)}")
    return Known(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})  # type: ignore[arg-type]


def unexplained(known: list[Known], case: str, minor: str, differences: Iterable[Difference]) -> list[Difference]:
    return [each for each in differences if not any(row.explains(case, minor, each) for row in known)]


def never_seen(known: list[Known], found: Iterable[tuple[str, str, Difference]]) -> list[str]:
    """Rows, or parts of rows, that explain nothing of a full run."""
    everything = list(found)
    stale = []
    for row in known:
        for pattern, minor in row.parts():
            narrow = Known(row.reason, row.kind, row.path, row.change, (pattern,), (minor,) if minor else ())
            if not any(narrow.explains(*each) for each in everything):
                stale.append(
                    f"{row.kind} {row.path}: not in case {pattern}{f' of {minor}' if minor else ''} ({row.reason})"
                )
    return stale
