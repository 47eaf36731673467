# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _pod_network, _pod_routes
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._file_set import WantedFile
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_network import PodNetwork
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_routes import (
    Node,
    Route,
    parse_nodes,
    wanted_routes,
)

W1 = Node("w1", ["192.0.2.1", "2001:db8::1"], ["10.244.1.0/24", "fd00:0:0:1::/64"])
W2 = Node("w2", ["2001:db8::2", "192.0.2.2"], ["10.244.2.0/24", "fd00:0:0:2::/64"])
W3 = Node("w3", ["192.0.2.3", "2001:db8::3"], ["10.244.3.0/24", "fd00:0:0:3::/64"])
SUBNETS = ["10.244.0.0/16", "fd00::/56"]


def test_each_family_goes_by_the_address_of_its_own() -> None:
    assert wanted_routes("w1", [W1, W2]) == [
        Route("10.244.2.0/24", "192.0.2.2"),
        Route("fd00:0:0:2::/64", "2001:db8::2"),
    ]


def test_a_single_node_needs_no_route() -> None:
    assert wanted_routes("w1", [W1]) == []


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([W2], "nodes: this host's node is not in the cluster (got 'w1'; accepted: w2)"),
        ([W1, Node("w2", ["192.0.2.2"], [])], "node w2: it has no podCIDR"),
        ([W1, Node("w2", ["192.0.2.2"], W2.pod_cidrs)], "node w2: it has an IPv6 podCIDR but no IPv6 InternalIP"),
        (
            [W1, Node("w2", ["192.0.2.2"], ["10.244.1.128/25"])],
            "node w2: its podCIDR overlaps 10.244.1.0/24 of node w1",
        ),
        ([W1, Node("w2", ["192.0.2.2"], ["10.244.2.1/24"])], "node w2, pod_cidrs: not a CIDR"),
        ([W1, Node("w2", ["w2.example.org"], ["10.244.2.0/24"])], "node w2, internal_ips: not an address"),
    ],
)
def test_what_cannot_be_routed(nodes: list[Node], message: str) -> None:
    with pytest.raises(KubephaseError) as caught:
        wanted_routes("w1", nodes)
    assert str(caught.value).startswith(message)


def test_a_node_may_have_more_fields() -> None:
    entry = {"name": "w1", "internal_ips": ["192.0.2.1"], "pod_cidrs": ["10.244.1.0/24"], "ready": True}
    assert Node.parse(entry) == Node("w1", ["192.0.2.1"], ["10.244.1.0/24"])
    with pytest.raises(KubephaseError, match="nodes: not a node"):
        Node.parse({"name": "w1"})


def test_nodes_are_one_text() -> None:
    text = '[{"name": "w1", "internal_ips": ["192.0.2.1"], "pod_cidrs": ["10.244.1.0/24"], "ready": true}]'
    assert parse_nodes(text) == [Node("w1", ["192.0.2.1"], ["10.244.1.0/24"])]
    assert parse_nodes("[]") == []


@pytest.mark.parametrize("text", ["", "w1", '{"name": "w1"}', '["w1"]'])
def test_another_text_is_not_nodes(text: str) -> None:
    with pytest.raises(KubephaseError, match="nodes: not a list of nodes"):
        parse_nodes(text)


def test_an_overlap_is_found_whatever_lies_between() -> None:
    """Neither in the list nor in the order of the addresses are the two neighbours."""
    nodes = [Node(f"w{index}", ["192.0.2.1"], [f"10.{index}.0.0/24"]) for index in range(100)]
    within = [Node(f"inner{index}", ["192.0.2.2"], [f"10.200.{index}.0/24"]) for index in (9, 8)]
    nodes = [within[0], *nodes[:50], Node("wide", ["192.0.2.3"], ["10.200.0.0/16"]), *nodes[50:], within[1]]
    with pytest.raises(KubephaseError, match="node inner8: its podCIDR overlaps 10.200.0.0/16 of node wide"):
        wanted_routes("w1", nodes)


def test_networks_side_by_side_do_not_overlap() -> None:
    sides = [Node(f"w{index}", ["192.0.2.1"], [f"10.0.{index}.0/24"]) for index in range(256)]
    assert len(wanted_routes("w7", [*sides, Node("after", ["192.0.2.2"], ["10.1.0.0/16"])])) == 256


