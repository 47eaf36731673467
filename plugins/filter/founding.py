# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which control planes begin a cluster together, and the members that their etcd starts with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._config.addresses import join_host_port

_LAST_PHASE = "kubelet-finalize/enable-client-cert-rotation"


def founding(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """From the fact ``kubephase`` of all control planes by host, in the order of the inventory.

    Decided from what is on the hosts, so that a founding that died is gone on with by the next run. Over is it when the
    hosts' kubelets have their last kubeconfig: a host that comes later joins, whatever it was before.
    """
    hosts = {name: fact["host"] for name, fact in facts.items()}
    begun = [name for name, fact in facts.items() if founds(fact)]
    if not any(_stands(fact) for fact in facts.values()):
        founders, initial_cluster = list(hosts), ",".join(map(entry, facts.values()))
    else:
        told = (_told(hosts[name]) for name in [*begun, *hosts])
        initial_cluster = next(filter(None, told), "")
        waiting = _waiting(facts, initial_cluster) if begun else []
        founders = [name for name in hosts if name in begun or name in waiting]
    stacked = all("external" not in fact["cluster"]["etcd"] for fact in facts.values())
    together = stacked and "," in initial_cluster and founders
    return {"hosts": founders, "initial_cluster": initial_cluster if together else ""}


def founds(fact: Mapping[str, Any]) -> bool:
    """Whether the host begins a cluster that does not stand yet.

    Where the phase is skipped that ends a founding, the manifests end it, that of etcd too where it is the host's own.
    """
    host = fact["host"]
    written = host["member"] == "control_plane" and (
        host["etcd_initial_cluster"] or "external" in fact["cluster"]["etcd"]
    )
    return bool(host["founding"] and not (written and _LAST_PHASE in (fact.get("skip_phases") or [])))


def _stands(fact: Mapping[str, Any]) -> bool:
    """Whether there is a cluster already, or an etcd that was told who begins one. Kubeconfigs alone are none of both."""
    host = fact["host"]
    return bool((host["member"] and not founds(fact)) or host["etcd_initial_cluster"])


def _told(host: Mapping[str, Any]) -> str:
    """The members that a founder's manifest names; that of a single one, or of one that joined, is no founding."""
    text = str(host["etcd_initial_cluster"])
    return text if "," in text and not host["etcd_initial_cluster_state"] else ""


def _waiting(facts: Mapping[str, Mapping[str, Any]], initial_cluster: str) -> list[str]:
    """Hosts that the others count on, and that were not reached."""
    entries = initial_cluster.split(",")
    return [name for name, fact in facts.items() if not fact["host"]["member"] and entry(fact) in entries]


def peer_url(fact: Mapping[str, Any]) -> str:
    """Where the host's etcd answers the other members."""
    address = str(fact["local_api_endpoint"]["advertiseAddress"])
    return f"https://{join_host_port(address, 2380)}"


def entry(fact: Mapping[str, Any]) -> str:
    """The host in etcd's ``initial-cluster``."""
    return f"{fact['node_registration']['name']}={peer_url(fact)}"


class FilterModule:
    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"founding": founding}
