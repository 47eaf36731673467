# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role network hands to a host: the role with Ansible's own engine, and modules that answer at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parity import playing

NODES = [
    {"name": "w1", "internal_ips": ["192.0.2.1"], "pod_cidrs": ["10.244.1.0/24", "fd00:0:0:1::/64"], "ready": True},
    {"name": "w2", "internal_ips": ["192.0.2.2"], "pod_cidrs": ["10.244.2.0/24", "fd00:0:0:2::/64"], "ready": True},
]
HOST = {
    "hostname": "w1",
    "default_ipv4": "192.0.2.1",
    "default_ipv6": "",
    "architecture": "amd64",
    "distribution": {"id": "debian", "version_id": "12", "family": "debian"},
    "cgroup_version": 2,
    "systemd_resolved": False,
    "extra_ca_directories": [],
    "member": "worker",
}
VARIABLES = {
    "kubephase_node_role": "worker",
    "kubephase_network_mode": "bridge",
    "kubephase_pod_subnet": "10.244.0.0/16,fd00::/48",
    "kubephase_service_subnet": "10.96.0.0/12,fd01::/112",
}


@pytest.fixture(scope="module")
def loaded() -> playing.Loaded:
    bridge = {"name": f"{playing.COLLECTION}.network", "tasks_from": "bridge"}
    return playing.load([], [{"ansible.builtin.import_role": bridge}], {})


def handed(loaded: playing.Loaded, nodes: list[dict[str, Any]], **variables: Any) -> dict[str, Any]:
    """The arguments of module pod_network."""
    sent: dict[str, Any] = {}
    answers = {"host_info": {"changed": False, "host": HOST}, "wait_nodes": {"changed": False, "nodes": nodes}}

    def run_module(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "pod_network":
            sent.update(arguments)
        return answers.get(name, {"changed": False})

    playing.play(loaded, {**VARIABLES, **variables}, run_module)
    return sent


def ranges(arguments: dict[str, Any]) -> list[str]:
    """The podCIDRs of the CNI configuration."""
    content = next(file["content"] for file in arguments["files"] if file["path"].endswith(".conflist"))
    return [each[0]["subnet"] for each in json.loads(content)["plugins"][0]["ipam"]["ranges"]]


def test_a_node_gets_its_own_ranges_and_a_list_of_all_nodes(loaded: playing.Loaded) -> None:
    arguments = handed(loaded, NODES)
    assert json.loads(arguments["nodes"]) == NODES
    assert ranges(arguments) == NODES[0]["pod_cidrs"]
    assert [sorted(file) for file in arguments["files"]] == [["content", "path"], *[["content", "path", "restart"]] * 2]


def test_nodes_may_be_given(loaded: playing.Loaded) -> None:
    given = [{**NODES[0], "pod_cidrs": ["10.244.7.0/24"]}]
    arguments = handed(loaded, NODES, network_nodes=given)
    assert json.loads(arguments["nodes"]) == given
    assert ranges(arguments) == ["10.244.7.0/24"]


def test_before_the_host_has_joined_it_has_no_ranges(loaded: playing.Loaded) -> None:
    arguments = handed(loaded, NODES[1:])
    assert json.loads(arguments["nodes"]) == NODES[1:]
    assert ranges(arguments) == []
