# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A known difference explains itself and nothing else, and has to occur."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.comparing import Difference
from tests.parity.known import Known, load, never_seen, unexplained

PATH = "/etc/kubernetes/manifests/etcd.yaml"
FOUND = Difference("manifests", PATH, ("-a", "+b"))
ROW = Known("why", "manifests", "*/etcd.yaml", ("-a", "+b"), ("external-*", "plain"), ("1.36", "1.37"))


def test_it_explains_exactly_itself() -> None:
    assert unexplained([ROW], "plain", "1.37", [FOUND]) == []


@pytest.mark.parametrize(
    ("case", "minor", "difference"),
    [
        ("plain", "1.35", FOUND),
        ("internal-etcd", "1.37", FOUND),
        ("plain", "1.37", Difference("modes", PATH, FOUND.change)),
        ("plain", "1.37", Difference("manifests", f"{PATH}.old", FOUND.change)),
        ("plain", "1.37", Difference("manifests", PATH, ("-a", "+c"))),
        ("plain", "1.37", Difference("manifests", PATH, ("-a", "+b", "+b"))),
        ("plain", "1.37", Difference("manifests", PATH, ("-a",))),
        ("plain", "1.37", Difference("manifests", PATH, ())),
    ],
)
def test_it_explains_nothing_else(case: str, minor: str, difference: Difference) -> None:
    assert unexplained([ROW], case, minor, [difference]) == [difference]


def test_all_minors_where_none_is_named() -> None:
    row = Known("why", "manifests", PATH, FOUND.change)
    assert unexplained([row], "any", "1.34", [FOUND]) == []


def test_every_part_of_a_row_has_to_occur() -> None:
    assert len(never_seen([ROW], [])) == 4
    seen = [(case, minor, FOUND) for case in ("external-a", "plain") for minor in ("1.36", "1.37")]
    assert never_seen([ROW], seen) == []
    stale = never_seen([ROW], seen[:-1])
    assert len(stale) == 1
    assert "plain of 1.37" in stale[0]


def test_a_row_without_minors_occurs_once_or_is_stale() -> None:
    row = Known("why", "manifests", PATH, FOUND.change, ("plain",))
    assert never_seen([row], [("plain", "1.34", FOUND)]) == []
    assert len(never_seen([row], [("plain", "1.34", Difference("manifests", PATH, ("-a", "+c")))])) == 1


@pytest.mark.parametrize(
    "text", ["- {kind: modes, path: a, change: []}", "- {reason: a, kind: b, path: c, change: [], mask: x}"]
)
def test_a_row_says_why_and_nothing_unknown(tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.yml").write_text(text)
    with pytest.raises(ValueError, match="row 1"):
        load(tmp_path / "rows.yml")
