# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address that kube-vip holds. It takes it off the host only where it ends by itself, and its Pod is ended by force."""

from __future__ import annotations

import ipaddress
import json
from functools import partial
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.commands import ask, tell


def withdraw(request: Request, account: Account) -> None:
    """From every interface that has it as an address of its own, which no host has its own address as."""
    address = _held(request)
    if address is None:
        return
    for link in json.loads(ask("ip", "-json", "addr", "show") or "[]"):
        for one in link.get("addr_info") or []:
            if _is(one, address):
                name = str(link["ifname"])
                text = f"{address}/{address.max_prefixlen}"
                account.do(
                    f"withdraw address {text} from {name}", partial(tell, "ip", "addr", "del", text, "dev", name)
                )


def _held(request: Request) -> Any:
    """What the manifest says; None where it is none of an address, or there is none."""
    text = _atomic_file.read(request.at(f"{request.manifests}/kube-vip.yaml"))
    try:
        pod = _kube_yaml.load((text or b"").decode("utf-8", "replace"))
        variables = {one.get("name"): one.get("value") for one in pod["spec"]["containers"][0].get("env") or []}
        return ipaddress.ip_address(str(variables.get("address")))
    except (KubephaseError, KeyError, IndexError, TypeError, AttributeError, ValueError):
        return None


def _is(found: dict[str, Any], address: Any) -> bool:
    try:
        same = ipaddress.ip_address(str(found.get("local"))) == address
    except ValueError:
        return False
    return bool(same and found.get("prefixlen") == address.max_prefixlen)
