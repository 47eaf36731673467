# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the matrix with real kubeadm: `python -m tests.parity [PATTERN ...]`.

Shows every difference that differences.yml does not explain. A run without patterns of cases (`external-*`) or of single
ones (`1.37-plain`) also writes docs/PARITY.md.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from tests.parity import known, matrix, report
from tests.parity.comparing import Comparison
from tests.parity.known import Known
from tests.parity.matrix import Cell, Results


def chosen(patterns: list[str]) -> list[Cell]:
    every = matrix.cells()
    if not patterns:
        return every
    return [cell for cell in every if any(fnmatchcase(name, each) for each in patterns for name in names(cell))]


def names(cell: Cell) -> list[str]:
    return [str(cell), cell.case.name, cell.minor]


def main(patterns: list[str]) -> int:
    cells = chosen(patterns)
    if not cells:
        sys.exit(f"no such case (there are: {', '.join(map(str, matrix.cells()))})")
    rows = known.load()
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(os.cpu_count()) as pool:
        results = []
        unexplained = 0
        for cell, found in zip(cells, pool.imap(partial(compared, Path(folder)), cells, chunksize=1)):
            results.append((cell, found))
            unexplained += shown(cell, found, rows)
    print(f"{len(results)} runs, {unexplained} unexplained differences")
    if patterns:
        return 1 if unexplained else 0
    seen = [(cell.case.name, cell.minor, each) for cell, found in results for each in found.differences]
    stale = known.never_seen(rows, seen)
    print("".join(f"differences.yml explains nothing: {each}\n" for each in stale), end="")
    report.FILE.write_text(report.document(results, rows))
    return 1 if unexplained or stale else 0


def shown(cell: Cell, found: Comparison, rows: list[Known]) -> int:
    """How many differences are not known."""
    left = known.unexplained(rows, cell.case.name, cell.minor, found.differences)
    print(f"{cell}: {sum(found.counts.values())} compared, {len(found.differences)} differ, {len(left)} unexplained")
    for each in left:
        print("  " + str(each).replace("\n", "\n  "), flush=True)
    return len(left)


def compared(folder: Path, cell: Cell) -> Comparison:
    return Results(folder).of(cell)
