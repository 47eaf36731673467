# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of certificates that the user wrote, for something else than a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import sans
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Authority, Leaf, Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.sans import AlternativeNames


def authorities(given: Sequence[Mapping[str, Any]]) -> tuple[Authority, ...]:
    """The user's authorities and what they sign. Names and files tell certificates apart, so none may come twice."""
    found = tuple(_authority(item, f"authorities[{index}]") for index, item in enumerate(given))
    leaves = [leaf for authority in found for leaf in authority.leaves]
    _unique([*(item.name for item in found), *(leaf.name for leaf in leaves)], "name")
    _unique([*(item.file for item in found), *(leaf.file for leaf in leaves)], "path")
    return found


def _authority(item: Mapping[str, Any], where: str) -> Authority:
    common_name = item.get("common_name") or item["name"]
    leaves = tuple(
        _leaf(leaf, f"{where}.certificates[{index}]") for index, leaf in enumerate(item.get("certificates") or [])
    )
    for index, leaf in enumerate(leaves):
        if leaf.common_name.casefold() == common_name.casefold():
            raise KubephaseError(
                "a certificate with the name of its authority looks self-signed",
                where=f"{where}.certificates[{index}].common_name",
                value=leaf.common_name,
                accepted="another name than the authority's, whatever the case",
            )
    return Authority(
        name=item["name"],
        file=_file(item, where),
        common_name=common_name,
        leaves=leaves,
        names=tuple(item.get("names") or ()),
        certificate=str(item.get("certificate") or ""),
    )


def _leaf(item: Mapping[str, Any], where: str) -> Leaf:
    names = sans.collect(item.get("names") or (), f"{where}.names")
    organizations = tuple(item.get("organizations") or ())

    def names_of(settings: Settings) -> AlternativeNames:
        return names

    def organizations_of(minor: int) -> tuple[str, ...]:
        return organizations

    return Leaf(
        name=item["name"],
        file=_file(item, where),
        common_name=item.get("common_name") or item["name"],
        server="server" in item["usages"],
        client="client" in item["usages"],
        organizations=organizations_of,
        names=names_of,
    )


def _file(item: Mapping[str, Any], where: str) -> str:
    path = str(item.get("path") or item["name"])
    if path.startswith("/") or path.endswith((".crt", ".key", "/")) or ".." in path.split("/"):
        raise KubephaseError(
            "not the stem of a file in the directory",
            where=f"{where}.path",
            value=path,
            accepted="a relative path without ending, such as web or clients/web",
        )
    return path


def _unique(values: list[str], field: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise KubephaseError("given twice", where=f"authorities: {field}", value=value)
