# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.kubephase.cluster.plugins.filter.load_balancing import (
    endpoint_port,
    host_endpoints,
    virtual_addresses,
)

MEMBERS = [{"name": "lb1", "address": "192.0.2.5"}, {"name": "lb2", "address": "2001:db8::6"}]


@pytest.mark.parametrize(
    ("variables", "address", "port"),
    [
        ({"kubephase": {"local_api_endpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 7443}}}, "192.0.2.11", 7443),
        ({"ansible_host": "192.0.2.12"}, "192.0.2.12", 6443),
        ({}, "cp1", 6443),
        (
            {"ansible_host": "203.0.113.1", "kubephase_local_api_endpoint": {"advertiseAddress": "192.0.2.13"}},
            "192.0.2.13",
            6443,
        ),
        ({"ansible_host": "192.0.2.14", "kubephase_local_api_endpoint": {"bindPort": 8443}}, "192.0.2.14", 8443),
        ({"kubephase_init_configuration": {"localAPIEndpoint": {"bindPort": 7443}}}, "cp1", 7443),
        (
            {
                "kubephase_init_configuration": {"localAPIEndpoint": {"bindPort": 1}},
                "kubephase_join_configuration": {"controlPlane": {"localAPIEndpoint": {"bindPort": 8443}}},
            },
            "cp1",
            8443,
        ),
        # it failed to resolve its configuration
        ({"kubephase": {"failed": True}, "ansible_host": "192.0.2.15"}, "192.0.2.15", 6443),
    ],
)  # fmt: skip
def test_where_a_host_is(variables: dict[str, Any], address: str, port: int) -> None:
    found = host_endpoints([{"inventory_hostname": "cp1", **variables}])
    assert found == [{"name": "cp1", "address": address, "port": port}]


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("192.0.2.10:443", 443),
        ("192.0.2.10", 6443),
        ("k8s.example.org:8443", 8443),
        ("k8s.example.org", 6443),
        ("[2001:db8::1]:443", 443),
        ("[2001:db8::1]", 6443),
        ("2001:db8::1", 6443),
        ("", 6443),
    ],
)
def test_the_port_of_the_endpoint(endpoint: str, port: int) -> None:
    assert endpoint_port(endpoint) == port


@pytest.mark.parametrize("endpoint", ["a:b", "a:0", "a:65536"])
def test_a_port_that_is_none(endpoint: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"controlPlaneEndpoint: not a port \(got .*accepted: HOST\[:PORT\]\)"):
        endpoint_port(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "held"),
    [
        ("192.0.2.10:6443", ["192.0.2.10"]),
        ("[2001:DB8::0010]:6443", ["2001:db8::10"]),
        ("2001:db8::10", ["2001:db8::10"]),
        ("192.0.2.5:6443", []),
        ("[2001:db8:0::6]:6443", []),
        ("k8s.example.org", []),
        ("", []),
    ],
)
def test_an_address_that_nobody_has_by_itself_is_held_together(endpoint: str, held: list[str]) -> None:
    assert virtual_addresses(endpoint, MEMBERS) == held
