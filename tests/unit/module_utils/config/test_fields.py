# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of every kind and version, and no other.

``fields.json`` was read from the Go types of Kubernetes 1.34.4, 1.35.4, 1.36.3 and 1.37.2: the fields of 1.37, and the
first version of those that 1.34 does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.documents import KINDS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import ListOf, Struct

FIELDS = json.loads(Path(__file__).with_name("fields.json").read_text())


def paths(type_: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Each field with the first version that has it."""
    for name, field in type_.fields.items():
        yield f"{path}{name}", field.since
        inner = field.type.item if isinstance(field.type, ListOf) else field.type
        if isinstance(inner, Struct):
            yield from paths(inner, f"{path}{name}{'[]' if isinstance(field.type, ListOf) else ''}.")


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_are_kubernetes(kind: str) -> None:
    found = dict(paths(KINDS[kind][2]))
    assert sorted(found) == FIELDS[kind]["fields"]
    assert {path: since for path, since in found.items() if since} == FIELDS[kind]["since"]
