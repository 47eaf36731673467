# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it means that nodes leave: who carries it out, what goes, and why it must not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

Host = Mapping[str, Any]

_VARIABLE = "kubephase_remove_nodes"


def removal(
    asked: Sequence[str], leaving: Sequence[Host], control_planes: Sequence[Host], etcd: Sequence[str] = ()
) -> dict[str, Any]:
    """From what was asked for and from hosts' variables, as they are after the facts were read.

    :param asked: names of hosts, or of nodes whose host is not in the inventory any more.
    :param leaving: variables of those that are in the inventory.
    :param control_planes: variables of all control planes.
    :param etcd: names of hosts that run nothing but etcd.
    """
    known = {str(host["inventory_hostname"]): host for host in leaving}
    staying = [host for host in control_planes if host["inventory_hostname"] not in asked]
    keeper = next((host for host in staying if _is_member(host)), None)
    stacked = not etcd and (keeper is None or "external" not in keeper["kubephase"]["cluster"]["etcd"])
    nodes = [name for name in asked if name not in etcd]
    of_etcd = asked if stacked else [name for name in asked if name in etcd]
    return {
        "keeper": [str(keeper["inventory_hostname"])] if keeper else [],
        "hosts": [name for name in asked if name in known and _answers(known[name])],
        "nodes": [_node_name(name, known.get(name)) for name in nodes],
        "members": [_member(name, known.get(name)) for name in of_etcd],
        "endpoints": [f"https://{_bracketed(_address(host))}:2379" for host in staying if _answers(host)]
        if stacked
        else [],
        "faults": _faults(asked, known, control_planes, staying, keeper),
    }


def _faults(
    asked: Sequence[str],
    known: Mapping[str, Host],
    control_planes: Sequence[Host],
    staying: Sequence[Host],
    keeper: Host | None,
) -> list[str]:
    if not asked:
        return [f"{_VARIABLE}: nothing is named (accepted: names of hosts, separated by commas)"]
    if keeper is None:
        return [_no_keeper(control_planes, staying)]
    faults = []
    names = {_node_name("", host): str(host["inventory_hostname"]) for host in control_planes if _answers(host)}
    own = set(keeper["kubephase"]["host"]["authorities"])
    endpoint = str(keeper["kubephase"]["cluster"].get("controlPlaneEndpoint") or "")
    for name in asked:
        if name not in known and name in names:
            faults.append(f"{_VARIABLE}: {name} is a node of host {names[name]}. Name the host")
        host = known.get(name)
        if host is None:
            continue
        theirs = set(host["kubephase"]["host"]["authorities"]) if _answers(host) else set()
        if theirs and own and not theirs & own:
            faults.append(
                f"{name}: it belongs to another cluster than {keeper['inventory_hostname']} (its kubelet.conf trusts other "
                "authorities), so it was left alone. Correct the inventory"
            )
        if _host_part(endpoint) in _addresses(host):
            faults.append(
                f"controlPlaneEndpoint: {endpoint} is an address of {name}, and every node finds the API server there. "
                "Move the endpoint first"
            )
    return faults


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
    declared = host.get("kubephase_node_registration") or {}
    return str(declared.get("name") or name)


def _member(name: str, host: Host | None) -> dict[str, Any]:
    urls = [f"https://{_bracketed(address)}:2380" for address in _addresses(host)] if host else []
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


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _host_part(endpoint: str) -> str:
    """Of HOST[:PORT]; an IPv6 address with a port stands in brackets."""
    if endpoint.startswith("["):
        return endpoint[1:].partition("]")[0]
    return endpoint if endpoint.count(":") > 1 else endpoint.partition(":")[0]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"removal": removal}
