# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects decoded into their type and encoded again, as a program of Kubernetes that reads and writes them does."""

from __future__ import annotations

import decimal
import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.schema import Field, schema

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?\Z")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NAMES = {dict: "mapping", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "time": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "intstr": (int, str),
    "quantity": (int, float, str),
}
_ZERO: dict[str, Any] = {"str": "", "bool": False, "int": 0, "float": 0, "intstr": 0, "quantity": "0", "time": None}


def reencoded(value: Any, name: str, minor: int) -> dict[str, Any]:
    """``value`` as an object of type ``name`` of Kubernetes 1.``minor``: fields that the type lacks are lost, and zeros.

    A value of a wrong type is an error that names its field.
    """
    result: dict[str, Any] = _struct({} if value is None else value, name, minor, "")
    return result


def _struct(value: Any, name: str, minor: int, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, "a mapping", where)
    encoded = {}
    for field in (schema(name, minor).fields or {}).values():
        path = f"{where}.{field.name}" if where else field.name
        part = _typed(value.get(field.name), field.type, minor, path)
        if not _left_out(part, field):
            encoded[field.name] = part
    return encoded


def _left_out(value: Any, field: Field) -> bool:
    if field.omit_unset:
        return value is None or value == {}
    if not field.omit_zero or value is None:
        return field.omit_zero
    if field.type.startswith("*"):
        return False
    if field.type.startswith(("[]", "{}")) or field.type == "any":
        return not value
    return field.type in ("str", "bool", "int", "float") and not value


def _typed(value: Any, kind: str, minor: int, where: str) -> Any:
    if kind.startswith("*"):
        return None if value is None else _typed(value, kind[1:], minor, where)
    if kind.startswith(("[]", "{}")):
        return None if value is None else _collection(value, kind, minor, where)
    if kind == "any":
        return {} if value is None else value
    if kind not in _ACCEPTED:
        return _struct({} if value is None else value, kind, minor, where)
    if value is None:
        return _ZERO[kind]
    if not isinstance(value, _ACCEPTED[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise _wrong(value, " or ".join(sorted({f"a {_NAMES[one]}" for one in _ACCEPTED[kind]})), where)
    return quantity(str(value), where) if kind == "quantity" else value


def _collection(value: Any, kind: str, minor: int, where: str) -> Any:
    if not isinstance(value, list if kind.startswith("[]") else dict):
        raise _wrong(value, "a list" if kind.startswith("[]") else "a mapping", where)
    if isinstance(value, list):
        return [_typed(item, kind[2:], minor, f"{where}[{at}]") for at, item in enumerate(value)]
    return {name: _typed(item, kind[2:], minor, f"{where}.{name}") for name, item in value.items()}


def _wrong(value: Any, accepted: str, where: str) -> KubephaseError:
    shown = type(value).__name__ if isinstance(value, (dict, list)) else value
    return KubephaseError("wrong type", where=where, value=shown, accepted=accepted)


def quantity(text: str, where: str = "") -> str:
    """A quantity in its canonical form: ``1000m`` is ``1``, ``0.5`` is ``500m``, ``1024Mi`` is ``1Gi``."""
    found = _QUANTITY.match(text)
    if found is None:
        raise KubephaseError("not a quantity", where=where, value=text, accepted="like 250m, 100Mi or 2")
    number, suffix = decimal.Decimal(found.group(1)), found.group(2) or ""
    if suffix in _BINARY:
        amount = number * 2 ** _BINARY[suffix]
        if abs(amount) >= 1024 and amount == amount.to_integral_value():
            return _scaled(int(amount), 1024, ["", *_BINARY])
        suffix, number = "", amount
    exponent = suffix[:1] in ("e", "E") and len(suffix) > 1
    amount = number.scaleb(int(suffix[1:]) if exponent else _DECIMAL[suffix])
    nano = int((amount * 10**9).to_integral_value(decimal.ROUND_UP))
    if exponent:
        return _exponential(nano)
    return _scaled(nano, 1000, list(_DECIMAL))


def _scaled(amount: int, base: int, suffixes: list[str]) -> str:
    """The amount with the largest suffix that leaves an integer."""
    step = 0
    while amount and amount % base == 0 and step < len(suffixes) - 1:
        amount, step = amount // base, step + 1
    return f"{amount}{suffixes[step]}" if amount else "0"


def _exponential(nano: int) -> str:
    amount, power = nano, -9
    while amount and amount % 1000 == 0:
        amount, power = amount // 1000, power + 3
    return f"{amount}e{power}" if amount and power else str(amount)
