# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it means that nodes leave: who carries it out, what goes, and why it must not be."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._config.addresses import join_host_port

Host = Mapping[str, Any]

_VARIABLE = "kubephase_remove_nodes"


def removal(
    asked: Sequence[str],
    leaving: Sequence[Host],
    control_planes: Sequence[Host],
    etcd: Sequence[str] = (),
    balancers: Sequence[Host] = (),
    foreign: Sequence[str] = (),
    ready: Sequence[str] = (),
) -> dict[str, Any]:
    """From what was asked for and from hosts' variables, as they are after the facts were read.

    :param asked: names of hosts, or of nodes whose host is not in the inventory any more.
    :param leaving: variables of those that are in the inventory.
    :param control_planes: variables of all control planes.
    :param etcd: names of hosts that run nothing but etcd.
    :param balancers: variables of all load balancers.
    :param foreign: those of ``asked`` that are hosts of the inventory, and in none of the cluster's groups.
    :param ready: names of the control planes whose API servers answer.
    """
    known = {str(host["inventory_hostname"]): host for host in leaving}
    staying = [host for host in control_planes if host["inventory_hostname"] not in asked]
    keeper = _keeper(staying, ready)
    stacked = not etcd and (keeper is None or "external" not in keeper["kubephase"]["cluster"]["etcd"])
    nodes = [name for name in asked if name not in etcd]
    of_etcd = asked if stacked else [name for name in asked if name in etcd]
    answering = [name for name in asked if name in known and _answers(known[name])]
    balancing = _balancing(asked, control_planes, balancers)
    return {
        "keeper": [str(keeper["inventory_hostname"])] if keeper else [],
        "hosts": answering,
        "forced": [name for name in answering if keeper and _is_ours(known[name], keeper, name in etcd)],
        "nodes": [_node_name(name, known.get(name)) for name in nodes],
        "members": [_member(name, known.get(name)) for name in of_etcd],
        "guessed": [_guess(name, known.get(name)) for name in asked if _is_guessed(known.get(name))],
        "endpoints": [f"https://{join_host_port(_address(host), 2379)}" for host in staying if _answers(host)]
        if stacked
        else [],
        "balancers": [str(host["inventory_hostname"]) for host in balancing if _answers(host)],
        "silent_balancers": [str(host["inventory_hostname"]) for host in balancing if not _answers(host)],
        "faults": _faults(asked, known, control_planes, staying, keeper, etcd, foreign)
        + _balancing_faults(asked, keeper, staying, balancers, balancing),
    }


def _keeper(staying: Sequence[Host], ready: Sequence[str]) -> Host | None:
    """The first whose API server answers; where none does, the first that should have one."""
    members = [host for host in staying if _is_member(host)]
    return next((host for host in members if host["inventory_hostname"] in ready), members[0] if members else None)


def _faults(
    asked: Sequence[str],
    known: Mapping[str, Host],
    control_planes: Sequence[Host],
    staying: Sequence[Host],
    keeper: Host | None,
    etcd: Sequence[str],
    foreign: Sequence[str],
) -> list[str]:
    if not asked:
        return [f"{_VARIABLE}: nothing is named (accepted: names of hosts, separated by commas)"]
    faults = [_foreign(name) for name in asked if name in foreign]
    if keeper is None:
        return [*faults, _no_keeper(control_planes, staying)]
    names = {_node_name("", host): str(host["inventory_hostname"]) for host in control_planes if _answers(host)}
    endpoint = str(keeper["kubephase"]["cluster"].get("controlPlaneEndpoint") or "")
    for name in asked:
        if name not in known and name in names:
            faults.append(f"{_VARIABLE}: {name} is a node of host {names[name]}. Name the host")
        host = known.get(name)
        if host is None:
            continue
        if _answers(host) and _is_anothers(host, keeper, name in etcd):
            faults.append(
                f"{name}: it belongs to another cluster than {keeper['inventory_hostname']} (it trusts other authorities), so it "
                "was left alone. Correct the inventory"
            )
        if _host_part(endpoint) in _addresses(host):
            faults.append(
                f"controlPlaneEndpoint: {endpoint} is an address of {name}, and every node finds the API server there. "
                "Move the endpoint first"
            )
    return faults


