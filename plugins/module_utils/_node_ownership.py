# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Node's metadata and taints is ours, as the Node itself tells.

Of labels and annotations the API server keeps account: they are set by server-side apply, which removes what is no longer
declared unless somebody else has set it too. Of taints it does not, their list is one value for it. So those that were
declared are named in an annotation, which a Node without declared taints does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

Object = dict[str, Any]
Taint = Mapping[str, Any]
Place = tuple[str, str]

DEFAULT_MANAGER = "kubephase"
SECTIONS = ("labels", "annotations")
_RECORD = "kubephase.cluster/taints"
_MANAGER = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?\Z")


class Owner:
    """One who sets labels, annotations and taints, known by the name of its field manager."""

    def __init__(self, manager: str = DEFAULT_MANAGER) -> None:
        if not _MANAGER.match(manager):
            raise KubephaseError(
                "not the name of a field manager", where="field_manager", value=manager,
                accepted="up to 40 lower-case letters, digits, '-' and '.'",
            )  # fmt: skip
        self.manager = manager
        self.record = _RECORD if manager == DEFAULT_MANAGER else f"{_RECORD}-{manager}"

    def keys(self, node: Object, section: str) -> set[str]:
        """The labels or annotations that are on the Node because this one applied them."""
        found: set[str] = set()
        for entry in node["metadata"].get("managedFields") or []:
            if entry.get("manager") == self.manager and entry.get("operation") == "Apply":
                fields = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get(f"f:{section}") or {}
                found.update(name[2:] for name in fields if name.startswith("f:"))
        return found

    def places(self, node: Object) -> set[Place]:
        """Key and effect of the taints that this one has declared before."""
        text = (node["metadata"].get("annotations") or {}).get(self.record) or ""
        parts = (entry.strip().rpartition(":") for entry in text.split(","))
        return {(key, effect) for key, separator, effect in parts if separator and key}

    def recorded(self, places: Iterable[Place]) -> str | None:
        """The annotation's value for these taints; None where there are none."""
        return ",".join(sorted(f"{key}:{effect}" for key, effect in places)) or None


def place(taint: Taint) -> Place:
    """A node has one taint of a key and an effect."""
    return str(taint.get("key")), str(taint.get("effect"))


def plain(taint: Taint) -> Object:
    """Without the time it was added, and without an empty value."""
    return {name: taint[name] for name in ("key", "value", "effect") if taint.get(name)}


def arranged(declared: Sequence[Taint], found: Sequence[Taint], dropped: set[Place]) -> list[Taint]:
    """The declared taints, then those of others; the found list where it is right as it is.

    :param dropped: taints that are to go, unless they are declared.
    """
    wanted = [plain(taint) for taint in declared]
    replaced = dropped | {place(taint) for taint in wanted}
    foreign = [taint for taint in found if place(taint) not in replaced]
    same = [taint for taint in found if plain(taint) in wanted]
    if len(same) == len(wanted) and len(same) + len(foreign) == len(found):
        return list(found)
    # an equal one keeps the time it was added
    kept = {place(taint): taint for taint in same}
    return [kept.get(place(taint), taint) for taint in wanted] + foreign
