# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes to the other nodes' Pods: which there must be, and which the kernel has."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

PROTOCOL = 107
"""Marks our routes in the kernel's table, so that nobody else's is ever withdrawn."""

_Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True)
class Node:
    """A node of the cluster, as its API object says."""

    name: str
    internal_ips: list[str] = field(default_factory=list)
    pod_cidrs: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Node:
        """From a mapping that may have more in it."""
        name, internal_ips, pod_cidrs = (entry.get(key) for key in ("name", "internal_ips", "pod_cidrs"))
        if not isinstance(name, str) or not isinstance(internal_ips, list) or not isinstance(pod_cidrs, list):
            raise KubephaseError(
                "not a node",
                where="nodes",
                value=dict(entry),
                accepted="a name and the lists internal_ips and pod_cidrs",
            )
        return cls(name, [str(one) for one in internal_ips], [str(one) for one in pod_cidrs])


def parse_nodes(text: str) -> list[Node]:
    """From JSON."""
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KubephaseError(
            "not a list of nodes",
            where="nodes",
            value=text[:100],
            accepted="a list of mappings with name, internal_ips and pod_cidrs, or the same as JSON",
        )
    return [Node.parse(entry) for entry in entries]


@dataclass(frozen=True)
class Route:
    """The way to one podCIDR of another node."""

    destination: str
    gateway: str

    @property
    def command(self) -> str:
        return f"route replace {self.destination} via {self.gateway} proto {PROTOCOL}"


def wanted_routes(node_name: str, nodes: Sequence[Node]) -> list[Route]:
    """A route for each podCIDR of each other node, by the node's InternalIP of the same family."""
    _require_known(node_name, nodes)
    owned: list[tuple[_Network, str]] = []
    routes = []
    for node in nodes:
        addresses = [_address(text, node.name) for text in node.internal_ips]
        for text in node.pod_cidrs:
            network = _network(text, node.name)
            owned.append((network, node.name))
            if node.name == node_name:
                continue
            gateways = [address for address in addresses if address.version == network.version]
            if not gateways:
                raise KubephaseError(
                    f"it has an IPv{network.version} podCIDR but no IPv{network.version} InternalIP to route it by",
                    where=f"node {node.name}",
                    value=text,
                    hint="Give its kubelet a node-ip of that family",
                )
            routes.append(Route(str(network), str(gateways[0])))
    _require_apart(owned)
    return routes


def live_routes() -> list[Route]:
    """Those of the kernel's routes that are ours."""
    found = []
    for family in ("-4", "-6"):
        shown = _ip(family, "-json", "route", "show", "proto", str(PROTOCOL))
        for entry in json.loads(shown or "[]"):
            found.append(Route(str(ipaddress.ip_network(entry["dst"])), entry.get("gateway", "")))
    return found


def require_on_link(routes: Sequence[Route]) -> None:
    """An error for a gateway that this host would reach by a router: the kernel takes no route by it."""
    for route in routes:
        found = json.loads(_ip("-json", "route", "get", route.gateway))
        if found and found[0].get("gateway"):
            raise KubephaseError(
                f"this host reaches it by the router {found[0]['gateway']}, so Pods cannot be routed by it",
                where=f"InternalIP {route.gateway}, which has podCIDR {route.destination}",
                hint="Mode bridge needs all nodes on one layer-2 network: give the kubelets a node-ip there, or use another "
                "network",
            )


def withdraw(routes: Sequence[Route]) -> None:
    for route in routes:
        _ip("route", "del", route.destination, "proto", str(PROTOCOL))


def _require_known(node_name: str, nodes: Sequence[Node]) -> None:
    if node_name not in [node.name for node in nodes]:
        raise KubephaseError(
            "this host's node is not in the cluster",
            where="nodes",
            value=node_name,
            accepted=", ".join(sorted(node.name for node in nodes)),
            hint="Let it join first",
        )
    for node in nodes:
        if not node.pod_cidrs:
            raise KubephaseError(
                "it has no podCIDR",
                where=f"node {node.name}",
                hint="Set networking.podSubnet: kube-controller-manager then gives every node its part",
            )


def _require_apart(owned: Sequence[tuple[_Network, str]]) -> None:
    """An error for networks that overlap. In the order of their addresses, one that does begins inside the one before it."""
    ordered = sorted(owned, key=lambda one: (one[0].version, int(one[0].network_address), one[0].prefixlen))
    for (network, name), (later, other) in zip(ordered, ordered[1:]):
        if network.version == later.version and network.overlaps(later):
            raise KubephaseError(
                f"its podCIDR overlaps {network} of node {name}", where=f"node {other}", value=str(later)
            )


def _network(text: str, name: str) -> _Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise KubephaseError("not a CIDR", where=f"node {name}, pod_cidrs", value=text) from None


def _address(text: str, name: str) -> _Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise KubephaseError("not an address", where=f"node {name}, internal_ips", value=text) from None


def _ip(*arguments: str) -> str:
    ran = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise KubephaseError(f"'ip {' '.join(arguments)}' failed: {ran.stderr.strip()}")
    return ran.stdout
