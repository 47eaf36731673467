# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that a bench prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Round:
    """What one round measured, in seconds; and what the callback remote_calls noted of the two runs of site.yml."""

    by_hand: dict[str, float]
    first: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=dict)
    first_seconds: float = 0.0
    second_seconds: float = 0.0
    single: dict[str, Any] = field(default_factory=dict)
    single_seconds: float = 0.0
    """Where there are several control planes: site.yml with only the first of them."""

    @property
    def kubeadm_seconds(self) -> float:
        return sum(self.by_hand.values())

    @property
    def ratio(self) -> float:
        return self.first_seconds / self.kubeadm_seconds

    @property
    def to_single(self) -> float:
        return self.first_seconds / self.single_seconds


COLUMNS = {
    "kubeadm by hand": "kubeadm_seconds",
    "site.yml": "first_seconds",
    "ratio": "ratio",
    "site.yml again": "second_seconds",
}
SEVERAL = {"single one": "single_seconds", "to single": "to_single"}
RATIOS = ("ratio", "to_single")


def rounds(measured: list[Round]) -> list[str]:
    """A row for each round, and their medians."""
    columns = {**COLUMNS, **(SEVERAL if measured[0].single_seconds else {})}
    lines = [f"{'round':<8}" + "".join(f"{head:>18}" for head in columns)]
    for number, each in enumerate(measured, 1):
        lines.append(row(str(number), {field: getattr(each, field) for field in columns.values()}))
    if len(measured) > 1:
        lines.append(
            row("median", {field: median(getattr(each, field) for each in measured) for field in columns.values()})
        )
    return lines


def row(name: str, values: dict[str, float]) -> str:
    cells = (f"{value:>18.2f}" if field in RATIOS else f"{value:>16.1f} s" for field, value in values.items())
    return f"{name:<8}" + "".join(cells)


def steps(by_hand: dict[str, float]) -> list[str]:
    return [f"{step:<36}{seconds:>8.1f} s" for step, seconds in by_hand.items()]


def phases(records: Mapping[str, dict[str, Any]]) -> list[str]:
    """Seconds of each role in every run, and the remote calls of each host."""
    spent = {name: by_role(record) for name, record in records.items()}
    roles = list(dict.fromkeys(role for each in spent.values() for role in each))
    hosts = sorted({host for record in records.values() for host in record["hosts"]})
    heads = "".join(f"{name:>10}" for name in records)
    lines = [f"{'role':<40}{heads}"]
    lines += [f"{role:<40}" + "".join(f"{each[role]:>8.1f} s" for each in spent.values()) for role in roles]
    lines += ["", f"{'remote calls':<40}{heads}"]
    lines += [
        f"{host:<40}" + "".join(f"{each['hosts'].get(host, 0):>10}" for each in records.values()) for host in hosts
    ]
    return lines


def by_role(record: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for task in record["tasks"]:
        found[task["role"].rpartition(".")[2] or "(no role)"] += task["seconds"]
    return found
