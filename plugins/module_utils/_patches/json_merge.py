# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge patches (RFC 7386) and JSON patches (RFC 6902)."""

from __future__ import annotations

import copy
from typing import Any, Union

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


def merge_patch(original: Any, patch: Any) -> Any:
    """``original`` with ``patch`` merged into it: null removes, mappings are merged, all else is replaced."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(original) if isinstance(original, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(original: Any, patch: Any) -> Any:
    """``original`` after each of the operations of ``patch``, in their order."""
    if not isinstance(patch, list):
        raise KubephaseError("a JSON patch is a list of operations", value=type(patch).__name__)
    document = copy.deepcopy(original)
    for number, operation in enumerate(patch, 1):
        document = _Operation(operation, number).apply(document)
    return document


class _Operation:
    """One operation. Its errors say which one it was."""

    def __init__(self, operation: Any, number: int) -> None:
        self.where = f"operation {number}"
        if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS:
            kind = operation.get("op") if isinstance(operation, dict) else operation
            raise KubephaseError("unknown op", where=self.where, value=kind, accepted=", ".join(_OPERATIONS))
        self.operation = operation
        self.kind = operation["op"]

    def apply(self, document: Any) -> Any:
        path = self._pointer("path")
        if self.kind in ("add", "replace", "test"):
            value = copy.deepcopy(self._value())
        if not path:
            return self._whole(document, value if self.kind in ("replace", "test") else None)
        if self.kind in ("move", "copy"):
            source = self._pointer("from")
            value = copy.deepcopy(self._get(document, source))
            if self.kind == "move":
                self._remove(document, source)
        if self.kind in ("add", "move", "copy"):
            self._add(document, path, value)
        elif self.kind == "remove":
            self._remove(document, path)
        elif self.kind == "replace":
            self._replace(document, path, value)
        elif not _equal(self._get(document, path), value):
            raise self._fault("the value is another one", path)
        return document

    def _whole(self, document: Any, value: Any) -> Any:
        if self.kind == "test" and _equal(document, value):
            return document
        if self.kind == "replace" and isinstance(value, (dict, list)):
            return value
        raise KubephaseError("does not apply to the whole document", where=f"{self.where} ({self.kind})")

    def _value(self) -> Any:
        if self.kind == "add" and "value" not in self.operation:
            raise KubephaseError("has no value", where=f"{self.where} ({self.kind})")
        return self.operation.get("value")

    def _pointer(self, name: str) -> list[str]:
        """The keys of a JSON pointer, none of them for the whole document."""
        text = self.operation.get(name)
        if not isinstance(text, str) or (text and not text.startswith("/")):
            raise KubephaseError(f"{name!r} has to begin with a slash", where=f"{self.where} ({self.kind})", value=text)
        return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]

    def _parent(self, document: Any, path: list[str]) -> Union[dict[str, Any], list[Any]]:
        parent = document if len(path) == 1 else self._get(document, path[:-1])
        if not isinstance(parent, (dict, list)):
            raise self._fault("there is neither a mapping nor a list above it", path)
        return parent

    def _get(self, document: Any, path: list[str]) -> Any:
        if not path:
            return document
        parent = self._parent(document, path)
        if isinstance(parent, list):
            return parent[self._index(parent, path)]
        if path[-1] not in parent:
            if self.kind == "test":
                return None
            raise self._fault("there is nothing", path)
        return parent[path[-1]]

    def _replace(self, document: Any, path: list[str], value: Any) -> None:
        self._get(document, path)
        parent = self._parent(document, path)
        if isinstance(parent, dict):
            parent[path[-1]] = value
        else:
            parent[self._index(parent, path)] = value

    def _remove(self, document: Any, path: list[str]) -> None:
        self._get(document, path)
        parent = self._parent(document, path)
        if isinstance(parent, dict):
            del parent[path[-1]]
        else:
            del parent[self._index(parent, path)]

    def _add(self, document: Any, path: list[str], value: Any) -> None:
        parent = self._parent(document, path)
        if isinstance(parent, dict):
            parent[path[-1]] = value
        elif path[-1] == "-":
            parent.append(value)
        else:
            parent.insert(self._index([*parent, None], path), value)

    def _index(self, items: list[Any], path: list[str]) -> int:
        """The place in a list. A negative one counts from its end, as kubeadm's library accepts it."""
        try:
            index = int(path[-1])
        except ValueError:
            raise self._fault("this is not the number of a list's item", path) from None
        if not -len(items) <= index < len(items):
            raise self._fault(f"the list has {len(items)} items", path)
        return index % len(items)

    def _fault(self, problem: str, path: list[str]) -> KubephaseError:
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
        return KubephaseError(problem, where=f"{self.where} ({self.kind} {pointer})")


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON values, for which ``true`` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
