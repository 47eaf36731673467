# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a user wrote against a description: plain typed values out, every fault with its path collected."""

from __future__ import annotations

import datetime
import difflib
import math
import re
from typing import Any, Optional, Union

from ansible_collections.kubephase.cluster.plugins.module_utils._config import units
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import (
    FILLED,
    NULLABLE,
    POINTER,
    ListOf,
    MapOf,
    Scalar,
    Struct,
    Type,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_MAX_SHOWN = 120
_MAX_ITEMS = 16
_MAX_HINTS = 20
_LARGEST_FLOAT = 3.4028235677973366e38
_UNWRITABLE = "holds a character that cannot be written (NUL or half of a surrogate pair)"
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(Z|([-+])(\d\d):(\d\d))\Z", re.ASCII)
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1), "uint32": (0, 2**32 - 1)}
_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


Step = Union[str, int]
"""A field's name or an item's index on the way to a value."""
Ignored = Optional[list[str]]
"""Where a file is read as kubeadm reads it: what is not known is listed here and no error, null items are empty ones."""


def read(type_: Type, value: Any, where: str, errors: list[KubephaseError], ignored: Ignored = None) -> Any:
    """``value`` as plain Python values of ``type_``; parts that do not fit are reported and left out.

    A null stays null: it empties what a lower layer said.
    """
    if value is None:
        return None
    if isinstance(type_, Struct):
        return _read_struct(type_, value, where, errors, ignored)
    if isinstance(type_, ListOf):
        return _read_list(type_, value, where, errors, ignored)
    if isinstance(type_, MapOf):
        return _read_map(type_, value, where, errors, ignored)
    return _read_scalar(type_, value, where, errors)


def usable(type_: Type, value: Any) -> Any:
    """A list or map without the items that could not be read."""
    if isinstance(type_, ListOf) and isinstance(value, list):
        return [usable(type_.item, item) for item in value if item is not None]
    if isinstance(type_, MapOf) and isinstance(value, dict):
        return {key: usable(type_.item, item) for key, item in value.items() if item is not None}
    return value


def shown(value: Any) -> Any:
    """The value as an error may show it: short, whatever it is."""
    if isinstance(value, str):
        text = str(value) if value.isprintable() else value.encode("utf-8", "backslashreplace").decode()
        return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
    if isinstance(value, (dict, list, tuple)):
        return _shown_items(value)
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**_MAX_SHOWN else "a very large number"
    return type(value).__name__


def _shown_items(value: Any) -> Any:
    items = [*value, *value.values()] if isinstance(value, dict) else list(value)
    if len(items) <= _MAX_ITEMS and not any(isinstance(part, (dict, list, tuple)) for part in items):
        plain = {shown(key): shown(value[key]) for key in value} if isinstance(value, dict) else [*map(shown, value)]
        if len(repr(plain)) <= _MAX_SHOWN:
            return plain
    return f"a mapping of {len(value)}" if isinstance(value, dict) else f"a list of {len(value)}"


def _child(where: str, key: Any) -> str:
    return f"{where}.{shown(str(key)) if isinstance(key, (str, int)) else type(key).__name__}" if where else str(key)


