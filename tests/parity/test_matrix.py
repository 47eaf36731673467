# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection does what kubeadm does, in every case of the matrix and with every minor version.

Needs no host: the roles are played in this process (see `playing`), below a folder (see `host_in_folder`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity import known, matrix, report
from tests.parity.matrix import Cell, Results

CELLS = matrix.cells()


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Results:
    """One folder for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    folder: Path = (base if worker_id == "master" else base.parent) / "parity"
    folder.mkdir(exist_ok=True)
    return Results(folder)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Also without xdist."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_nothing_differs_that_is_not_known(results: Results, cell: Cell) -> None:
    found = results.of(cell)
    left = known.unexplained(known.load(), cell.case.name, cell.minor, found.differences)
    assert not left, "\n" + "\n".join(map(str, left))
    assert sum(found.counts.values()) + len(found.differences) > 0, "nothing was compared"


def test_every_known_difference_occurs(results: Results) -> None:
    seen = [(cell.case.name, cell.minor, each) for cell in CELLS for each in results.of(cell).differences]
    assert known.never_seen(known.load(), seen) == []


def test_the_table_is_what_the_matrix_gives(results: Results) -> None:
    written = report.document([(cell, results.of(cell)) for cell in CELLS], known.load())
    assert report.FILE.read_text() == written, "run `make parity`"
