# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subject alternative names, in the order in which kubeadm puts them into a certificate."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*\Z")


@dataclass(frozen=True)
class AlternativeNames:
    """DNS names sorted, addresses in the order they were given, both without duplicates."""

    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()

    def missing_in(self, other: AlternativeNames) -> list[str]:
        """Those of these names that ``other`` has not."""
        return [name for name in self.dns_names if name not in other.dns_names] + [
            address for address in self.ip_addresses if address not in other.ip_addresses
        ]

    def texts(self) -> list[str]:
        """As ``openssl x509 -text`` shows them."""
        return [f"DNS:{name}" for name in self.dns_names] + [f"IP:{address}" for address in self.ip_addresses]


def collect(names: Iterable[str], field: str) -> AlternativeNames:
    """Sort names and addresses apart.

    :param names: addresses, DNS names, and wildcards such as ``*.example.org``.
    :param field: names the origin in the error.
    """
    dns_names: set[str] = set()
    addresses: dict[str, None] = {}
    for name in names:
        address = as_address(name)
        if address:
            addresses[address] = None
        elif len(name) <= 253 and _DNS_NAME.match(name):
            dns_names.add(name)
        else:
            raise KubephaseError(
                "not a subject alternative name",
                where=field,
                value=name,
                accepted="an IP address, a DNS name in lower case or a wildcard such as *.example.org",
            )
    return AlternativeNames(tuple(sorted(dns_names)), tuple(addresses))


def as_address(text: str) -> str:
    """The address in its usual form, or "" where ``text`` is none. An IPv4 address mapped into IPv6 is an IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def endpoint_host(endpoint: str) -> str:
    """The host of ``host``, ``host:port``, ``[address]:port`` or a bare IPv6 address."""
    if endpoint.startswith("["):
        return endpoint[1:].partition("]")[0]
    if endpoint.count(":") > 1:
        return endpoint
    return endpoint.partition(":")[0]
