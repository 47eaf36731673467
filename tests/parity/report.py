# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/PARITY.md: what a run of the matrix compared, and what is known to differ."""

from __future__ import annotations

from lab import pins
from tests.parity.comparing import KINDS, Comparison
from tests.parity.known import Known, unexplained
from tests.parity.matrix import Cell
from tests.parity.playing import CHECKOUT

FILE = CHECKOUT / "docs" / "PARITY.md"
HEAD = """\
# Compared with real kubeadm

Made by `make parity`; a test checks that it is what the matrix gives.

Every row is a case of [tests/parity/cases](../tests/parity/cases): a configuration that the real kubeadm of each minor version
was given, with what it wrote and sent stored in [tests/parity/golden](../tests/parity/golden). The collection's roles are
given the same, and everything is compared: files byte for byte with their modes, certificates and keys field by field, API
objects with their order. A number says how many things were compared, `29/29/28/28` one for each minor version, 1.37 first,
where they differ. *Known* counts the differences that are listed below with their reasons; there are no others.
"""


Results = list[tuple[Cell, Comparison]]


def document(results: Results, known: list[Known]) -> str:
    return "\n".join([HEAD, *_table(results, known), "", *_known(known)]) + "\n"


def _table(results: Results, known: list[Known]) -> list[str]:
    lines = [_row(["case", "", "minors", *KINDS, "known"]), _row(["---"] * 3 + ["--:"] * (len(KINDS) + 1))]
    cases = {cell.case.name: cell.case for cell, _found in results}
    totals = Comparison()
    total_known = 0
    for name, case in cases.items():
        found = {cell.minor: each for cell, each in results if cell.case == case}
        refused = [minor for minor, each in found.items() if "refused" in each.counts]
        title = case.title + (
            f" (refused{'' if len(refused) == len(found) else ' by ' + ', '.join(refused)})" if refused else ""
        )
        counts = [_counts([each.counts.get(kind, 0) for each in found.values()]) for kind in KINDS]
        explained = [_explained(known, name, minor, each) for minor, each in found.items()]
        lines.append(_row([name, title, _minors(list(found)), *counts, _counts(explained)]))
        total_known += sum(explained)
        for each in found.values():
            for kind, count in each.counts.items():
                totals.counts[kind] = totals.counts.get(kind, 0) + count
    everything = [str(totals.counts.get(kind, 0)) for kind in KINDS]
    lines.append(_row(["**all**", f"{len(cases)} cases", f"{len(results)} runs", *everything, str(total_known)]))
    return lines


def _explained(known: list[Known], case: str, minor: str, found: Comparison) -> int:
    return len(found.differences) - len(unexplained(known, case, minor, found.differences))


def _known(known: list[Known]) -> list[str]:
    if not known:
        return ["## Known differences", "", "None."]
    lines = [
        "## Known differences",
        "",
        "Exactly these, in [tests/parity/differences.yml](../tests/parity/differences.yml).",
        "",
    ]
    lines += [_row(["cases", "minors", "where", "why"]), _row(["---"] * 4)]
    for row in known:
        cases = "all" if row.cases == ("*",) else ", ".join(row.cases)
        lines.append(_row([cases, _minors(list(row.minors)), f"{row.kind}: `{row.path}`", row.reason.strip()]))
    return lines


def _minors(found: list[str]) -> str:
    return "all" if not found or found == list(pins.RELEASES) else ", ".join(found)


def _counts(numbers: list[int]) -> str:
    return str(numbers[0] or "") if len(set(numbers)) == 1 else "/".join(map(str, numbers))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
