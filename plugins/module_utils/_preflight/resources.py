# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what the machine has: rights, processors, memory, disk space, the time."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    Finding,
    error,
    warning,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host

CONTROL_PLANE_CPUS = 2
CONTROL_PLANE_MEMORY = 1700
# certificates are valid from five minutes before they were signed
MAX_CLOCK_SKEW = 300


def privileged_user(host: Host) -> Iterator[Finding]:
    """Is this root?"""
    if host.uid != 0:
        yield error(f"runs as uid {host.uid}; it has to be root: set become for this play")


def processors(host: Host) -> Iterator[Finding]:
    """Enough processors for a control plane?"""
    if host.cpus < CONTROL_PLANE_CPUS:
        yield error(f"the host has {host.cpus} CPU; a control plane needs {CONTROL_PLANE_CPUS}")


def memory(host: Host) -> Iterator[Finding]:
    """Enough memory for a control plane?"""
    for line in (host.read_proc("meminfo") or b"").decode("ascii", "replace").splitlines():
        fields = line.split()
        if fields and fields[0] == "MemTotal:":
            found = int(fields[1]) // 1024
            if found < CONTROL_PLANE_MEMORY:
                yield error(f"the host has {found} MB of memory; a control plane needs {CONTROL_PLANE_MEMORY} MB")
            return
    yield error("the host's memory cannot be read from /proc/meminfo")


def swap(host: Host) -> Iterator[Finding]:
    """Is swap on?"""
    lines = (host.read_proc("swaps") or b"").splitlines()
    if len(lines) > 1:
        yield warning(
            "swap is on, which the kubelet accepts on cgroup v2 and with failSwapOn and memorySwap set for it only; "
            "turn it off (role node) or configure the kubelet"
        )


def disk_space(host: Host, path: str, required: int, is_node: bool) -> Iterator[Finding]:
    """Is so much MiB free where ``path`` is or will be? On a host that is a node already a shortage only warns."""
    place = path
    while not host.exists(place) and place not in ("/", ""):
        place = os.path.dirname(place)
    try:
        found = os.statvfs(host.path(place or "/"))
    except OSError as failure:
        yield error(f"the free space at {place} cannot be read: {failure.strerror}")
        return
    free = found.f_bavail * found.f_frsize // (1 << 20)
    if free < required:
        level = warning if is_node else error
        yield level(f"{free} MiB are free at {path}; {required} MiB are needed: free or add disk space")


def clock_skew(now: float, controller: float) -> Iterator[Finding]:
    """Does the host's clock agree with the controller's?"""
    skew = now - controller
    if abs(skew) > MAX_CLOCK_SKEW:
        side = "ahead of" if skew > 0 else "behind"
        yield error(
            f"the host's clock is {abs(skew):.0f} s {side} the controller's; more than {MAX_CLOCK_SKEW} s make fresh "
            "certificates not yet valid: set both by a time server"
        )
