# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations and quantities in Go's and Kubernetes' notation."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MAX = 2**63 - 1
_LONGEST = 256
"""Characters of the longest text that is taken for a number."""
_QUANTITY = re.compile(r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([KMGTPE]i|[numkMGTPE]?|[eE][-+]?[0-9]{1,3})\Z")
_BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration (``1h30m``, ``2.5s``, ``0``); ValueError where it is none."""
    if len(text) > _LONGEST:
        raise ValueError("too long")
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    total, position = Fraction(0), 0
    while position < len(body):
        part = _PART.match(body, position)
        if part is None:
            raise ValueError(text)
        total += int(Fraction(part.group(1).rstrip(".") or "0") * _UNITS[part.group(2)])
        position = part.end()
    if not body or total > _MAX:
        raise ValueError(text)
    return -int(total) if text[0] == "-" else int(total)


def format_duration(nanoseconds: int) -> str:
    """The duration as Go prints it: ``8760h0m0s``, ``1m30s``, ``250ms``."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit in ("ns", "µs", "ms"):
        if rest < _UNITS[unit] * 1000 and rest < _UNITS["s"]:
            return f"{sign}{_decimal(Fraction(rest, _UNITS[unit]))}{unit}"
    minutes, below = divmod(rest, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(Fraction(below, _UNITS['s']))}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def seconds(text: str) -> int:
    """Whole seconds of a duration in Go's notation, rounded up."""
    return -(-parse_duration(text) // _UNITS["s"])


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    digits = f"{int(rest * 10**9):09d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def normal_quantity(text: str) -> str:
    """A Kubernetes quantity in its canonical notation; ValueError where it is none."""
    found = _QUANTITY.match(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(text)
    number, suffix = Fraction(found.group(1).rstrip(".")), found.group(2)
    if suffix in _BINARY[1:]:
        value = number * 1024 ** _BINARY.index(suffix)
        if abs(value) >= 1024:
            return _scaled_binary(value)
        return _scaled_decimal(value, exponent=False)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _scaled_decimal(number * Fraction(10) ** int(suffix[1:]), exponent=True)
    power = next(power for power, name in _DECIMAL.items() if name == suffix)
    return _scaled_decimal(number * Fraction(10) ** power, exponent=False)


def _scaled_binary(value: Fraction) -> str:
    whole, index = _round_away(value), 0
    while whole and whole % 1024 == 0 and index < len(_BINARY) - 1:
        whole, index = whole // 1024, index + 1
    return f"{whole}{_BINARY[index]}"


def _scaled_decimal(value: Fraction, exponent: bool) -> str:
    whole, power = _round_away(value * 10**9), -9
    if whole == 0:
        return "0"
    while whole % 1000 == 0 and power < 18:
        whole, power = whole // 1000, power + 3
    if exponent and power:
        return f"{whole}e{power}"
    return f"{whole}{_DECIMAL[power]}"


def _round_away(value: Fraction) -> int:
    rounded = -(-abs(value) // 1)
    return int(rounded if value >= 0 else -rounded)
