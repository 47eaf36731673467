# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as Kubernetes' own tools write and read it.

``dump`` gives the bytes that ``sigs.k8s.io/yaml`` gives for the same object: sorted keys, sequences level with their key,
and
Go's rules for which scalars are quoted and how, and where long ones are broken. ``load`` reads scalars by the same rules
(``y`` is a boolean, a date is a string), refuses duplicate keys and bounds what it accepts. Only ``load`` needs PyYAML.
"""

from __future__ import annotations

import decimal
import functools
import math
import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._yaml_reader import Reader
from ansible_collections.kubephase.cluster.plugins.module_utils._yaml_scalars import BASE60, tag

_WIDTH = 80
MAX_BYTES = 1024 * 1024
"""Longest text that ``load`` accepts; an API object cannot be longer either."""

_SAFE_WORD = re.compile(r"[A-EG-MP-SU-XZa-eg-mp-su-xz/][A-Za-z0-9/._-]*\Z")
_NOT_PLAIN = re.compile(r"[#,\[\]{}&*!|>'\"%@`]|[?:-](?:[ \t]|\Z)|---|\.\.\.")
_NOT_PLAIN_INSIDE = re.compile(r":(?:[ \t]|\Z)|[ \t]#")
_UNPRINTABLE = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u2028\u2029]")
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")
_ESCAPED = re.compile('[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|["\\\\\u2028\u2029]')
_ESCAPES = {
    "\0": "0", "\x07": "a", "\x08": "b", "\t": "t", "\n": "n", "\x0b": "v", "\x0c": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_DIGITS = re.compile(r"[0-9]{0,300}")
_BEGUN = re.compile(r"[1-9][0-9]*\Z")


def dump(obj: Any) -> str:
    """The YAML text of ``obj`` (mappings, lists and scalars as JSON has them), ending in a newline."""
    lines: list[str] = []
    _write(lines, obj, 0, "")
    return "\n".join(lines) + "\n"


def _write(lines: list[str], value: Any, indent: int, lead: str) -> None:
    """Append a value whose first line begins with ``lead`` (its key, or the dash of an item)."""
    if isinstance(value, dict) and value:
        _write_mapping(lines, value, indent, lead)
    elif isinstance(value, (list, tuple)) and value:
        _write_sequence(lines, value, indent, lead)
    else:
        lines.append(lead + _scalar(value, max(indent, 2), len(lead)))


def _write_mapping(lines: list[str], mapping: dict[Any, Any], indent: int, lead: str) -> None:
    pad = " " * indent
    start = lead or pad
    keys = {key if isinstance(key, str) else _scalar(key, 0): value for key, value in mapping.items()}
    for key in sorted(keys, key=_key_order):
        value = keys[key]
        if len(key.encode("utf-8", "surrogatepass")) > 128 or _BREAK.search(key):
            lines.append(f"{start}? {_text(key, indent + 2, len(start) + 2)}")
            _write(lines, value, indent + 2, f"{pad}: ")
            start = pad
            continue
        text = f"{start}{_key(key)}:"
        if isinstance(value, dict) and value:
            lines.append(text)
            _write_mapping(lines, value, indent + 2, "")
        elif isinstance(value, (list, tuple)) and value:
            lines.append(text)
            _write_sequence(lines, value, indent, "")
        else:
            lines.append(f"{text} {_scalar(value, indent + 2, len(text) + 1)}")
        start = pad


def _write_sequence(lines: list[str], items: Any, indent: int, lead: str) -> None:
    pad = " " * indent
    start = lead or pad
    for item in items:
        _write(lines, item, indent + 2, f"{start}- ")
        start = pad


def _compare_keys(left: str, right: str) -> int:
    """Go's order of keys: letters by code point and after all else, runs of digits by their number."""
    common = 0
    while common < min(len(left), len(right)) and left[common] == right[common]:
        common += 1
    if common == min(len(left), len(right)):
        return len(left) - len(right)
    one, other = left[common], right[common]
    if one.isalpha() or other.isalpha():
        if one.isalpha() and other.isalpha():
            return ord(one) - ord(other)
        return -1 if other.isalpha() else 1
    # zeros count only inside a number that has begun before them
    begun = "1" if "0" in (one, other) and _BEGUN.search(left, 0, common) else ""
    one_digits, other_digits = (_DIGITS.match(text, common).group() for text in (left, right))  # type: ignore[union-attr]
    one_number, other_number = int(begun + one_digits or 0), int(begun + other_digits or 0)
    if one_number != other_number:
        return -1 if one_number < other_number else 1
    return len(one_digits) - len(other_digits) or ord(one) - ord(other)


