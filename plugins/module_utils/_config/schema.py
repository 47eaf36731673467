# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The language in which the documents' fields are described: a type, and when Go's encoder prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

# When a field is part of the written document:
ALWAYS = "always"  # also with its zero value: no omitempty, or a struct
NULLABLE = "nullable"  # always, null when unset: a pointer, list or map without omitempty
POINTER = "pointer"  # when set, even to zero: a pointer with omitempty
FILLED = "filled"  # when not empty: a plain value with omitempty


@dataclass(frozen=True)
class Scalar:
    """A value without parts. ``secret`` ones are never shown in an error."""

    kind: str
    accepted: str
    zero: Any
    choices: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True)
class ListOf:
    item: Any


@dataclass(frozen=True)
class MapOf:
    item: Any


@dataclass(frozen=True)
class Field:
    type: Any
    emit: str = FILLED
    since: int = 0


@dataclass(frozen=True)
class Struct:
    fields: Mapping[str, Field] = field(default_factory=dict)


Type = Union[Scalar, ListOf, MapOf, Struct]

STRING = Scalar("string", "a string", "")
SECRET = Scalar("string", "a string", "", secret=True)
BOOL = Scalar("bool", "true or false", False)
SWITCH = Scalar("switch", "true or false", False)
INT32 = Scalar("int32", "a whole number", 0)
INT64 = Scalar("int64", "a whole number", 0)
UINT32 = Scalar("uint32", "a whole number that is not negative", 0)
FLOAT = Scalar("float", "a number", 0)
DURATION = Scalar("duration", "a duration such as 90s, 15m or 8760h", "0s")
LOG_DURATION = Scalar("log_duration", "a duration such as 5s, or a number of nanoseconds", 0)
QUANTITY = Scalar("quantity", "a quantity such as 500m, 64Mi or 1G", "0")
TIME = Scalar("time", "a time such as 2030-01-02T03:04:05Z", None)
ANY = Scalar("any", "anything", None)


def choice(*values: str) -> Scalar:
    """A string of a closed set."""
    return Scalar("string", ", ".join(value or '""' for value in values), "", choices=values)


def fields(emit: str, type_: Type, names: str, since: int = 0) -> dict[str, Field]:
    """Fields of one type that are written under the same condition."""
    return {name: Field(type_, emit, since) for name in names.split()}


def struct(*groups: dict[str, Field]) -> Struct:
    merged: dict[str, Field] = {}
    for group in groups:
        merged.update(group)
    return Struct(merged)
