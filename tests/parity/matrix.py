# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case with every minor version, each compared once in a run however many processes ask for it."""

from __future__ import annotations

import fcntl
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab import golden_cases, golden_store, pins
from lab.golden_cases import Case
from lab.golden_store import Golden
from tests.parity.comparing import Comparison, Difference, compare
from tests.parity.made import make
from tests.parity.playing import TaskFailed
from tests.parity.refusing import names_a_field, told_arguments, told_fields
from tests.parity.telling import NotPlayed

PLAIN = golden_cases.load(golden_cases.PLAIN)


@dataclass(frozen=True)
class Cell:
    """One case with one minor version."""

    case: Case
    minor: str

    def __str__(self) -> str:
        return f"{self.minor}-{self.case.name}"

    def is_named_in(self, sentence: str) -> bool:
        """What is refused: a file that is missing, or a field."""
        missing = [path.rpartition(".")[0] for path in self.case.existing_without or []]
        if any(path in sentence for path in missing):
            return True
        if self.case.kind == "token":
            return names_a_field(sentence, told_arguments(self.case.arguments))
        return names_a_field(sentence, told_fields(self._documents(self.case), self._documents(PLAIN)))

    def _documents(self, case: Case) -> list[dict[str, Any]]:
        return case.documents(pins.RELEASES[self.minor].version)

    @property
    def golden(self) -> Golden:
        return golden_store.read(self.minor, self.case.name)


def cells() -> list[Cell]:
    return [Cell(case, minor) for case in golden_cases.every() for minor in pins.RELEASES if case.runs_on(minor)]


class Results:
    """:param folder: of one run; every process of the run is given the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, cell: Cell) -> Comparison:
        path = self.folder / f"{cell}.json"
        with _locked(self.folder / f"{cell}.lock"):
            if not path.exists():
                path.write_text(self._compared(cell).to_json())
        return Comparison.from_json(path.read_text())

    def _compared(self, cell: Cell) -> Comparison:
        root = self.folder / str(cell)
        root.mkdir()
        try:
            theirs, ours = cell.golden, make(cell.case, cell.minor, root)
            if cell.case.existing_without is not None:
                theirs, ours = without_chance(theirs), without_chance(ours)
            found = compare(theirs, ours)
        except TaskFailed as failed:
            return _failure(f"{failed.task}: {failed}")
        except NotPlayed as missing:
            return _failure(str(missing))
        except Exception:
            return _failure(traceback.format_exc())
        finally:
            # keys were made in it
            shutil.rmtree(root, ignore_errors=True)
        if ours.refused and not cell.is_named_in(ours.refused):
            found.differences.append(Difference("refused", "names no field", (f"+{ours.refused}",)))
        return found


def without_chance(golden: Golden) -> Golden:
    """Where certificates were there, they were made a moment before: whether in the same second is chance."""
    chance = ("not_before_is_that_of_the_signer", "not_before_to_not_after_seconds", "not_before_to_made_minutes")

    def kept(each: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in each.items() if key not in chance}

    certificates = {
        path: {**each, "chain": [kept(part) for part in each["chain"]]} if "chain" in each else each
        for path, each in golden.certificates.items()
    }
    return replace(golden, certificates=certificates)


def _failure(text: str) -> Comparison:
    """Nothing could be compared."""
    return Comparison({}, [Difference("failed", "run", tuple(f"+{line}" for line in text.splitlines()))])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