_key_order = functools.cmp_to_key(_compare_keys)


def _scalar(value: Any, indent: int = 0, column: int | None = None) -> str:
    """The text of a scalar that begins in ``column``, its further lines indented; no lines are broken without a column."""
    if isinstance(value, str):
        return _text(value, indent, column)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict) and not value:
        return "{}"
    if isinstance(value, (list, tuple)) and not value:
        return "[]"
    raise KubephaseError("cannot be written as YAML", value=type(value).__name__, accepted="what JSON can hold")


def _key(key: str) -> str:
    return '"<<"' if key == "<<" else _text(key, 0, None)


def _text(text: str, indent: int, column: int | None) -> str:
    if _SAFE_WORD.match(text):
        return str(text)
    special = _UNPRINTABLE.search(text) is not None
    if "\n" in text and column is not None and not (special or " \n" in text or text.endswith(" ")):
        return _literal(text, indent)
    if special or "\n" in text or tag(text) != "str" or BASE60.match(text):
        return _double_quoted(text, indent, column)
    if text[0] == " " or text[-1] == " " or _NOT_PLAIN.match(text) or _NOT_PLAIN_INSIDE.search(text):
        return "'" + _folded(text, indent, column, quoted=True) + "'"
    return _folded(text, indent, column, quoted=False)


def _folded(text: str, indent: int, column: int | None, quoted: bool) -> str:
    """Plain or single-quoted text, broken at the first single space behind the line's width, as Go does."""
    written = text.replace("'", "''") if quoted else str(text)
    if column is None or " " not in text or column + len(written) <= _WIDTH:
        return written
    out, column, last = [], column + quoted, len(text) - 1
    for index, char in enumerate(text):
        alone = char == " " and 0 < index < last and text[index - 1] != " " and text[index + 1] != " "
        if alone and column > _WIDTH:
            out.append("\n" + " " * indent)
            column = indent
            continue
        out.append("''" if quoted and char == "'" else char)
        column += len(out[-1])
    return "".join(out)


def _double_quoted(text: str, indent: int, column: int | None) -> str:
    written = _ESCAPED.sub(_escape, text)
    if column is None or " " not in text or column + len(written) < _WIDTH:
        return f'"{written}"'
    out, column, last = ['"'], column + 1, len(text) - 1
    for index, char in enumerate(text):
        if char == " " and column > _WIDTH and 0 < index < last and text[index - 1] != " ":
            out.append("\n" + " " * indent + ("\\" if text[index + 1] == " " else ""))
            column = len(out[-1]) - 1
            continue
        out.append(_ESCAPED.sub(_escape, char))
        column += len(out[-1])
    return "".join(out) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    short = _ESCAPES.get(char)
    if short:
        return "\\" + short
    code = ord(char)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _literal(text: str, indent: int) -> str:
    hint = "2" if text[0] in " \n" else ""
    if not text.endswith("\n"):
        hint += "-"
    elif text == "\n" or text.endswith("\n\n"):
        hint += "+"
    pad = " " * indent
    body = text[:-1] if text.endswith("\n") else text
    return "|" + hint + "\n" + "\n".join(pad + line if line else "" for line in body.split("\n"))


def _float(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        raise KubephaseError("cannot be written as YAML", value=value, accepted="what JSON can hold")
    if value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    sign, digit_tuple, scale = decimal.Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    exponent = len(digits) - 1 + int(scale)
    if -4 <= exponent < 6:
        return format(value, f".{max(-int(scale), 0)}f")
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{'-' if sign else ''}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def load(text: Any, where: str = "") -> Any:
    """The one document of a YAML text. ``where`` names its source in errors."""
    documents = load_all(text, where)
    if len(documents) > 1:
        raise KubephaseError("more than one YAML document", where=where, value=len(documents), accepted="one")
    return documents[0] if documents else None


def load_all(text: Any, where: str = "", twice: list[str] | None = None) -> list[Any]:
    """All documents of a YAML text; mappings, lists and scalars as JSON has them, keys always strings.

    :param twice: takes a sentence for each key that appears twice, which is an error otherwise.
    """
    import yaml  # a bare host may lack it; only reading needs it

    if len(text) > MAX_BYTES:
        raise KubephaseError("too long", where=where, value=len(text), accepted=f"at most {MAX_BYTES} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return Reader(yaml, text, where, _scalar, twice).documents()
    except UnicodeDecodeError as error:
        raise KubephaseError("not UTF-8 text", where=where) from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise KubephaseError(f"not valid YAML{place}: {problem}", where=where) from error