def _foreign(name: str) -> str:
    return (
        f"{_VARIABLE}: host {name} is in none of the groups of control planes, workers and hosts of etcd, so it was left alone. Name "
        "another one, or say with kubephase_control_plane_group, kubephase_workers_group or kubephase_etcd_group which group it is in"
    )


def _authorities(host: Host, of_etcd: bool) -> set[str]:
    found = host["kubephase"]["host"]
    return set(found.get("etcd_authorities") or [] if of_etcd else found["authorities"])


def _is_ours(host: Host, keeper: Host, of_etcd: bool) -> bool:
    """Whether the host can be told to be of this cluster. One that was reset half way still can, as long as that matters."""
    return bool(_authorities(host, of_etcd) & _authorities(keeper, of_etcd))


def _is_anothers(host: Host, keeper: Host, of_etcd: bool) -> bool:
    theirs, own = _authorities(host, of_etcd), _authorities(keeper, of_etcd)
    return bool(theirs and own and not theirs & own)


def _balancing(asked: Sequence[str], control_planes: Sequence[Host], balancers: Sequence[Host]) -> list[Host]:
    """The load balancers that are to know of it: where a control plane leaves, or one of their own."""
    names = {host["inventory_hostname"] for host in (*control_planes, *balancers)}
    return [host for host in balancers if host["inventory_hostname"] not in asked] if names & set(asked) else []


def _balancing_faults(
    asked: Sequence[str],
    keeper: Host | None,
    staying: Sequence[Host],
    balancers: Sequence[Host],
    balancing: Sequence[Host],
) -> list[str]:
    endpoint = str(keeper["kubephase"]["cluster"].get("controlPlaneEndpoint") or "") if keeper else ""
    own = {address for host in staying for address in _addresses(host)}
    gone = bool(balancers) and all(host["inventory_hostname"] in asked for host in balancers)
    if gone and endpoint and _host_part(endpoint) not in own:
        every = ", ".join(str(host["inventory_hostname"]) for host in balancers)
        return [
            f"load balancers: none would be left ({every}), and controlPlaneEndpoint {endpoint} leads to them. Add one first, or take "
            "them out of their group where it leads elsewhere"
        ]
    if not any(_answers(host) for host in balancing):
        return []
    needed = {str(host["inventory_hostname"]): _addresses(host) for host in (*staying, *balancing)}
    return [
        f"{name}: it does not answer, and the load balancers need its address (got {', '.join(found) or 'none'}). Set advertiseAddress "
        "in its kubephase_local_api_endpoint, or take it out of the inventory"
        for name, found in needed.items()
        if not _is_address((found or [""])[0])
    ]


def _no_keeper(control_planes: Sequence[Host], staying: Sequence[Host]) -> str:
    every = ", ".join(str(host["inventory_hostname"]) for host in control_planes) or "none"
    if not staying:
        return (
            f"{_VARIABLE}: no control plane would be left (control planes: {every}). A whole cluster is undone by playbook "
            "kubephase.cluster.reset"
        )
    others = ", ".join(str(host["inventory_hostname"]) for host in staying)
    silent = [str(host["inventory_hostname"]) for host in staying if not _answers(host)]
    if silent:
        return (
            f"{_VARIABLE}: none of the control planes that stay can do it: {others} (not reached: {', '.join(silent)})"
        )
    return f"{_VARIABLE}: none of the control planes that stay is a member of a cluster: {others}"


def _answers(host: Host) -> bool:
    fact = host.get("kubephase")
    return isinstance(fact, Mapping) and "host" in fact


def _is_member(host: Host) -> bool:
    return _answers(host) and host["kubephase"]["host"]["member"] == "control_plane"


