# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._config.units import (
    format_duration,
    normal_quantity,
    parse_duration,
    seconds,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [("8760h", "8760h0m0s"), ("90m", "1h30m0s"), ("1.5h", "1h30m0s"), ("90s", "1m30s"), ("0", "0s"), ("-1h", "-1h0m0s"),
     ("250ms", "250ms"), ("1.5s", "1.5s"), ("100us", "100µs"), ("1ns", "1ns"), ("2m0.5s", "2m0.5s"), (".5s", "500ms"), ("+3s", "3s")],
)  # fmt: skip
def test_durations_are_printed_as_go_prints_them(text: str, normal: str) -> None:
    assert format_duration(parse_duration(text)) == normal


@pytest.mark.parametrize("text", ["", "1", "1d", "h", "1 h", "-", "1h-1m", "9999999999h", "1.h.", "١h"])
def test_what_go_cannot_parse_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_duration_is_read_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


def test_seconds_are_rounded_up() -> None:
    assert [seconds(text) for text in ("4m", "1.2s", "0s")] == [240, 2, 0]


@pytest.mark.parametrize(
    ("text", "normal"),
    [("1024Mi", "1Gi"), ("0.5Gi", "512Mi"), ("1000m", "1"), ("100m", "100m"), ("0", "0"), ("1e3", "1e3"), ("1500M", "1500M"),
     ("1024", "1024"), ("512", "512"), ("0.1", "100m"), ("1Ki", "1Ki"), ("0.5Ki", "512"), ("-1.5", "-1500m"), ("2000k", "2M")],
)  # fmt: skip
def test_quantities_are_canonical(text: str, normal: str) -> None:
    assert normal_quantity(text) == normal
    assert normal_quantity(normal) == normal


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "1MB", "1e", "x", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normal_quantity(text)
