# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An etcd on hosts of its own: which of them begin it, which join it, who holds its authority, and where it is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.filter.founding import entry, peer_url
from ansible_collections.kubephase.cluster.plugins.module_utils._config.addresses import join_host_port

EXISTING = "existing"
CLIENT_PORT = 2379


def etcd_hosts(facts: Mapping[str, Mapping[str, Any]], in_use: bool = False) -> dict[str, Any]:
    """From the fact ``kubephase`` of all hosts of etcd by host, in the order of the inventory.

    Decided from what is on the hosts, so that a beginning that died is gone on with by the next run.

    :param in_use: whether control planes work with it already. A host without a manifest joins then, whatever the others'
        manifests say: it may be one that was made anew.
    """
    told = {name: str(fact["host"]["etcd_initial_cluster"]) for name, fact in facts.items()}
    joined = {name for name, fact in facts.items() if fact["host"]["etcd_initial_cluster_state"] == EXISTING}
    begun = [text for name, text in told.items() if text and name not in joined]
    everyone = ",".join(entry(fact) for fact in facts.values())
    beginning = "" if in_use else next(iter(begun), "" if any(told.values()) else everyone)
    members: dict[str, dict[str, Any]] = {}
    for name, fact in facts.items():
        begins = not told[name] and entry(fact) in beginning.split(",")
        text = told[name] or (beginning if begins else "")
        members[name] = {"initial_cluster": text, "joins": name in joined or not text, "begins": begins}
    return {
        "members": members,
        "running": [name for name, text in told.items() if text],
        "joining": [peer_url(facts[name]) for name, member in members.items() if member["joins"] and not told[name]],
        "missing": in_use and bool(facts) and not any(told.values()),
        "runs": any(told.values()) and not any(member["begins"] for member in members.values()),
        "authority": _holder(facts),
    }


def etcd_urls(hosts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where clients reach etcd, from the variables of its hosts."""
    return [f"https://{join_host_port(_address(host), CLIENT_PORT)}" for host in hosts]


def etcd_unknown(hosts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the hosts whose own address this run does not know."""
    return [str(host["inventory_hostname"]) for host in hosts if not _known_address(host)]


def _holder(facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The host with the authority's key; else one with its certificate, as nobody may make another.

    Where nobody tells of one it is a host that has an etcd, which cannot be without; in a new etcd the first.
    """
    for wanted in ("key", "certificate"):
        for name, fact in facts.items():
            if fact["host"].get("etcd_authority") == wanted:
                return name
    told = [name for name, fact in facts.items() if fact["host"]["etcd_initial_cluster"]]
    return next(iter([*told, *facts]), "")


def _known_address(host: Mapping[str, Any]) -> str:
    for name, field in (("kubephase", "local_api_endpoint"), ("kubephase_local_api_endpoint", "")):
        found = host.get(name) or {}
        found = found.get(field) or {} if field else found
        if found.get("advertiseAddress"):
            return str(found["advertiseAddress"])
    return ""


def _address(host: Mapping[str, Any]) -> str:
    return _known_address(host) or str(host.get("ansible_host") or host["inventory_hostname"])


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"etcd_hosts": etcd_hosts, "etcd_urls": etcd_urls, "etcd_unknown": etcd_unknown}