def _node_name(name: str, host: Host | None) -> str:
    """As resolved, else as declared, else what it is called in the inventory."""
    if host is None:
        return name
    if _answers(host):
        return str(host["kubephase"]["node_registration"]["name"])
    return _declared_name(host) or name


def _declared_name(host: Host) -> str:
    return str((host.get("kubephase_node_registration") or {}).get("name") or "")


def _is_guessed(host: Host | None) -> bool:
    """Whether nobody said how the node is called: neither the host itself nor the inventory."""
    return host is None or not (_answers(host) or _declared_name(host))


def _guess(name: str, host: Host | None) -> dict[str, Any]:
    return {"name": name, "host": host is not None, "addresses": _addresses(host) if host else []}


def _member(name: str, host: Host | None) -> dict[str, Any]:
    urls = [f"https://{join_host_port(address, 2380)}" for address in _addresses(host)] if host else []
    return {"name": _node_name(name, host), "peer_urls": urls}


def _address(host: Host) -> str:
    return str(host["kubephase"]["local_api_endpoint"]["advertiseAddress"])


def _addresses(host: Host) -> list[str]:
    """Where the host is, as far as anybody says."""
    if _answers(host):
        return [_address(host)]
    declared = host.get("kubephase_local_api_endpoint") or {}
    found = [declared.get("advertiseAddress"), host.get("ansible_host")]
    return list(dict.fromkeys(str(address) for address in found if address))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host_part(endpoint: str) -> str:
    """Of HOST[:PORT]; an IPv6 address with a port stands in brackets."""
    if endpoint.startswith("["):
        return endpoint[1:].partition("]")[0]
    return endpoint if endpoint.count(":") > 1 else endpoint.partition(":")[0]


def misnamed(
    guessed: Sequence[Mapping[str, Any]], cluster: Mapping[str, Any], nodes: Sequence[str], members: Sequence[Host] = ()
) -> list[str]:
    """What is wrong with names that nobody confirmed. A node and member that left in an earlier run are nothing wrong.

    :param guessed: as of ``removal``.
    :param cluster: what module cluster_info told.
    :param nodes: names of all nodes that leave.
    :param members: all members that leave, as of ``removal``.
    """
    asked = {*nodes, *(str(member["name"]) for member in members)}
    places = {url for member in members for url in member.get("peer_urls") or []}
    found_members = [
        one for one in (cluster.get("etcd") or {}).get("members") or []
        if one["name"] or not set(one["peer_urls"]) & places
    ]  # fmt: skip
    found_nodes = cluster.get("nodes") or []
    present = {str(one["name"]) for one in (*found_nodes, *found_members)}
    lost = {str(one["name"]): f"node {one['name']}" for one in found_nodes if not one["reports"]}
    lost.update(
        {
            one["name"] or one["id"]: f"etcd member {one['name'] or one['id']}"
            for one in found_members
            if not one["healthy"]
        }
    )
    faults = []
    for one in guessed:
        name = str(one["name"])
        if name in present:
            continue
        there = [
            str(node["name"])
            for node in found_nodes
            if _has_address(node, one["addresses"]) and node["name"] not in asked
        ]
        others = there or sorted(set(lost) - asked)
        if others:
            what = (
                f"its address is that of node {there[0]}"
                if there
                else f"this is lost: {', '.join(lost[each] for each in others)}"
            )
            faults.append(
                f"{_VARIABLE}: neither a node nor a member of etcd is called {name}, and {what}. {_say(one, others[0])}"
            )
    return faults


def _has_address(node: Mapping[str, Any], addresses: Sequence[str]) -> bool:
    return any(one["address"] in addresses for one in node.get("addresses") or [])


def _say(guess: Mapping[str, Any], other: str) -> str:
    name = guess["name"]
    if not guess["host"]:
        return f"If {other} is meant, name it; if {name} has left before, name it no more. Nothing was changed"
    return (
        f"If it is {other}, set kubephase_node_registration: {{name: {other}}} for host {name}; if it has left before, set "
        f"{{name: {name}}}, or name it no more. Nothing was changed"
    )


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"removal": removal, "misnamed": misnamed}
