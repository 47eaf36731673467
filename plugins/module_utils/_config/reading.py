# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a user wrote against a description: plain typed values out, every fault with its path collected."""

from __future__ import annotations

import datetime
import difflib
import math
from typing import Any

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
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1), "uint32": (0, 2**32 - 1)}
_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read(type_: Type, value: Any, where: str, errors: list[KubephaseError]) -> Any:
    """``value`` as plain Python values of ``type_``; parts that do not fit are reported and left out.

    A null stays null: it empties what a lower layer said.
    """
    if value is None:
        return None
    if isinstance(type_, Struct):
        return _read_struct(type_, value, where, errors)
    if isinstance(type_, ListOf):
        return _read_list(type_, value, where, errors)
    if isinstance(type_, MapOf):
        return _read_map(type_, value, where, errors)
    return _read_scalar(type_, value, where, errors)


def usable(type_: Type, value: Any) -> Any:
    """A list or map without the items that could not be read."""
    if isinstance(type_, ListOf) and isinstance(value, list):
        return [usable(type_.item, item) for item in value if item is not None]
    if isinstance(type_, MapOf) and isinstance(value, dict):
        return {key: usable(type_.item, item) for key, item in value.items() if item is not None}
    return value


def shown(value: Any) -> Any:
    """The value as an error may show it: short."""
    text = repr(value)
    return value if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _read_struct(type_: Struct, value: Any, where: str, errors: list[KubephaseError]) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a mapping"))
        return None
    result: dict[str, Any] = {}
    for key, part in value.items():
        known = type_.fields.get(key) if isinstance(key, str) else None
        if known is None:
            errors.append(_unknown(type_, key, where))
            continue
        result[str(key)] = read(known.type, part, f"{where}.{key}" if where else str(key), errors)
    return result


def _unknown(type_: Struct, key: Any, where: str) -> KubephaseError:
    names = {name.lower(): name for name in type_.fields}
    close = difflib.get_close_matches(str(key)[:80].lower(), list(names), n=1, cutoff=0.7)
    few = ", ".join(sorted(type_.fields)) if len(type_.fields) <= 16 else ""
    path = f"{where}.{shown(str(key))}" if where else str(shown(str(key)))
    hint = f"Did you mean {names[close[0]]}?" if close else ""
    return KubephaseError("unknown field", where=path, accepted="" if hint else few, hint=hint)


def _read_list(type_: ListOf, value: Any, where: str, errors: list[KubephaseError]) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a list"))
        return None
    result = []
    for index, item in enumerate(value):
        if item is None:
            errors.append(KubephaseError("an item must not be null", where=f"{where}[{index}]"))
            continue
        result.append(read(type_.item, item, f"{where}[{index}]", errors))
    return result


def _read_map(type_: MapOf, value: Any, where: str, errors: list[KubephaseError]) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        errors.append(KubephaseError("wrong type", where=where, value=_safe(type_, value), accepted="a mapping"))
        return None
    result = {}
    for key, item in value.items():
        path = f"{where}.{shown(str(key))}"
        if not isinstance(key, str):
            errors.append(KubephaseError("a key must be a string", where=path, value=shown(key), hint="Quote it"))
        elif item is None:
            errors.append(KubephaseError("a value must not be null", where=path))
        else:
            result[str(key)] = read(type_.item, item, path, errors)
    return result


def _read_scalar(type_: Scalar, value: Any, where: str, errors: list[KubephaseError]) -> Any:
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


def _string(value: Any, _type: Scalar) -> str | None:
    return str(value) if isinstance(value, str) else None


def _bool(value: Any, _type: Scalar) -> bool | None:
    return value if isinstance(value, bool) else None


def _switch(value: Any, _type: Scalar) -> bool | None:
    """A boolean of the collection's own: also as the command line's ``-e name=true`` gives it."""
    return value if isinstance(value, bool) else _SWITCH.get(str(value).lower())


def _integer(value: Any, type_: Scalar) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    low, high = _RANGES[type_.kind]
    return int(value) if low <= value <= high else None


def _float(value: Any, _type: Scalar) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
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
        moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    elif isinstance(value, datetime.datetime):
        moment = value
    else:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
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


def too_new(type_: Type, value: Any, minor: int, path: str = "") -> list[str]:
    """Paths of fields that this minor version does not know yet, each with the version that does."""
    found: list[str] = []
    if isinstance(type_, Struct) and isinstance(value, dict):
        for name, part in value.items():
            known = type_.fields[name]
            here = f"{path}.{name}" if path else name
            if known.since > minor and part is not None:
                found.append(here)
            else:
                found.extend(too_new(known.type, part, minor, here))
    elif isinstance(type_, ListOf) and isinstance(value, list):
        for index, item in enumerate(value):
            found.extend(too_new(type_.item, item, minor, f"{path}[{index}]"))
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
