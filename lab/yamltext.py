"""Writing YAML that a person reads, without a library: mappings, lists and plain values."""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9 ./@_=-]*[A-Za-z0-9./_]|[A-Za-z]")
_NOT_TEXT = re.compile(r"(?i)true|false|yes|no|on|off|null|none|y|n")


def dump(value: Any, indent: int = 0) -> str:
    """A block of lines; empty mappings and lists stay on one line."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{_scalar(str(key))}:{_after(item, indent + 2)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}-{_in_list(item, indent + 2)}" for item in value)
    return f"{pad}{_scalar(value)}\n"


def _after(value: Any, indent: int) -> str:
    return f"\n{dump(value, indent)}" if isinstance(value, (dict, list)) and value else f" {_scalar(value)}\n"


def _in_list(value: Any, indent: int) -> str:
    return " " + dump(value, indent).lstrip(" ")


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
