# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's part of SystemVerification."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import Finding, error, warning
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host

_SUPPORTED = re.compile(r"5\.4|5\.10|5\.15|([6-9]|[1-9][0-9]+)\.[0-9]+\.[0-9]+")
_OPTION = re.compile(r"CONFIG_([A-Z0-9_]+)=([myn])")

# options, each with the names it has or had
REQUIRED = (
    *(("NAMESPACES",), ("NET_NS",), ("PID_NS",), ("IPC_NS",), ("UTS_NS",), ("CPUSETS",), ("MEMCG",), ("INET",)),
    *(("EXT4_FS",), ("PROC_FS",), ("NETFILTER_XT_TARGET_REDIRECT", "IP_NF_TARGET_REDIRECT")),
    *(("NETFILTER_XT_MATCH_COMMENT",), ("FAIR_GROUP_SCHED",)),
)
REQUIRED_V1 = (
    *(("CGROUPS",), ("CGROUP_CPUACCT",), ("CGROUP_DEVICE",), ("CGROUP_FREEZER",), ("CGROUP_PIDS",), ("CGROUP_SCHED",)),
)
REQUIRED_V2 = (("CGROUPS",), ("CGROUP_BPF",), ("CGROUP_PIDS",), ("CGROUP_SCHED",))


def kernel(host: Host, minor: int, cgroup_v2: bool) -> Iterator[Finding]:
    """Is the kernel's version supported, and is it built with what containers need?"""
    if host.system != "Linux":
        yield error(f"the operating system is {host.system}; it has to be Linux")
        return
    if not _SUPPORTED.match(host.release):
        yield warning(f"the kernel {host.release} is not supported; 5.4, 5.10, 5.15 and everything from 6.0 on is")
    options = kernel_options(host)
    if options is None:
        yield error(
            "the kernel's configuration cannot be found (/proc/config.gz, /boot/config-RELEASE, …), so that its options "
            "cannot be verified: install it, or ignore SystemVerification"
        )
        return
    required = REQUIRED + (("CGROUPS",),) if minor < 35 else REQUIRED + (REQUIRED_V2 if cgroup_v2 else REQUIRED_V1)
    missing = [names[0] for names in required if not any(options.get(name) in ("y", "m") for name in names)]
    if missing:
        yield error(f"the kernel lacks these options: {' '.join('CONFIG_' + name for name in missing)}")


def kernel_options(host: Host) -> dict[str, str] | None:
    """The options of the running kernel, or None where they are found nowhere."""
    data = _configuration(host)
    if data is None and host.output("modprobe", "configs")[0] == 0:
        data = _configuration(host)
        host.output("modprobe", "-r", "configs")
    if data is None:
        return None
    return dict(_OPTION.findall(data.decode("ascii", "replace")))


def _configuration(host: Host) -> bytes | None:
    release = host.release
    packed = host.read_proc("config.gz")
    if packed is not None:
        return gzip.decompress(packed)
    for path in (
        f"/boot/config-{release}",
        f"/usr/src/linux-{release}/.config",
        "/usr/src/linux/.config",
        f"/usr/lib/modules/{release}/config",
        f"/usr/lib/ostree-boot/config-{release}",
        f"/usr/lib/kernel/config-{release}",
        f"/usr/src/linux-headers-{release}/.config",
        f"/lib/modules/{release}/build/.config",
    ):
        data = host.read(path)
        if data is not None:
            return data
    return None
