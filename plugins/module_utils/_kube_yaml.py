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

import datetime
import decimal
import functools
import itertools
import math
import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_WIDTH = 80
MAX_BYTES = 1024 * 1024
"""Longest text that ``load`` accepts; an API object cannot be longer either."""
MAX_DEPTH = 100
"""Deepest nesting that ``load`` accepts."""
MAX_NODES = 50_000
"""Most nodes a text may have once its aliases are expanded."""

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_INFINITE = frozenset(
    [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"]
)
_BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt](?:2[0-3]|[01]?[0-9])(?::[0-5]?[0-9]){2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| (?:2[0-3]|[01]?[0-9])(?::[0-5]?[0-9]){2}(?:\.[0-9]+)?)?\Z"
)
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
    if special or "\n" in text or _tag(text) != "str" or _BASE60.match(text):
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


def _tag(text: str) -> str:
    """The type to which an unquoted scalar resolves: ``str``, ``bool``, ``null``, ``int``, ``float`` or ``timestamp``."""
    if not text or text[0] not in "+-0123456789yYnNtTfFoO~.":
        return "str" if text else "null"
    if text in _TRUE or text in _FALSE:
        return "bool"
    if text in _NULL:
        return "null"
    if text in _INFINITE:
        return "float"
    if text[0] not in "+-0123456789.":
        return "str"
    if _is_timestamp(text):
        return "timestamp"
    plain = text if text[0] == "." else text.replace("_", "")
    if text[0] != "." and _integer(plain) is not None:
        return "int"
    return "float" if _FLOAT.match(plain) and not math.isinf(float(plain)) else "str"


def _integer(plain: str) -> int | None:
    found = _INTEGER.match(plain)
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


def load(text: Any, where: str = "") -> Any:
    """The one document of a YAML text. ``where`` names its source in errors."""
    documents = load_all(text, where)
    if len(documents) > 1:
        raise KubephaseError("more than one YAML document", where=where, value=len(documents), accepted="one")
    return documents[0] if documents else None


def load_all(text: Any, where: str = "") -> list[Any]:
    """All documents of a YAML text; mappings, lists and scalars as JSON has them, keys always strings."""
    import yaml  # a bare host may lack it; only reading needs it

    if len(text) > MAX_BYTES:
        raise KubephaseError("too long", where=where, value=len(text), accepted=f"at most {MAX_BYTES} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return _Reader(yaml, text, where).documents()
    except UnicodeDecodeError as error:
        raise KubephaseError("not UTF-8 text", where=where) from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise KubephaseError(f"not valid YAML{place}: {problem}", where=where) from error


class _Reader:
    """Builds documents from the parser's events, so that depth and size are bounded before anything grows."""

    def __init__(self, yaml: Any, text: str, where: str) -> None:
        self.where = where
        self.events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0

    def documents(self) -> list[Any]:
        found = []
        for event in self.events:
            if type(event).__name__ == "DocumentStartEvent":
                self.anchors = {}
                found.append(self._node(next(self.events), 0))
        return found

    def _node(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent":
            value, size = self.anchors.get(event.anchor, (None, 0))
            if not size:
                raise self._fault(f"the alias *{event.anchor} refers to nothing before it", event)
            self._count(size, event)
            return value
        before = self.nodes
        self._count(1, event)
        if depth > MAX_DEPTH:
            raise self._fault("nested too deeply", event)
        if kind == "SequenceStartEvent":
            self._accept_tag(event, "seq")
            value = [self._node(item, depth + 1) for item in itertools.takewhile(_continues, self.events)]
        elif kind == "MappingStartEvent":
            self._accept_tag(event, "map")
            value = self._mapping(depth)
        else:
            value = self._scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.nodes - before)
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merged: list[Any] = []
        for event in itertools.takewhile(_continues, self.events):
            key = self._node(event, depth + 1)
            value = self._node(next(self.events), depth + 1)
            if key == "<<" and getattr(event, "implicit", (False,))[0]:
                merged.extend(value if isinstance(value, list) else [value])
                continue
            if key is None or isinstance(key, (dict, list)):
                raise self._fault("a key must be a string", event)
            key = key if isinstance(key, str) else _scalar(key, 0)
            if key in built:
                raise self._fault(f"key {key!r} appears twice", event)
            built[key] = value
        for part in merged:
            if not isinstance(part, dict):
                raise KubephaseError("a merge key (<<) needs mappings", where=self.where)
            built = {**part, **built}
        return built

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, (event.tag or "").rsplit(":", 1)[-1]
        if not event.implicit[0] and tag in ("", "!", "str"):
            return text
        resolved = _tag(text)
        if not event.implicit[0] and tag != resolved:
            raise self._fault(f"the tag {event.tag!r} is not accepted", event)
        if text in _INFINITE:
            raise self._fault(f"{text} is not a number that JSON can hold", event)
        if resolved == "bool":
            return text in _TRUE
        if resolved == "null":
            return None
        if resolved == "int":
            return _integer(text.replace("_", ""))
        return float(text.replace("_", "")) if resolved == "float" else text

    def _accept_tag(self, event: Any, name: str) -> None:
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{name}"):
            raise self._fault(f"the tag {event.tag!r} is not accepted", event)

    def _count(self, nodes: int, event: Any) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self._fault(f"more than {MAX_NODES} nodes", event)

    def _fault(self, problem: str, event: Any) -> KubephaseError:
        line = f"line {event.start_mark.line + 1}"
        return KubephaseError(problem, where=f"{self.where} {line}" if self.where else line)


def _continues(event: Any) -> bool:
    return type(event).__name__ not in ("SequenceEndEvent", "MappingEndEvent")
