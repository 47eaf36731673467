# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what kubeadm did with what the collection did: every file, certificate and object, each difference by itself."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.golden_store import Golden, dump, object_name
from tests.parity.in_memory_api import patched_nodes

#: artifacts in the order in which they are shown
KINDS = ("modes", "manifests", "kubelet", "kubeconfigs", "certificates", "keys", "objects", "other")
ORDER = "order of the objects"
REFUSAL = "configuration"


@dataclass(frozen=True)
class Difference:
    """One place where they differ.

    :param path: of the file, or the object's name; what is inside follows after a ``#``.
    :param change: lines of kubeadm with ``-``, lines of ours with ``+``.
    """

    kind: str
    path: str
    change: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.kind}: {self.path}", *(f"  {line}" for line in self.change)])


@dataclass
class Comparison:
    """How many things of each kind were compared, and what differs."""

    counts: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        data = json.loads(text)
        found = [Difference(each["kind"], each["path"], tuple(each["change"])) for each in data["differences"]]
        return cls(data["counts"], found)


def compare(theirs: Golden, ours: Golden) -> Comparison:
    """Of two that were both accepted, or both refused."""
    found = Comparison()
    if theirs.refused or ours.refused:
        found.counts["refused"] = 1
        found.differences += _refusals(theirs.refused, ours.refused)
        return found
    for kind, left, right in (
        ("modes", theirs.files, ours.files),
        ("certificates", theirs.certificates, ours.certificates),
        ("keys", theirs.keys, ours.keys),
        ("other", theirs.requests, ours.requests),
    ):
        _add(found, {name: (kind, _fields(value)) for name, value in left.items()}, right, _fields)
    _add(found, {path: (kind_of(path), text) for path, text in theirs.texts.items()}, ours.texts, str)
    _compare_objects(found, theirs.objects, ours.objects)
    if theirs.patches:
        # which changes a node takes is what counts, not in which requests
        nodes = {f"node {name}": ("objects", _fields(each)) for name, each in patched_nodes(theirs.patches).items()}
        _add(found, nodes, {f"node {name}": each for name, each in patched_nodes(ours.patches).items()}, _fields)
    if theirs.output or ours.output:
        _add(found, {"output": ("other", theirs.output)}, {"output": ours.output}, str)
    return found


def kind_of(path: str) -> str:
    """Of a text."""
    if "/manifests/" in path:
        return "manifests"
    if path.startswith("/var/lib/kubelet/"):
        return "kubelet"
    return "kubeconfigs" if path.endswith(".conf") else "other"


def _refusals(theirs: str, ours: str) -> list[Difference]:
    if bool(theirs) == bool(ours):
        return []
    side, sentence = ("-", theirs) if theirs else ("+", ours)
    return [Difference("refused", REFUSAL, tuple(f"{side}{line}" for line in sentence.splitlines()))]


def _add(found: Comparison, theirs: dict[str, tuple[str, str]], ours: dict[str, Any], shown: Any) -> None:
    """Named things as texts; one that is missing or one too many is a difference like any other."""
    for name in sorted({*theirs, *ours}):
        kind, text = theirs.get(name, (_only_ours(name, theirs), None))
        found.counts[kind] = found.counts.get(kind, 0) + 1
        other = shown(ours[name]) if name in ours else None
        found.differences += _differences(kind, name, text, other)


def _only_ours(name: str, theirs: dict[str, tuple[str, str]]) -> str:
    """The kind of something that kubeadm has not: that of its neighbours, for a text that of its path."""
    kinds = {kind for kind, _text in theirs.values()}
    return kinds.pop() if len(kinds) == 1 else kind_of(name)


def _differences(kind: str, name: str, theirs: str | None, ours: str | None) -> Iterator[Difference]:
    if theirs is None:
        yield Difference(kind, name, ("+(is there)",))
    elif ours is None:
        yield Difference(kind, name, ("-(is there)",))
    elif theirs != ours:
        for hunk in _hunks(theirs, ours):
            yield Difference(kind, name, tuple(hunk))


def _hunks(theirs: str, ours: str) -> list[list[str]]:
    """The changed lines, those that belong together as one; a missing newline at the end is a line that is shown."""
    left, right = ([*text.split("\n")] for text in (theirs, ours))
    hunks = []
    for tag, start, end, other_start, other_end in difflib.SequenceMatcher(None, left, right, False).get_opcodes():
        if tag != "equal":
            removed = [f"-{line}" for line in left[start:end]]
            hunks.append(removed + [f"+{line}" for line in right[other_start:other_end]])
    return hunks


def _fields(value: Any) -> str:
    """Every field on a line of its own, with the way to it; lists keep their order."""
    return "\n".join(_leaves("", value))


def _leaves(way: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _leaves(f"{way}.{key}" if way else str(key), value[key])
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _leaves(f"{way}[{index}]", each)
    else:
        yield f"{way}: {json.dumps(value)}"


def _compare_objects(found: Comparison, theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    left, right = dict(_numbered(theirs)), dict(_numbered(ours))
    _add(found, {name: ("objects", _request(each)) for name, each in left.items()}, right, _request)
    common, our_common = [name for name in left if name in right], [name for name in right if name in left]
    if common != our_common:
        hunks = _hunks("\n".join(common), "\n".join(our_common))
        found.differences.append(Difference("objects", ORDER, tuple(line for hunk in hunks for line in hunk)))


def _request(item: dict[str, Any]) -> str:
    """What an object asks of the API server, without what a Go client writes whether or not it says anything."""
    metadata = {
        key: value for key, value in item["metadata"].items() if key not in ("creationTimestamp", "resourceVersion")
    }
    kept = {key: value for key, value in item.items() if key != "status"}
    return dump(_without_empty({**kept, "metadata": metadata}))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        empty = [key for key in ("resources", "strategy", "updateStrategy") if value.get(key) == {}]
        return {key: _without_empty(each) for key, each in value.items() if key not in empty}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


def _numbered(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An object that is sent twice is two."""
    times: Counter[str] = Counter()
    for each in objects:
        name = object_name(each)
        times[name] += 1
        yield (f"{name} ({times[name]})" if times[name] > 1 else name), each
