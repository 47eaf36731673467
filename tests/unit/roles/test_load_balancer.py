# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role gives its module, played without a host."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from tests.parity import playing
from tests.unit.roles.bare_host import ADDRESS, FACTS

BACKENDS = [{"name": f"cp{n}", "address": f"192.0.2.1{n}", "port": 6443} for n in (1, 2, 3)]
MEMBERS = [{"name": "lb1", "address": "192.0.2.5"}, {"name": playing.HOST, "address": ADDRESS}]
GIVEN = {
    "kubephase_node_role": "worker",
    "kubephase_control_plane_endpoint": "192.0.2.10:8443",
    "load_balancer_backends": BACKENDS,
    "load_balancer_members": MEMBERS,
}


@cache
def loaded() -> playing.Loaded:
    return playing.load([{"role": "load_balancer"}], [], {})


def play(**variables: Any) -> dict[str, Any]:
    """The arguments of the module's only call."""
    calls: list[dict[str, Any]] = []

    def answer(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == "host_info":
            return {"changed": False, "host": FACTS}
        assert module == "load_balancer"
        calls.append(json.loads(json.dumps(arguments)))
        return {"changed": False, "missing_packages": [], "units": {}}

    playing.play(loaded(), {**GIVEN, **variables}, answer)
    assert len(calls) == 1
    return calls[0]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def section(text: str, heading: str) -> list[str]:
    found = re.search(rf"^ *{heading} \{{\n(.*?)^ *\}}", text, re.MULTILINE | re.DOTALL)
    return found[1].split() if found else []


def test_haproxy_passes_tls_to_the_api_servers_that_are_ready() -> None:
    text = lines(play()["haproxy_configuration"])
    assert [line for line in text if line.startswith("server ")] == [
        f"server {each['name']} {each['address']}:6443" for each in BACKENDS
    ]
    assert "bind *:8443" in text
    assert text.count("mode tcp") == 2
    assert "http-check send meth GET uri /readyz" in text
    default = next(line for line in text if line.startswith("default-server"))
    assert "check-ssl verify none" in default
    assert "on-marked-down shutdown-sessions" in default


def test_keepalived_holds_the_endpoints_address() -> None:
    call = play()
    text = call["keepalived_configuration"]
    assert section(text, "virtual_ipaddress") == ["192.0.2.10"]
    assert section(text, "unicast_peer") == ["192.0.2.5"]
    assert f"unicast_src_ip {ADDRESS}" in text
    assert "interface @INTERFACE@" in text and call["address"] == ADDRESS
    assert "auth_pass" not in text
    assert call["packages"] == ["haproxy", "keepalived"]


def test_the_first_member_comes_first() -> None:
    def priority(*names: str) -> tuple[int, int]:
        """That of one that is well, and of one that is not."""
        members = [{"name": name, "address": f"192.0.2.{n}"} for n, name in enumerate(names, 5)]
        text = play(load_balancer_members=members)["keepalived_configuration"]
        well, weight = re.search(r"priority (\d+)", text), re.search(r"weight (-\d+)", text)
        assert well and weight
        return int(well[1]), int(well[1]) + int(weight[1])

    first, second = priority(playing.HOST, *"bcd"), priority(*"bcd", playing.HOST)
    assert 254 >= first[0] > second[0] > first[1] > second[1] >= 1


@pytest.mark.parametrize("endpoint", ["k8s.example.org:6443", f"{ADDRESS}:6443"])
def test_where_no_address_is_held_there_is_no_keepalived(endpoint: str) -> None:
    call = play(kubephase_control_plane_endpoint=endpoint)
    assert call["keepalived_configuration"] == ""
    assert call["packages"] == ["haproxy"]
    assert "bind *:6443" in call["haproxy_configuration"]


def test_a_name_with_an_address_that_is_held() -> None:
    call = play(
        kubephase_control_plane_endpoint="k8s.example.org",
        load_balancer_virtual_addresses=["192.0.2.9/24", "2001:db8::9/64"],
        load_balancer_vrrp_password="s3cret",
        load_balancer_interface="eth7",
    )
    text = call["keepalived_configuration"]
    assert section(text, "virtual_ipaddress") == ["192.0.2.9/24"]
    assert section(text, "virtual_ipaddress_excluded") == ["2001:db8::9/64"]
    assert "interface eth7" in text
    assert "auth_pass @PASSWORD@" in text and "s3cret" not in text
    assert call["vrrp_password"] == "s3cret"
    assert "bind :::6443 v6only" in lines(call["haproxy_configuration"])


def test_addresses_of_its_own_choice() -> None:
    text = play(load_balancer_bind_addresses=["192.0.2.10", "127.0.0.1"], load_balancer_port=443)
    found = [line for line in lines(text["haproxy_configuration"]) if line.startswith("bind")]
    # the first is not there while another load balancer holds it
    assert found[:2] == ["bind 192.0.2.10:443 transparent", "bind 127.0.0.1:443 transparent"]


def test_api_servers_are_known_by_their_authority() -> None:
    call = play(load_balancer_ca_certificate="PEM")
    assert (
        "verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes" in call["haproxy_configuration"]
    )
    assert call["ca_certificate"] == "PEM"


def test_lines_of_its_own() -> None:
    call = play(load_balancer_extra_global=["maxconn 77"], load_balancer_extra_backend=["fullconn 7"])
    top, _backend, bottom = call["haproxy_configuration"].partition("\nbackend ")
    assert "    maxconn 77\n" in top and "    fullconn 7\n" in bottom


def test_the_check_asks_the_port_where_haproxy_tells() -> None:
    call = play(load_balancer_health_port=18404)
    assert "bind 127.0.0.1:18404" in call["haproxy_configuration"]
    assert "/dev/tcp/127.0.0.1/18404" in call["check_script"]
    assert call["check_script"].startswith("#!/bin/bash\n")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"load_balancer_backends": []}, "load_balancer_backends: there is no API server to balance"),
        ({"load_balancer_members": MEMBERS[:1]}, "load_balancer_members: golden has to be named once (got lb1;"),
        (
            {"load_balancer_virtual_addresses": ["192.0.2.99"]},
            "clients are told controlPlaneEndpoint 192.0.2.10:8443, an address that no load balancer has or holds (got 192.0.2.99)",
        ),
        ({"load_balancer_virtual_addresses": []}, "(got none)"),
    ],
)
def test_what_is_refused(variables: dict[str, Any], said: str) -> None:
    with pytest.raises(playing.TaskFailed) as raised:
        play(**variables)
    assert said in " ".join(str(raised.value).split())
