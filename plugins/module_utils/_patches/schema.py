# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of what can be patched, read from the table of types."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.pod_types import TYPES

_FIELD = re.compile(r"(?P<name>[^:]+):(?P<type>[^?~<@]+)(?P<unset>[?~]*)(?:<(?P<key>\w*)>)?(?:@(?P<since>\d+))?\Z")


@dataclass(frozen=True)
class Field:
    """One field of a type.

    :param type: as written in the table: ``[]Container``, ``*int``, ``{}quantity``.
    :param merge_key: of a list that is merged; empty for a list of plain values, None for one that is replaced.
    """

    name: str
    type: str
    omit_zero: bool
    omit_unset: bool
    merge_key: Optional[str]


class Schema:
    """The fields of a struct of the API. None of them known (``OPEN``) means that nothing is refused and no list merged."""

    def __init__(self, name: str, fields: Optional[dict[str, Field]], minor: int) -> None:
        self.name = name
        self.fields = fields
        self._minor = minor

    def rule(self, name: str) -> tuple[Optional[str], Schema]:
        """How the list or mapping in field ``name`` is merged: the merge key of its items, and their schema."""
        if self.fields is None:
            return None, self
        if name not in self.fields:
            raise KubephaseError(f"{self.name} has no such field", where=name)
        field = self.fields[name]
        return field.merge_key, schema(bare(field.type), self._minor)


def bare(text: str) -> str:
    """The type of a list's items or a mapping's values: ``[]Container`` is ``Container``."""
    return text.replace("*", "").replace("[]", "").replace("{}", "")


@functools.cache
def _table(minor: int) -> dict[str, dict[str, Field]]:
    types: dict[str, dict[str, Field]] = {}
    for line in re.sub(r"\n ", "", TYPES).splitlines():
        name, *fields = line.split()
        types[name] = {}
        for text in fields:
            found = _FIELD.match(text)
            if found is None:
                raise ValueError(text)
            if int(found["since"] or 0) <= minor:
                field = Field(found["name"], found["type"], "?" in found["unset"], "~" in found["unset"], found["key"])
                types[name][field.name] = field
    return types


def schema(name: str, minor: int) -> Schema:
    """The schema of type ``name`` in Kubernetes 1.``minor``."""
    return Schema(name, _table(minor).get(name, {}), minor)


OPEN = Schema("", None, 0)
"""Of a type without merged lists, such as KubeletConfiguration."""
