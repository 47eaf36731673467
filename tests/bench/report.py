# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that a bench prints."""

from __future__ import annotations

from collections import Counter
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

    @property
    def kubeadm_seconds(self) -> float:
        return sum(self.by_hand.values())

    @property
    def ratio(self) -> float:
        return self.first_seconds / self.kubeadm_seconds


def rounds(measured: list[Round]) -> list[str]:
    lines = [f"{'round':<8}{'kubeadm by hand':>18}{'site.yml':>12}{'ratio':>8}{'site.yml again':>17}"]
    for number, each in enumerate(measured, 1):
        lines.append(row(str(number), each.kubeadm_seconds, each.first_seconds, each.ratio, each.second_seconds))
    if len(measured) > 1:
        columns = ("kubeadm_seconds", "first_seconds", "ratio", "second_seconds")
        lines.append(row("median", *(median(getattr(each, column) for each in measured) for column in columns)))
    return lines


def row(name: str, kubeadm: float, first: float, ratio: float, second: float) -> str:
    return f"{name:<8}{kubeadm:>16.1f} s{first:>10.1f} s{ratio:>8.2f}{second:>15.1f} s"


def steps(by_hand: dict[str, float]) -> list[str]:
    return [f"{step:<36}{seconds:>8.1f} s" for step, seconds in by_hand.items()]


def phases(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Seconds of each role in both runs, and the remote calls of each host."""
    spent = {"first": by_role(first), "second": by_role(second)}
    roles = list(dict.fromkeys([*spent["first"], *spent["second"]]))
    hosts = sorted({*first["hosts"], *second["hosts"]})
    lines = [f"{'role':<40}{'first':>10}{'second':>10}"]
    lines += [f"{role:<40}{spent['first'][role]:>8.1f} s{spent['second'][role]:>8.1f} s" for role in roles]
    lines += ["", f"{'remote calls':<40}{'first':>10}{'second':>10}"]
    lines += [f"{host:<40}{first['hosts'].get(host, 0):>10}{second['hosts'].get(host, 0):>10}" for host in hosts]
    return lines


def by_role(record: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for task in record["tasks"]:
        found[task["role"].rpartition(".")[2] or "(no role)"] += task["seconds"]
    return found
