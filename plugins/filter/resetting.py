# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all of a cluster is to go, or only what an inventory knows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable
from urllib.parse import urlsplit

Host = Mapping[str, Any]


def reset_others(hosts: Sequence[Host], control_planes: Sequence[str], etcd: Sequence[str] = ()) -> list[str]:
    """Control planes and etcd members that a cluster has besides the hosts that go, by their node names.

    :param hosts: variables of the hosts that go, with what module cluster_info told where it was asked. One that told
        nothing knows of nobody.
    :param control_planes: names of hosts.
    :param etcd: those of the hosts that are there for etcd alone. An external etcd is judged only where such a host goes.
    """
    going = [host for host in hosts if host["inventory_hostname"] in (*control_planes, *etcd)]
    names = {name for host in going for name in _names(host)}
    places = {place for host in going for place in _places(host)}
    others: set[str] = set()
    for found in (host.get("__reset_cluster") or {} for host in going):
        nodes = {str(node["name"]): _addresses(node) for node in found.get("nodes") or []}
        for name in found.get("control_planes") or []:
            if name not in names and not nodes.get(name, set()) & places:
                others.add(str(name))
        if found.get("etcd_external") and not etcd:
            continue
        for member in (found.get("etcd") or {}).get("members") or []:
            urls = {str(urlsplit(url).hostname) for url in member["peer_urls"]}
            if member["name"] not in names and not urls & places:
                others.add(str(member["name"] or member["id"]))
    return sorted(others)


def _names(host: Host) -> list[str]:
    """Of its node. A host that does not answer has the one that was declared, else the inventory's."""
    fact = _fact(host)
    if fact:
        return [str(fact["node_registration"]["name"])]
    declared = (host.get("kubephase_node_registration") or {}).get("name")
    return [str(declared or host["inventory_hostname"])]


def _places(host: Host) -> list[str]:
    fact = _fact(host)
    if fact:
        return [str(fact["local_api_endpoint"]["advertiseAddress"])]
    declared = (host.get("kubephase_local_api_endpoint") or {}).get("advertiseAddress")
    return [str(place) for place in (declared, host.get("ansible_host")) if place]


def _fact(host: Host) -> Host:
    fact = host.get("kubephase")
    return fact if isinstance(fact, Mapping) and "node_registration" in fact else {}


def _addresses(node: Mapping[str, Any]) -> set[str]:
    return {str(one["address"]) for one in node.get("addresses") or []}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"reset_others": reset_others}
