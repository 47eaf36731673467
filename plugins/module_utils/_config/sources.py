# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a setting comes from: the layers of a document, merged, each value traceable to the variable that set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import Step, shown
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

__all__ = ["Document", "Faults", "Layer", "Step", "at_path", "merge"]


_LONGEST_PATH = 400


class Faults(list[KubephaseError]):
    """What is wrong with a configuration, collected so that it is reported together."""

    def add(self, where: str, problem: str, value: Any = None, accepted: str = "", hint: str = "") -> None:
        value = None if value is None else shown(value)
        if len(where) > _LONGEST_PATH or not where.isprintable():
            where = where[:_LONGEST_PATH].encode("utf-8", "backslashreplace").decode() + "…"
        self.append(KubephaseError(problem, where=where, value=value, accepted=accepted, hint=hint))


@dataclass(frozen=True)
class Layer:
    """What one source says of a document.

    ``whole``: the source's name stands for the field by itself. ``lenient``: it is a file, read as kubeadm reads it.
    """

    name: str
    value: dict[str, Any]
    whole: bool = False
    lenient: bool = False


class Document:
    """A document merged from its layers, lowest first: mappings are merged, everything else is replaced."""

    def __init__(self, kind: str, layers: Sequence[Layer]) -> None:
        self.kind = kind
        self.layers = list(layers)
        self.value: dict[str, Any] = {}
        for layer in self.layers:
            self.value = merge(self.value, layer.value)

    @property
    def given(self) -> bool:
        """Whether any source says anything."""
        return any(layer.value for layer in self.layers)

    def get(self, *path: str, default: Any = None) -> Any:
        """The value at a path; ``default`` where it is unset, null or empty text."""
        found: Any = self.value
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return default if found is None or found == "" else found

    def only_lenient(self, *path: Step) -> bool:
        """Whether nothing but a file sets the field."""
        return all(layer.lenient for layer in self.layers if _depth(layer.value, path) == len(path))

    def drop(self, *path: Step) -> None:
        """Forget a field, whatever set it."""
        *steps, last = path
        for value in (self.value, *(layer.value for layer in self.layers)):
            found: Any = value
            if _depth(value, path) == len(path):
                for step in steps:
                    found = found[step]
                found.pop(last)

    def where(self, *path: Step) -> str:
        """The path of a field as the user knows it: beginning with the variable or file that set it, or what is around it."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
        name, best = self.kind, 0
        for layer in self.layers:
            depth = _depth(layer.value, path)
            if layer.whole and depth == len(path):
                name, best, text = layer.name, depth + 1, ""
            elif not layer.whole and depth and depth >= best:
                name, best = layer.name, depth
        return f"{name}{text}"


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid upon ``base``; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def at_path(name: str, value: Any, *path: str) -> Layer:
    """The layer of a short variable, which fills one field."""
    nested: Any = value
    for step in reversed(path):
        nested = {step: nested}
    return Layer(name, nested, whole=True)


def _depth(value: Any, path: Sequence[Step]) -> int:
    """How many steps of the path exist."""
    for depth, step in enumerate(path):
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return depth
        elif not isinstance(value, dict) or step not in value:
            return depth
        value = value[step]
    return len(path)
