# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol buffers on the wire: messages written and read by field number, without a schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

Value = Union[str, bytes, bool, int]
# field number -> its values in order: integers (varint, fixed) or bytes (strings, messages)
Fields = dict[int, list[Union[int, bytes]]]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(Exception):
    """Bytes that are no protocol buffers message."""


def encode(fields: Iterable[tuple[int, Value]]) -> bytes:
    """A message of (field number, value) pairs; as proto3 has it, a default value is left out."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, (bool, int)):
            if value:
                out += _varint(number << 3 | VARINT) + _varint(int(value))
            continue
        data = value.encode() if isinstance(value, str) else value
        if data:
            out += _varint(number << 3 | BYTES) + _varint(len(data)) + data
    return bytes(out)


def decode(data: bytes) -> Fields:
    """The fields of a message; unknown ones are kept like any other."""
    fields: Fields = {}
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        kind = key & 7
        value: int | bytes
        if kind == VARINT:
            value, position = _read_varint(data, position)
        elif kind == BYTES:
            length, position = _read_varint(data, position)
            value, position = _take(data, position, length)
        elif kind in (FIXED64, FIXED32):
            raw, position = _take(data, position, 8 if kind == FIXED64 else 4)
            value = int.from_bytes(raw, "little")
        else:
            raise WireError(f"wire type {kind} of field {key >> 3} is not known")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def text(fields: Fields, number: int) -> str:
    """The string of a field, empty where it is not there; the last one counts."""
    return _bytes(fields, number).decode("utf-8", "replace")


def texts(fields: Fields, number: int) -> list[str]:
    """All strings of a repeated field."""
    return [value.decode("utf-8", "replace") for value in fields.get(number, []) if isinstance(value, bytes)]


def integer(fields: Fields, number: int) -> int:
    """The number, enumeration or boolean of a field, 0 where it is not there."""
    values = fields.get(number, [])
    return values[-1] if values and isinstance(values[-1], int) else 0


def message(fields: Fields, number: int) -> Fields:
    """The fields of an embedded message, none where it is not there."""
    return decode(_bytes(fields, number))


def messages(fields: Fields, number: int) -> list[Fields]:
    """All embedded messages of a repeated field."""
    return [decode(value) for value in fields.get(number, []) if isinstance(value, bytes)]


def text_map(fields: Fields, number: int) -> dict[str, str]:
    """A map<string, string> field."""
    return {text(entry, 1): text(entry, 2) for entry in messages(fields, number)}


def _bytes(fields: Fields, number: int) -> bytes:
    values = fields.get(number, [])
    return values[-1] if values and isinstance(values[-1], bytes) else b""


def _take(data: bytes, position: int, length: int) -> tuple[bytes, int]:
    end = position + length
    if end > len(data):
        raise WireError("the message ends inside a field")
    return data[position:end], end


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise WireError("the message ends inside a number")
        octet = data[position]
        position += 1
        value |= (octet & 127) << shift
        if octet < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise WireError("a number longer than 64 bits")
