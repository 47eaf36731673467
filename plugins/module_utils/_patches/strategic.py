# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategic merge patches, as Kubernetes documents them for the fields of its own types."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Callable, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.schema import Schema

Object = dict[str, Any]

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList"
_ORDER = "$setElementOrder"


def strategic_merge(original: Object, patch: Object, schema: Schema) -> Object:
    """``original`` with ``patch`` merged into it. Neither is changed."""
    return _merge_mapping(copy.deepcopy(original), copy.deepcopy(patch), schema)


def _merge_mapping(original: Object, patch: Object, schema: Schema) -> Object:
    if _DIRECTIVE in patch:
        directive = patch.pop(_DIRECTIVE)
        if directive not in ("replace", "delete"):
            raise KubephaseError("is not possible here", where=_DIRECTIVE, value=directive, accepted="replace, delete")
        return patch if directive == "replace" else {}
    _retain_keys(original, patch)
    for name in [name for name in patch if name.startswith(_ORDER)]:
        _ordered(original, patch, name, schema)
    for name, value in patch.items():
        with_prefix = name.startswith(_DELETE_FROM)
        _merge_field(original, _listed(name, _DELETE_FROM) if with_prefix else name, value, schema, with_prefix)
    return original


def _merge_field(original: Object, name: str, value: Any, schema: Schema, deletes: bool) -> None:
    """One field of the patch. ``deletes``: its values are to be taken out of a list."""
    if value is None:
        original.pop(name, None)
    elif name not in original or _kind(original[name]) != _kind(value):
        if not deletes:
            original.pop(name, None)
            original.update({} if _is_directive(value) else {name: _plain(value)})
    elif isinstance(value, dict):
        original[name] = _within(name, lambda: _merge_mapping(original[name], value, schema.rule(name)[1]))
    elif isinstance(value, list):
        original[name] = _within(name, lambda: _merge_list(original[name], value, *schema.rule(name), deletes))
    else:
        original[name] = value


def _within(name: str, merge: Callable[[], Any]) -> Any:
    """Errors of a field name the way to it."""
    try:
        return merge()
    except KubephaseError as error:
        if error.where == name:
            raise
        path = f"{name}.{error.where}" if error.where else name
        raise KubephaseError(error.problem, where=path, value=error.value, accepted=error.accepted) from error


def _retain_keys(original: Object, patch: Object) -> None:
    """``$retainKeys``: every field that it does not list goes."""
    if _RETAIN_KEYS not in patch:
        return
    retained = patch.pop(_RETAIN_KEYS)
    given = {name for name, value in patch.items() if value is not None and not name.startswith((_DELETE_FROM, _ORDER))}
    if not isinstance(retained, list) or not given <= {name for name in retained if isinstance(name, str)}:
        raise KubephaseError("has to list every field that the patch sets", where=_RETAIN_KEYS, value=retained)
    for name in [name for name in original if name not in retained]:
        del original[name]


def _ordered(original: Object, patch: Object, directive: str, schema: Schema) -> None:
    """``$setElementOrder/<list>``: merges that list now and puts it in order."""
    order = patch.pop(directive)
    name = _listed(directive, _ORDER)
    found, given = original.get(name), patch.get(name)
    if not isinstance(order, list) or any(not isinstance(part, (list, type(None))) for part in (found, given)):
        raise KubephaseError("orders a list by a list", where=directive)
    merge_key, items = schema.rule(name)
    key = merge_key or ""
    _check_order(given or [], order, key, directive)
    patch.pop(name, None)
    if found is None and given is None:
        return
    merged: Any = _plain(given) if found is None else found
    if found is not None and given is not None:
        merged = _merge_list(found, given, merge_key, items, False)
    original[name] = _in_order(merged, order, found or [], key)


def _check_order(given: Sequence[Any], order: Sequence[Any], key: str, directive: str) -> None:
    """What the patch sets has to appear in the order it gives, in the same sequence."""
    if not order:
        return
    wanted = [_identity(item, key) for item in given if not _is_directive(item)]
    rest = iter([_identity(item, key) for item in order])
    if not all(any(_same(one, other) for other in rest) for one in wanted):
        raise KubephaseError("does not list the items of the patch in their order", where=directive)


def _merge_list(original: list[Any], patch: list[Any], key: Optional[str], items: Schema, deletes: bool) -> list[Any]:
    if deletes:
        return [item for item in original if not any(_same(item, other) for other in patch)]
    if key is None:
        return patch
    if not original and not patch:
        return original
    kinds = {_kind(item) for item in [*original, *patch]}
    if len(kinds) > 1 or list in kinds:
        raise KubephaseError("the items of a merged list have to be of one type")
    if dict not in kinds:
        joined: list[Any] = []
        for item in [*original, *patch]:
            joined += [] if any(_same(item, other) for other in joined) else [item]
        return _in_order(joined, patch, original, "")
    original, patch = _apply_directives(original, patch, key)
    merged = list(original)
    for item in patch:
        wanted = _identity(item, key)
        place = next((at for at, other in enumerate(merged) if _same(other.get(key), wanted)), None)
        if place is None:
            merged.append(item)
        else:
            merged[place] = _merge_mapping(merged[place], item, items)
    return _in_order(merged, patch, original, key)


def _apply_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """The list after the items ``$patch: delete`` and ``$patch: replace``, and the patch without them."""
    plain = [item for item in patch if _DIRECTIVE not in item]
    replaced = False
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if directive == "delete":
            wanted = _identity(item, key)
            original = [other for other in original if not (key in other and _same(other[key], wanted))]
        elif directive == "replace":
            replaced = True
        elif _DIRECTIVE in item:
            raise KubephaseError(
                "is not possible in a list", where=_DIRECTIVE, value=directive, accepted="delete, replace"
            )
    return (plain, []) if replaced else (original, plain)


def _in_order(merged: list[Any], order: Sequence[Any], before: Sequence[Any], key: str) -> list[Any]:
    """``merged`` with the items of ``order`` in that order, and the others among them where they stood ``before``."""

    def rank(item: Any, among: Sequence[Any]) -> int:
        wanted = _identity(item, key)
        return next((at for at, other in enumerate(among) if _same(_identity(other, key), wanted)), -1)

    named = sorted((item for item in merged if rank(item, order) >= 0), key=lambda item: rank(item, order))
    others = sorted((item for item in merged if rank(item, order) < 0), key=lambda item: rank(item, before))
    result = []
    while named and others:
        known = rank(named[0], before)
        result.append(others.pop(0) if 0 <= rank(others[0], before) < known else named.pop(0))
    return result + named + others


def _identity(item: Any, key: str) -> Any:
    """What tells an item of a list from another: its merge key, or itself."""
    if not key:
        return item
    if not isinstance(item, dict) or key not in item:
        raise KubephaseError(f"an item has no {key}, by which this list is merged")
    return item[key]


def _listed(name: str, prefix: str) -> str:
    """The list that a directive speaks of."""
    found = name[len(prefix) :]
    if not found.startswith("/"):
        raise KubephaseError("has to be followed by a slash and the name of a list", where=name)
    return found[1:]


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and _DIRECTIVE in value


def _plain(value: Any) -> Any:
    """``value`` without nulls of mappings, and without what directives stand in."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None and not _is_directive(part)}
    if isinstance(value, list):
        return [_plain(item) for item in value if not _is_directive(item)]
    return value


def _kind(value: Any) -> type:
    return next(kind for kind in (dict, list, str, bool, int, float, object) if isinstance(value, kind))


def _same(one: Any, other: Any) -> bool:
    return _kind(one) is _kind(other) and bool(one == other)
