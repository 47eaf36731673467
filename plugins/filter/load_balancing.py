# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is behind the control plane's endpoint, and who holds its address."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

_PORT = 6443


def host_endpoints(hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name, address and port of hosts, from their variables. One that this run does not see is where Ansible finds it."""
    return [_endpoint(host) for host in hosts]


def _endpoint(host: Mapping[str, Any]) -> dict[str, Any]:
    fact = host.get("kubephase")
    if isinstance(fact, Mapping) and fact.get("local_api_endpoint"):
        own = fact["local_api_endpoint"]
        return {
            "name": str(host["inventory_hostname"]),
            "address": str(own["advertiseAddress"]),
            "port": int(own["bindPort"]),
        }
    declared = host.get("kubephase_local_api_endpoint") or {}
    address = declared.get("advertiseAddress") or host.get("ansible_host") or host["inventory_hostname"]
    return {
        "name": str(host["inventory_hostname"]),
        "address": str(address),
        "port": int(declared.get("bindPort") or _declared_port(host) or _PORT),
    }


def _declared_port(host: Mapping[str, Any]) -> Any:
    """As the configuration of all control planes has it."""
    init = host.get("kubephase_init_configuration") or {}
    join = host.get("kubephase_join_configuration") or {}
    own = (join.get("controlPlane") or {}).get("localAPIEndpoint") or {}
    return own.get("bindPort") or (init.get("localAPIEndpoint") or {}).get("bindPort")


def endpoint_port(endpoint: str) -> int:
    """The port of HOST[:PORT]."""
    port = _split(endpoint)[1]
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise AnsibleFilterError(f"controlPlaneEndpoint: not a port (got {endpoint!r}; accepted: HOST[:PORT])")
    return int(port) if port else _PORT


def virtual_addresses(endpoint: str, members: Sequence[Mapping[str, Any]]) -> list[str]:
    """The address of HOST[:PORT] where no member has it by itself. A name tells nothing: then there is none."""
    address = _address(_split(endpoint)[0])
    own = [_address(str(member["address"])) for member in members]
    return [] if address is None or address in own else [str(address)]


def _split(endpoint: str) -> tuple[str, str]:
    """Host and port; an IPv6 address stands in brackets where it has one."""
    if endpoint.startswith("["):
        host, _bracket, rest = endpoint[1:].partition("]")
        return host, rest.lstrip(":")
    host, _colon, port = endpoint.partition(":")
    return (endpoint, "") if ":" in port else (host, port)


def _address(text: str) -> Any:
    try:
        return ipaddress.ip_interface(text).ip
    except ValueError:
        return None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "host_endpoints": host_endpoints,
            "endpoint_port": endpoint_port,
            "virtual_addresses": virtual_addresses,
        }