def _read_struct(
    type_: Struct, value: Any, where: str, errors: list[KubephaseError], ignored: Ignored
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a mapping"))
        return None
    result: dict[str, Any] = {}
    for key, part in value.items():
        known = type_.fields.get(key) if isinstance(key, str) else None
        if known is not None:
            result[str(key)] = read(known.type, part, f"{where}.{key}" if where else str(key), errors, ignored)
        elif ignored is None:
            errors.append(_unknown(type_, key, where, len(errors) < _MAX_HINTS))
        else:
            hint = _unknown(type_, key, where, len(ignored) < _MAX_HINTS).hint
            ignored.append(f"{_child(where, key)}: unknown field, ignored as kubeadm does{hint and '. '}{hint}")
    return result


def _unknown(type_: Struct, key: Any, where: str, with_hint: bool) -> KubephaseError:
    hint, few = "", ""
    if with_hint:
        names = {name.lower(): name for name in type_.fields}
        close = difflib.get_close_matches(str(shown(key))[:80].lower(), list(names), n=1, cutoff=0.7)
        few = ", ".join(sorted(type_.fields)) if len(type_.fields) <= 16 and not close else ""
        hint = f"Did you mean {names[close[0]]}?" if close else ""
    return KubephaseError("unknown field", where=_child(where, key), accepted=few, hint=hint)


def _read_list(
    type_: ListOf, value: Any, where: str, errors: list[KubephaseError], ignored: Ignored
) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a list"))
        return None
    result = []
    for index, item in enumerate(value):
        if item is None:
            if ignored is None:
                errors.append(KubephaseError("an item must not be null", where=f"{where}[{index}]"))
                continue
            item = _empty(type_.item)
        result.append(read(type_.item, item, f"{where}[{index}]", errors, ignored))
    return result


def _empty(type_: Type) -> Any:
    """What Go makes of a null item."""
    if isinstance(type_, Scalar):
        return type_.zero
    return [] if isinstance(type_, ListOf) else {}


def _read_map(
    type_: MapOf, value: Any, where: str, errors: list[KubephaseError], ignored: Ignored
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a mapping"))
        return None
    result = {}
    for key, item in value.items():
        path = _child(where, key)
        if not isinstance(key, str):
            errors.append(KubephaseError("a key must be a string", where=path, value=shown(key), hint="Quote it"))
        elif _unwritable(key):
            errors.append(KubephaseError(_UNWRITABLE, where=path))
        elif item is None and ignored is None:
            errors.append(KubephaseError("a value must not be null", where=path))
        else:
            item = _empty(type_.item) if item is None else item
            result[str(key)] = read(type_.item, item, path, errors, ignored)
    return result


def _read_scalar(type_: Scalar, value: Any, where: str, errors: list[KubephaseError]) -> Any:
    if isinstance(value, str) and _unwritable(value):
        errors.append(KubephaseError(_UNWRITABLE, where=where))
        return None
    try:
        found = _CONVERT[type_.kind](value, type_)
    except (ValueError, OverflowError):
        found = None
    if found is not None and type_.choices and found not in type_.choices:
        found = None
    if found is None:
        hint = ""
        if type_.kind in ("string", "duration", "time") and isinstance(value, (bool, int, float)):
            hint = "Quote it to make it a string"
        elif type_.kind in ("int32", "int64", "uint32", "bool") and isinstance(value, str):
            hint = "Write it without quotes"
        problem = "not one of the accepted values" if type_.choices and isinstance(value, str) else "wrong type"
        if type_.kind in ("duration", "quantity", "time") and isinstance(value, str):
            problem = "not a " + type_.kind
        errors.append(
            KubephaseError(problem, where=where, value=_safe(type_, value), accepted=type_.accepted, hint=hint)
        )
    return found


def _safe(type_: Any, value: Any) -> Any:
    """The value for an error, or only its type where it could be a secret."""
    return type(value).__name__ if _has_secret(type_) else shown(value)


def _has_secret(type_: Any) -> bool:
    if isinstance(type_, Scalar):
        return type_.secret
    if isinstance(type_, (ListOf, MapOf)):
        return _has_secret(type_.item)
    return any(_has_secret(part.type) for part in type_.fields.values())


def _unwritable(text: str) -> bool:
    """Whether no file or argument can hold the text."""
    if text.isascii():
        return "\0" in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\0" in text


def _string(value: Any, _type: Scalar) -> str | None:
    return str(value) if isinstance(value, str) else None


def _bool(value: Any, _type: Scalar) -> bool | None:
    return value if isinstance(value, bool) else None


def _switch(value: Any, _type: Scalar) -> bool | None:
    """A boolean of the collection's own: also as the command line's ``-e name=true`` gives it."""
    if isinstance(value, str):
        return _SWITCH.get(value.lower())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def _integer(value: Any, type_: Scalar) -> int | None:
    if isinstance(value, float) and abs(value) < 2**53 and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    low, high = _RANGES[type_.kind]
    return int(value) if low <= value <= high else None


def _float(value: Any, _type: Scalar) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
        return None
    if abs(value) > _LARGEST_FLOAT:
        return None
    return int(value) if value == int(value) else float(value)


def _duration(value: Any, _type: Scalar) -> str | None:
    return units.format_duration(units.parse_duration(value)) if isinstance(value, str) and value else None


def _log_duration(value: Any, type_: Scalar) -> Any:
    return _duration(value, type_) if isinstance(value, str) else _integer(value, Scalar("int64", "", 0))


def _quantity(value: Any, _type: Scalar) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(int(value))
    return units.normal_quantity(value) if isinstance(value, str) else None


def _time(value: Any, _type: Scalar) -> str | None:
    if isinstance(value, str):
        found = _RFC3339.match(value)
        if found is None:
            return None
        numbers = [int(part) for part in found.group(1, 2, 3, 4, 5, 6)]
        sign, hours, minutes = found.group(8, 9, 10)
        offset = datetime.timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        zone = datetime.timezone(-offset if sign == "-" else offset)
        moment = datetime.datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type, misc]
    elif isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
    else:
        return None
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _any(value: Any, _type: Scalar) -> Any:
    return value


_CONVERT = {
    "string": _string,
    "bool": _bool,
    "switch": _switch,
    "int32": _integer,
    "int64": _integer,
    "uint32": _integer,
    "float": _float,
    "duration": _duration,
    "log_duration": _log_duration,
    "quantity": _quantity,
    "time": _time,
    "any": _any,
}


def too_new(type_: Type, value: Any, minor: int, path: tuple[Step, ...] = ()) -> list[tuple[Step, ...]]:
    """Paths of fields that this minor version does not know yet."""
    found: list[tuple[Step, ...]] = []
    if isinstance(type_, Struct) and isinstance(value, dict):
        for name, part in value.items():
            known = type_.fields[name]
            if known.since > minor and part is not None:
                found.append((*path, name))
            elif not isinstance(known.type, Scalar):
                found.extend(too_new(known.type, part, minor, (*path, name)))
    elif isinstance(type_, ListOf) and isinstance(value, list) and isinstance(type_.item, Struct):
        for index, item in enumerate(value):
            found.extend(too_new(type_.item, item, minor, (*path, index)))
    return found


def complete(type_: Type, value: Any) -> Any:
    """The value as Go's encoder would write it: zero values where they are printed, nothing where they are not."""
    if isinstance(type_, ListOf):
        return [complete(type_.item, item) for item in value if item is not None]
    if isinstance(type_, MapOf):
        return {key: complete(type_.item, item) for key, item in value.items() if item is not None}
    if not isinstance(type_, Struct):
        return value
    result: dict[str, Any] = {}
    for name, known in type_.fields.items():
        part = value.get(name)
        if part is None:
            if known.emit == NULLABLE:
                result[name] = None
            if known.emit in (NULLABLE, POINTER, FILLED):
                continue
            part = known.type.zero if isinstance(known.type, Scalar) else {}
        if known.emit == FILLED and (part in ("", 0, [], {}) or part is False):
            continue
        result[name] = complete(known.type, part)
    return result
