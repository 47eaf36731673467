# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, names and endpoints as kubeadm accepts and writes them."""

from __future__ import annotations

import ipaddress
import re
from typing import Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_WILDCARD = re.compile(rf"\*\.{_LABEL}(?:\.{_LABEL})*\Z")
_CIDR = re.compile(r"([0-9a-fA-F:.]+)/([0-9]{1,3})\Z")
_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:])0+(?=[0-9])|(?<=:)0+(?=[0-9]+\.)")
_NOT_IN_HOST = frozenset("/?#@[] \\")
_LONGEST_ADDRESS = 64
_LONGEST_CIDRS = 256
_LONGEST_REPOSITORY = 4096
_PORT = re.compile(r"[0-9]{1,5}\Z")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REPOSITORY = re.compile(
    rf"(?:(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\Z"
)


def parse_ip(text: str) -> Address | None:
    """The address, or None; no zones, no abbreviations. Leading zeros are decimal, as in the Go of Kubernetes."""
    if "%" in text or len(text) > _LONGEST_ADDRESS:
        return None
    try:
        found = ipaddress.ip_address(_LEADING_ZEROS.sub("", text) if "." in text else text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def parse_cidrs(text: str) -> list[Network] | None:
    """The networks of a comma list, or None where one of them is no CIDR; host bits may be set."""
    if len(text) > _LONGEST_CIDRS:
        return None
    networks: list[Network] = []
    for part in text.split(","):
        found = _CIDR.match(part)
        if not found:
            return None
        try:
            prefix = _LEADING_ZEROS.sub("", found.group(1)) if "." in part else found.group(1)
            networks.append(ipaddress.ip_network(f"{prefix}/{int(found.group(2))}", strict=False))
        except ValueError:
            return None
    return networks


def nth_address(cidrs: str, index: int) -> str:
    """The address with this index in the first network of a comma list."""
    networks = parse_cidrs(cidrs.partition(",")[0])
    return str(networks[0][index]) if networks else ""


def is_ipv6(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and address.version == 6


def is_subdomain(text: str) -> bool:
    """Whether the text is a DNS-1123 subdomain (lower case)."""
    return len(text) <= 253 and _SUBDOMAIN.match(text) is not None


def is_alternative_name(text: str) -> bool:
    """Whether a certificate may carry it: an address, a DNS-1123 subdomain or a wildcard of one."""
    return is_subdomain(text) or (len(text) <= 253 and _WILDCARD.match(text) is not None) or parse_ip(text) is not None


def is_repository(text: str) -> bool:
    """Whether the text with ``/name:tag`` behind it is an image reference."""
    return len(text) <= _LONGEST_REPOSITORY and _REPOSITORY.match(f"{text}/name") is not None


def is_label_key(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    return len(name) <= 63 and _QUALIFIED.match(name) is not None and (is_subdomain(prefix) if slash else True)


def is_label_value(text: str) -> bool:
    return text == "" or (len(text) <= 63 and _QUALIFIED.match(text) is not None)


def split_host_port(text: str) -> tuple[str, str] | None:
    """Host and port (which may be empty) of ``host[:port]``; None where they are neither address nor DNS name."""
    host, colon, port = text.rpartition(":")
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket or not rest.startswith(":"):
            return None
        host, port = inside, rest[1:]
    elif not colon or ":" in host:
        host, port = text, ""
    if port and not (_PORT.match(port) and 1 <= int(port) <= 65535):
        return None
    return (host, port) if parse_ip(host) or is_subdomain(host) else None


def has_port(text: str) -> bool:
    """Whether the text is ``HOST:PORT`` with a host of any kind, an IPv6 address in brackets."""
    host, _colon, port = text.rpartition(":")
    if host.startswith("["):
        host = host[1:-1] if host.endswith("]") else ""
    elif ":" in host:
        return False
    usable = not (set(host) & _NOT_IN_HOST) and host.isprintable()
    return bool(host and usable and _PORT.match(port) and 1 <= int(port) <= 65535)


def enough_addresses(network: Network, smallest: int) -> bool:
    """As kubeadm counts: a network of half the address space or more has none."""
    return network.prefixlen >= 2 and network.num_addresses >= smallest


def join_host_port(host: str, port: int | str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
