# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which type an unquoted YAML scalar has for Kubernetes' tools, which follow YAML 1.1 with Go's exceptions."""

from __future__ import annotations

import datetime
import math
import re

TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
INFINITE = frozenset(
    [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"]
)
BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt](?:2[0-3]|[01]?[0-9])(?::[0-5]?[0-9]){2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| (?:2[0-3]|[01]?[0-9])(?::[0-5]?[0-9]){2}(?:\.[0-9]+)?)?\Z"
)
_LONGEST_INTEGER = 128


def tag(text: str) -> str:
    """The type to which an unquoted scalar resolves: ``str``, ``bool``, ``null``, ``int``, ``float`` or ``timestamp``."""
    if not text or text[0] not in "+-0123456789yYnNtTfFoO~.":
        return "str" if text else "null"
    if text in TRUE or text in _FALSE:
        return "bool"
    if text in _NULL:
        return "null"
    if text in INFINITE:
        return "float"
    if text[0] not in "+-0123456789.":
        return "str"
    if _is_timestamp(text):
        return "timestamp"
    plain = text if text[0] == "." else text.replace("_", "")
    if text[0] != "." and integer(plain) is not None:
        return "int"
    return "float" if _FLOAT.match(plain) and not math.isinf(float(plain)) else "str"


def integer(plain: str) -> int | None:
    """The number that the text is, None where it is none or no integer of 64 bits."""
    found = _INTEGER.match(plain) if len(plain) <= _LONGEST_INTEGER else None
    if found is None:
        return None
    sign, *digits = found.groups()
    number = next(int(text, base) for text, base in zip(digits, (16, 2, 8, 10)) if text is not None)
    if sign == "-":
        return -number if number <= 2**63 else None
    return number if number < (2**63 if sign else 2**64) else None


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.match(text)
    if found is None:
        return False
    try:
        datetime.date(max(int(found.group(1)), 1), int(found.group(2)), int(found.group(3)))
    except ValueError:
        return False
    return True
