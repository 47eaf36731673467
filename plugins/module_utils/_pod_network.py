# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pod network of one node without an agent: a bridge, routes to the other nodes, masquerading of what leaves the cluster.

Files make it last over a boot, a unit applies them. The kernel's state is compared too, so a route that somebody deleted
comes back, and one of a node that is gone goes.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _file_set,
    _pod_bridge,
    _pod_routes,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_routes import Node, Route
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

TABLE = "kubephase_pods"
_HEADER = "# Routes to the Pods of the other nodes, for 'ip -batch'. Written by kubephase.cluster.network.\n"


@dataclass
class PodNetwork:
    """What is to be on a node.

    :param files: rendered files: CNI configuration, ruleset, unit.
    :param routes_path: where the routes are kept for the next boot.
    :param restart_for: those of ``files`` that the unit reads at its start.
    """

    node_name: str
    nodes: Sequence[Node]
    pod_subnets: Sequence[str]
    files: list[_file_set.WantedFile] = field(default_factory=list)
    routes_path: str = "/etc/kubephase/pod-routes"
    restart_for: Sequence[str] = ()
    unit: str = "kubephase-pod-network"
    bridge: str = "cni0"
    cri_socket: str = "unix:///var/run/containerd/containerd.sock"

    def pod_cidrs(self) -> list[str]:
        """Of this node."""
        return [cidr for node in self.nodes if node.name == self.node_name for cidr in node.pod_cidrs]


def apply(wanted: PodNetwork, check_mode: bool = False, unit: Unit | None = None) -> dict[str, Any]:
    """Write the files and bring the kernel to what they say."""
    _require_subnets(wanted.pod_subnets)
    if check_mode and not _is_known(wanted):
        return _unknown_plan(wanted)
    if not check_mode:
        _require_commands()
    routes = _pod_routes.wanted_routes(wanted.node_name, wanted.nodes)
    live = _live_routes(check_mode)
    new = _missing(routes, live)
    drift = _drift(new, wanted, check_mode)
    if not check_mode:
        _pod_routes.require_on_link(new)
    destinations = {route.destination for route in routes}
    stale = [route for route in live if route.destination not in destinations]
    listing = _HEADER + "".join(f"{route.command}\n" for route in routes)
    result = _file_set.apply(
        _file_set.FileSet(files=[*wanted.files, _file_set.WantedFile(wanted.routes_path, listing)]), check_mode
    )
    read_at_start = [wanted.routes_path, *wanted.restart_for]
    unit = unit or Unit(wanted.unit, check_mode)
    will_restart = bool(drift) or (check_mode and bool(set(result["files"]) & set(read_at_start)))
    done = unit.ensure(enabled=True, state="started", newer_than=read_at_start, restart=will_restart)
    actions = [*drift, *(f"withdraw route {route.destination} via {route.gateway}" for route in stale)]
    foreign = _foreign_addresses(wanted, check_mode)
    if (drift or stale) and not check_mode:
        _pod_routes.withdraw(stale)
        _require_live(routes)
    if foreign:
        actions.append(f"replace bridge {wanted.bridge} ({', '.join(foreign)}) and the Pods on it")
        result["diff"].append(_bridge_diff(wanted, foreign))
    if foreign and not check_mode:
        _pod_bridge.replace(wanted.bridge, wanted.pod_cidrs(), wanted.cri_socket)
    actions += [f"{wanted.unit} {verb}" for verb in done]
    if drift or stale:
        result["diff"].append(_diff(live, routes))
    result["changed"] = bool(result["changed"] or actions)
    result["actions"] = actions
    result["routes"] = [{"destination": route.destination, "gateway": route.gateway} for route in routes]
    return result


def masquerade_rules() -> int:
    """How many masquerading rules our nftables table has; 0 where there is no such table."""
    if not _is_installed("nft"):
        return 0
    ran = subprocess.run(["nft", "--json", "list", "table", "inet", TABLE], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        return 0
    listed = json.loads(ran.stdout).get("nftables", [])
    rules = [entry["rule"] for entry in listed if "rule" in entry]
    return sum(any("masquerade" in expression for expression in rule.get("expr", [])) for rule in rules)


def _is_installed(command: str) -> bool:
    return shutil.which(command) is not None


def _require_commands() -> None:
    for command in ("ip", "nft"):
        if not _is_installed(command):
            raise KubephaseError(f"this host has no '{command}'", hint="Install the packages iproute2 and nftables")


def _missing(routes: Sequence[Route], live: Sequence[Route]) -> list[Route]:
    there = set(live)
    return [route for route in routes if route not in there]


def _drift(new: list[Route], wanted: PodNetwork, check_mode: bool) -> list[str]:
    """What the kernel lacks of what the unit sets."""
    drift = [f"add route {route.destination} via {route.gateway}" for route in new]
    if check_mode and not os.path.exists(wanted.routes_path):
        return drift
    if masquerade_rules() != len({ipaddress.ip_network(text).version for text in wanted.pod_subnets}):
        drift.append(f"load nftables table inet {TABLE}")
    return drift


def _live_routes(check_mode: bool) -> list[Route]:
    if check_mode and not _is_installed("ip"):
        return []
    return _pod_routes.live_routes()


def _foreign_addresses(wanted: PodNetwork, check_mode: bool) -> list[str]:
    if check_mode and not _is_installed("ip"):
        return []
    return _pod_bridge.foreign_addresses(wanted.bridge, wanted.pod_cidrs())


def _bridge_diff(wanted: PodNetwork, foreign: list[str]) -> dict[str, str]:
    title = f"bridge {wanted.bridge}"
    before, after = (f"in {', '.join(some)}\n" for some in (foreign, wanted.pod_cidrs()))
    return {"before_header": title, "after_header": title, "before": before, "after": after}


def _require_live(routes: list[Route]) -> None:
    missing = _missing(routes, _pod_routes.live_routes())
    if missing:
        raise KubephaseError(
            "the kernel does not have these routes: " + ", ".join(route.command for route in missing),
            hint="Something on this host removes them, such as systemd-networkd with ManageForeignRoutes=yes",
        )


def _is_known(wanted: PodNetwork) -> bool:
    """Whether every node has its podCIDRs, this one too. In check mode the node or its cluster may be yet to come."""
    return wanted.node_name in [node.name for node in wanted.nodes] and all(node.pod_cidrs for node in wanted.nodes)


def _require_subnets(subnets: Sequence[str]) -> None:
    if not subnets:
        raise KubephaseError(
            "no Pod subnet is set, and the nodes' podCIDRs are parts of it", where="networking.podSubnet"
        )
    for text in subnets:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise KubephaseError("not a CIDR", where="networking.podSubnet", value=text) from None


def _unknown_plan(wanted: PodNetwork) -> dict[str, Any]:
    """Before the node has joined nobody knows its podCIDRs."""
    paths = [*(item.path for item in wanted.files), wanted.routes_path]
    actions = [f"write {path}" for path in paths] + [f"start {wanted.unit}"]
    title = f"Pod network of node {wanted.node_name}"
    after = "".join(f"{action}\n" for action in actions)
    return {
        "changed": True,
        "diff": [{"before_header": title, "after_header": title, "before": "", "after": after}],
        "actions": actions,
        "files": paths,
        "routes": [],
    }


def _diff(live: list[Route], routes: list[Route]) -> dict[str, str]:
    title = "routes of the kernel"
    before, after = ("".join(f"{line}\n" for line in sorted(one.command for one in some)) for some in (live, routes))
    return {"before_header": title, "after_header": title, "before": before, "after": after}
