# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents from the events of a YAML parser, so that depth and size are bounded before anything grows."""

from __future__ import annotations

import itertools
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._yaml_scalars import INFINITE, TRUE, integer, tag

MAX_DEPTH = 100
"""Deepest nesting that is accepted."""
MAX_NODES = 50_000
"""Most nodes a text may have once its aliases are expanded."""
_MAX_SHOWN = 80


class Reader:
    """Builds the documents of one text.

    ``twice`` takes what is to be said of keys that appear twice, of which the last counts then; where it is None, they
    are an error.
    """

    def __init__(self, yaml: Any, text: str, where: str, key_text: Any, twice: list[str] | None) -> None:
        self.where = where
        self.key_text = key_text
        self.twice = twice
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
            key = key if isinstance(key, str) else self.key_text(key)
            if key in built:
                fault = self._fault(f"key {key[:_MAX_SHOWN]!r} appears twice", event)
                if self.twice is None:
                    raise fault
                self.twice.append(f"{fault}, the last one counts as with kubeadm")
            built[key] = value
        for part in merged:
            if not isinstance(part, dict):
                raise KubephaseError("a merge key (<<) needs mappings", where=self.where)
            built = {**part, **built}
        return built

    def _scalar(self, event: Any) -> Any:
        text, said = event.value, (event.tag or "").rsplit(":", 1)[-1]
        if not event.implicit[0] and said in ("", "!", "str"):
            return text
        resolved = tag(text)
        if not event.implicit[0] and said != resolved:
            raise self._fault(f"the tag {event.tag!r} is not accepted", event)
        if text in INFINITE:
            raise self._fault(f"{text} is not a number that JSON can hold", event)
        if resolved == "bool":
            return text in TRUE
        if resolved == "null":
            return None
        if resolved == "int":
            return integer(text.replace("_", ""))
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
