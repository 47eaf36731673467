# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol buffers, against the examples of its encoding guide and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import wire


def test_the_encoding_guides_examples() -> None:
    assert wire.encode([(1, 150)]) == bytes.fromhex("089601")
    assert wire.encode([(2, "testing")]) == bytes.fromhex("120774657374696e67")
    assert wire.encode([(3, wire.encode([(1, 150)]))]) == bytes.fromhex("1a03089601")


def test_defaults_are_left_out() -> None:
    assert wire.encode([(1, ""), (2, 0), (3, False), (4, b""), (5, True)]) == bytes.fromhex("2801")


def test_a_field_number_above_15_takes_two_octets() -> None:
    assert wire.decode(wire.encode([(18, "x")])) == {18: [b"x"]}


def test_fixed_width_fields_are_read() -> None:
    assert wire.decode(bytes.fromhex("0d01000000110200000000000000")) == {1: [1], 2: [2]}


@given(st.lists(st.tuples(st.integers(1, 2000), st.one_of(st.integers(1, 2**64 - 1), st.binary(min_size=1)))))
def test_what_is_written_is_read(fields: list[tuple[int, int | bytes]]) -> None:
    expected: dict[int, list[int | bytes]] = {}
    for number, value in fields:
        expected.setdefault(number, []).append(value)
    assert wire.decode(wire.encode(fields)) == expected


@pytest.mark.parametrize("data", ["08", "0a05ab", "0b", "08ffffffffffffffffffff01", "0d01"])
def test_no_message(data: str) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(bytes.fromhex(data))


def test_reading_by_kind() -> None:
    entry = wire.encode([(1, "key"), (2, "value")])
    fields = wire.decode(wire.encode([(1, "a"), (1, "b"), (2, 7), (3, entry)]))
    assert wire.text(fields, 1) == "b"
    assert wire.texts(fields, 1) == ["a", "b"]
    assert (wire.integer(fields, 2), wire.integer(fields, 9)) == (7, 0)
    assert wire.text_map(fields, 3) == {"key": "value"}
    assert wire.message(fields, 9) == {}