class Host:
    """A kernel, as far as routes and one nftables table go, and the unit that sets them from files.

    :ivar on_link: whether gateways are reached without a router.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.live: list[Route] = []
        self.rules = 0
        self.active = False
        self.on_link = True
        self.routes = root / "kubephase/pod-routes"
        self.ruleset = root / "kubephase/pod-network.nft"
        self.conflist = root / "cni/10-kubephase.conflist"

    def ensure(self, *, enabled: bool, state: str, newer_than: Any, restart: bool) -> list[str]:
        if self.active and not restart and self.routes.read_text() == self.before:
            return []
        verb = "restarted" if self.active else "started"
        if self.check_mode:
            return [verb]
        self.active = True
        self.rules = 2
        commands = [line.split() for line in self.routes.read_text().splitlines() if not line.startswith("#")]
        added = [Route(words[2], words[4]) for words in commands]
        self.live += [route for route in added if route not in self.live]
        return [verb]

    def apply(self, *nodes: Node, check_mode: bool = False, subnets: Any = SUBNETS) -> dict[str, Any]:
        self.check_mode = check_mode
        files = [WantedFile(str(self.conflist), "{}\n"), WantedFile(str(self.ruleset), "table\n")]
        wanted = PodNetwork("w1", nodes, subnets, files, str(self.routes), [str(self.ruleset)])
        self.before = self.routes.read_text() if self.routes.exists() else ""
        return _pod_network.apply(wanted, check_mode, self)  # type: ignore[arg-type]


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)

    def ip(*arguments: str) -> str:
        if arguments[:3] == ("-json", "route", "get"):
            return "[{}]" if made.on_link else '[{"gateway": "192.0.2.254"}]'
        if arguments[1:4] == ("-json", "route", "show"):
            version = 6 if arguments[0] == "-6" else 4
            shown = [route for route in made.live if (":" in route.destination) == (version == 6)]
            return _json(shown)
        assert arguments[:2] == ("route", "del")
        made.live = [route for route in made.live if route.destination != arguments[2]]
        return ""

    monkeypatch.setattr(_pod_routes, "_ip", ip)
    monkeypatch.setattr(_pod_network, "masquerade_rules", lambda: made.rules)
    monkeypatch.setattr(_pod_network, "_is_installed", lambda _: True)
    return made


def _json(routes: list[Route]) -> str:
    return "[" + ",".join(f'{{"dst": "{one.destination}", "gateway": "{one.gateway}"}}' for one in routes) + "]"


def test_first_and_second_run(host: Host) -> None:
    planned = host.apply(W1, W2, check_mode=True)
    assert planned["changed"] and not host.routes.exists() and not host.live
    first = host.apply(W1, W2)
    assert first["changed"]
    assert host.live == [Route("10.244.2.0/24", "192.0.2.2"), Route("fd00:0:0:2::/64", "2001:db8::2")]
    assert host.conflist.exists()
    for check_mode in (False, True):
        again = host.apply(W1, W2, check_mode=check_mode)
        assert not again["changed"]
        assert again["actions"] == [] and again["diff"] == []


def test_a_deleted_route_comes_back(host: Host) -> None:
    host.apply(W1, W2)
    lost = host.live.pop()
    planned = host.apply(W1, W2, check_mode=True)
    assert f"add route {lost.destination} via {lost.gateway}" in planned["actions"]
    assert lost.command not in planned["diff"][0]["before"]
    assert lost.command in planned["diff"][0]["after"]
    host.apply(W1, W2)
    assert lost in host.live


def test_a_lost_ruleset_comes_back(host: Host) -> None:
    host.apply(W1, W2)
    host.rules = 0
    assert "load nftables table inet kubephase_pods" in host.apply(W1, W2)["actions"]
    assert host.rules == 2


def test_routes_of_a_removed_node_go(host: Host) -> None:
    host.apply(W1, W2, W3)
    result = host.apply(W1, W2)
    assert "withdraw route 10.244.3.0/24 via 192.0.2.3" in result["actions"]
    assert {route.gateway for route in host.live} == {"192.0.2.2", "2001:db8::2"}
    assert "192.0.2.3" not in host.routes.read_text()


@pytest.mark.parametrize("nodes", [[], [W2], [Node("w1", ["192.0.2.1"], []), W2]])
def test_before_the_node_has_joined_check_mode_has_a_plan(host: Host, nodes: list[Node]) -> None:
    planned = host.apply(*nodes, check_mode=True)
    assert planned["changed"]
    assert f"write {host.conflist}" in planned["actions"]
    assert not host.conflist.exists()


def test_a_node_that_has_not_joined(host: Host) -> None:
    with pytest.raises(KubephaseError, match="this host's node is not in the cluster"):
        host.apply()
    assert not host.conflist.exists()


def test_no_pod_subnet(host: Host) -> None:
    with pytest.raises(KubephaseError, match="networking.podSubnet: no Pod subnet is set"):
        host.apply(W1, W2, subnets=[])


def test_nodes_behind_a_router(host: Host) -> None:
    host.on_link = False
    with pytest.raises(
        KubephaseError, match="InternalIP 192.0.2.2, .*: this host reaches it by the router 192.0.2.254"
    ):
        host.apply(W1, W2)
    assert not host.conflist.exists()
