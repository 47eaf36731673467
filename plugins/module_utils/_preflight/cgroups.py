# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroups' part of SystemVerification."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import Finding, error, warning
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.version import Version

UNIFIED = "/sys/fs/cgroup"
REQUIRED_V1: tuple[str, ...] = ("cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids")
OPTIONAL_V1: tuple[str, ...] = ("hugetlb", "blkio")
REQUIRED_V2: tuple[str, ...] = ("cpu", "cpuset", "devices", "freezer", "memory", "pids")
OPTIONAL_V2: tuple[str, ...] = ("hugetlb", "io")


def mount(host: Host) -> tuple[str, bool] | None:
    """Where cgroups are mounted and whether they are of version 2, or None where they are not mounted."""
    first = ""
    for line in (host.read_proc("mounts") or b"").decode("utf-8", "replace").splitlines():
        fields = line.split()
        if len(fields) < 3 or "cgroup" not in line:
            continue
        if fields[1] == UNIFIED:
            if fields[2] == "tmpfs":
                return UNIFIED, not os.path.isdir(host.path(f"{UNIFIED}/memory"))
            return UNIFIED, fields[2] == "cgroup2"
        if fields[2] == "cgroup2":
            return fields[1], True
        if fields[2] == "cgroup" and not first:
            first = fields[1]
    return (first, False) if first else None


def cgroups(host: Host, minor: int, kubelet: Version | None, found: tuple[str, bool] | None) -> Iterator[Finding]:
    """Are cgroups there, in a version this kubelet accepts, with the controllers it needs?

    :param kubelet: the version of the kubelet that is or will be installed.
    """
    if found is None:
        yield error("cgroups are not mounted")
        return
    place, unified = found
    if unified:
        available = _controllers_v2(host, place)
        if available is None:
            yield error(f"{place}/cgroup.controllers cannot be read")
            return
        required, optional = REQUIRED_V2, OPTIONAL_V2
    else:
        yield from _version_1(minor, kubelet)
        available = _controllers_v1(host)
        required, optional = REQUIRED_V1, OPTIONAL_V1
    missing = [name for name in required if name not in available]
    if missing:
        yield error(f"these cgroup controllers, which the kubelet needs, are not enabled: {' '.join(missing)}")
    missing = [name for name in optional if name not in available]
    if missing:
        yield warning(
            f"these cgroup controllers, which the kubelet can do without, are not enabled: {' '.join(missing)}"
        )


def _version_1(minor: int, kubelet: Version | None) -> Iterator[Finding]:
    fatal = minor >= 35 and kubelet is not None and (kubelet.major, kubelet.minor) >= (1, 35)
    text = "the host uses cgroup v1, which Kubernetes no longer supports: boot it with cgroup v2"
    if fatal:
        yield error(
            f"{text}; to go on with v1, set failCgroupV1: false in the KubeletConfiguration and ignore SystemVerification"
        )
    else:
        yield warning(text)


def _controllers_v1(host: Host) -> set[str]:
    lines = (host.read_proc("cgroups") or b"").decode("ascii", "replace").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {row[0] for row in rows if len(row) >= 4 and row[3] != "0"}


def _controllers_v2(host: Host, place: str) -> set[str] | None:
    listed = host.read(f"{place}/cgroup.controllers")
    if listed is None:
        return None
    # the kernel enables these two without listing them
    found = {"devices", *listed.decode("ascii", "replace").split()}
    if _can_freeze(host.path(place)):
        found.add("freezer")
    return found


def _can_freeze(place: str) -> bool:
    """Every cgroup but the root has the file where the kernel can freeze; one is made only where there is none."""
    try:
        groups = [entry.path for entry in os.scandir(place) if entry.is_dir()]
        if groups:
            return any(os.path.exists(os.path.join(group, "cgroup.freeze")) for group in groups)
        group = tempfile.mkdtemp(prefix="kubephase-", dir=place)
    except OSError:
        return False
    try:
        return os.path.exists(os.path.join(group, "cgroup.freeze"))
    finally:
        os.rmdir(group)
