# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge of a node whose podCIDRs are other ones now, as those of a node that was deleted and came back.

The bridge plugin gives the bridge its address once and refuses a bridge that has another one, so no new Pod would start.
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Sequence

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient


def foreign_addresses(bridge: str, pod_cidrs: Sequence[str]) -> list[str]:
    """The bridge's addresses that are in none of the node's podCIDRs. None where there is no bridge yet."""
    ran = subprocess.run(
        ["ip", "-json", "address", "show", "dev", bridge, "scope", "global"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        return []
    listed = [one for link in json.loads(ran.stdout or "[]") for one in link.get("addr_info", [])]
    # what the scope leaves out stands there as an empty mapping
    found = [one["local"] for one in listed if "local" in one]
    return [address for address in found if not _is_in(address, pod_cidrs)]


def replace(bridge: str, pod_cidrs: Sequence[str], cri_socket: str) -> None:
    """Let the kubelet make the Pods with other addresses anew, then remove the bridge; the next Pod brings a right one.

    In this order, so that a run that died between the two finds the bridge as it was and does both again.
    """
    with CriClient(cri_socket) as runtime:
        for sandbox in runtime.ready_sandboxes():
            address = runtime.sandbox_address(sandbox)
            # a Pod on the host's network has none of its own
            if address and not _is_in(address, pod_cidrs):
                runtime.stop_sandbox(sandbox)
    subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)


def _is_in(address: str, cidrs: Sequence[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(cidr) for cidr in cidrs)
