# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an error helps: it names a field that the refused case says something else in than the plain one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Documents = list[dict[str, Any]]


def names_a_field(sentence: str, told: set[str]) -> bool:
    """A name of several words may be spelled out: certificateKey, certificate key or certificate_key."""
    words, spelled_out = set(re.findall(r"\w+", sentence)), re.sub("[ _]", "", sentence.lower())
    return bool(words & told) or any(name.lower() in spelled_out for name in told if not name.islower())


def told_arguments(arguments: list[str]) -> set[str]:
    """Names of options, and a token that is told by itself."""
    return {"token"} | {each.lstrip("-").partition("=")[0] for each in arguments if each.startswith("--")}


def told_fields(documents: Documents, plain: Documents) -> set[str]:
    """Their names, or kinds of documents where no field is another."""
    usual = list(_leaves_of(plain))
    own = [way for way, value in _leaves_of(documents) if (way, value) not in usual]
    names = {step for way in own for step in way[1:] if isinstance(step, str)}
    return names or {str(each["kind"]) for each in documents}


def _leaves_of(documents: Documents) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for each in documents:
        yield from _leaves((each["kind"],), each)


def _leaves(way: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not items:
        yield way, value
    for key, each in items:
        yield from _leaves((*way, key), each)
