# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of names and of proxies between the components."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    Finding,
    error,
    skipped,
    warning,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host

_QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")


def hostname(host: Host, name: str) -> Iterator[Finding]:
    """Is the node's name well-formed, and does it resolve?"""
    if not _QUALIFIED.match(name):
        yield warning(
            f"the node name {name!r} is malformed: at most 63 letters, digits, '-', '_' and '.', "
            "beginning and ending with a letter or digit"
        )
    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        message = f"the node name {name!r} does not resolve on this host ({reason}): add it to DNS or /etc/hosts"
        yield skipped(message) if host.check_mode else warning(message)


def proxy_variables(given: Iterable[Mapping[str, str]], environ: Mapping[str, str]) -> dict[str, str]:
    """The proxy variables that count: those the components are given, else those of this process."""
    named = {str(one.get("name", "")): str(one.get("value", "")) for one in given}
    return named or {name: value for name, value in environ.items() if name.lower().endswith("_proxy")}


def http_proxy(variables: Mapping[str, str], address: str, port: int) -> Iterator[Finding]:
    """Would a component reach the API server through a proxy?"""
    proxy = proxy_for(variables, address, port)
    if address and proxy:
        yield warning(f"https connections to {address} use the proxy {proxy}: add {address} to NO_PROXY")


def http_proxy_cidr(variables: Mapping[str, str], cidr: str) -> Iterator[Finding]:
    """Would a component reach the Pods or services of a CIDR through a proxy?"""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
        first = network[1] if network.num_addresses > 1 else network[0]
    except ValueError:
        yield error(f"{cidr!r} is no CIDR")
        return
    proxy = proxy_for(variables, str(first), 443)
    if proxy:
        yield warning(f"connections to {cidr} use the proxy {proxy}: add {cidr} to NO_PROXY")


def proxy_for(variables: Mapping[str, str], host: str, port: int) -> str:
    """The proxy that Go's HTTP client takes for https to a host, empty for none; credentials are left out."""
    proxy = variables.get("HTTPS_PROXY") or variables.get("https_proxy") or ""
    if not proxy or not _through_proxy(variables.get("NO_PROXY") or variables.get("no_proxy") or "", host, port):
        return ""
    return re.sub(r"//[^/@]*@", "//", proxy)


def _through_proxy(exceptions: str, host: str, port: int) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return False
    return not any(_excepted(entry.strip().lower(), host.lower(), address, port) for entry in exceptions.split(","))


def _excepted(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _colon, wanted = entry.rpartition(":")
    if name and wanted.isdigit() and (name.startswith("[") or ":" not in name):
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    if _address(entry) is not None:
        return _address(entry) == address
    if address is not None:
        return False
    entry = entry[1:] if entry.startswith("*.") else entry
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith("." + entry)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
