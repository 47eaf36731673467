# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host laid out in a temporary directory, and a configuration for it. Ports, processes and sockets stay real."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.report import Outcome, Report, preflight
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.request import Request

OPTIONS = [
    *("NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "CPUSETS", "MEMCG", "INET", "EXT4_FS", "PROC_FS"),
    *("NETFILTER_XT_TARGET_REDIRECT", "NETFILTER_XT_MATCH_COMMENT", "FAIR_GROUP_SCHED", "CGROUPS", "CGROUP_BPF"),
    *("CGROUP_PIDS", "CGROUP_SCHED", "CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER"),
]
UNIT = "LoadState=loaded\nActiveState={}\nUnitFileState={}\n"
V1_CONTROLLERS = ["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids", "hugetlb", "blkio"]


class FakeHost:
    """A host on which every check passes until a test changes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.units("active", "enabled", "inactive", "disabled")
        self.kubelet("Kubernetes v1.37.2")
        for program in ("losetup", "mount", "cp"):
            self.program(program, "exit 0")
        self.kernel(OPTIONS)
        self.write("proc/meminfo", "MemFree: 1 kB\nMemTotal:       1740800 kB\n")
        self.write("proc/swaps", "Filename Type Size Used Priority\n")
        self.write("proc/mounts", "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n")
        self.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n")
        self.write("sys/fs/cgroup/init.scope/cgroup.freeze", "0\n")
        self.write("proc/sys/net/ipv4/ip_forward", "1\n")
        self.write("proc/sys/net/ipv6/conf/default/forwarding", "1\n")
        self.environ: dict[str, str] = {"PATH": str(self.bin)}
        self.check_mode = False
        self.changes: dict[str, Any] = {"uid": 0, "cpus": 2, "release": "6.1.0-test"}

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    def program(self, name: str, script: str) -> None:
        self.write(f"bin/{name}", f"#!/bin/sh\n{script}\n").chmod(0o755)

    def kubelet(self, output: str, code: int = 0) -> None:
        self.program("kubelet", f"[ \"$1\" = --version ] && echo '{output}'; exit {code}")

    def units(self, *states: str) -> None:
        kubelet, firewalld = UNIT.format(*states[:2]), UNIT.format(*states[2:])
        self.program("systemctl", f"/bin/cat <<'END'\n{kubelet}\n{firewalld}END")

    def kernel(self, options: list[str]) -> None:
        text = "# a comment\n" + "".join(f"CONFIG_{name}={'ym'[number % 2]}\n" for number, name in enumerate(options))
        self.write("proc/config.gz", gzip.compress(text.encode()))

    def cgroup_v1(self, controllers: list[str]) -> None:
        self.write("proc/mounts", "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\n")
        (self.root / "sys/fs/cgroup/memory").mkdir(exist_ok=True)
        rows = [f"{name}\t1\t1\t{int(name in controllers)}" for name in V1_CONTROLLERS]
        self.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" + "\n".join(rows) + "\n")

    def host(self) -> Host:
        host = Host(root=str(self.root), environ=self.environ, search=(), check_mode=self.check_mode)
        for name, value in self.changes.items():
            setattr(host, name, value)
        return host

    def run(self, request: Request) -> Report:
        return preflight(self.host(), request)


def configuration(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kubernetesVersion": "v1.37.2",
        "networking": {"serviceSubnet": "10.96.0.0/12", "podSubnet": "10.244.0.0/16"},
        "etcd": {"local": {"dataDir": "/var/lib/etcd"}},
        "certificatesDir": "/etc/kubernetes/pki",
    }
    found.update(changes)
    return found


def request(cri_socket: str = "", cluster: dict[str, Any] | None = None, **changes: Any) -> Request:
    registration = {"name": "localhost", "criSocket": f"unix://{cri_socket or '/nowhere/cri.sock'}"}
    registration.update(changes.pop("node_registration", {}))
    return Request(
        cluster_configuration=cluster or configuration(),
        local_api_endpoint=changes.pop(
            "local_api_endpoint", {"advertiseAddress": "127.0.0.1", "bindPort": free_port()}
        ),
        node_registration=registration,
        **changes,
    )


def outcome(report: Report, name: str) -> Outcome:
    found = [one for one in report.outcomes if one.check.name == name]
    assert len(found) == 1, f"{name} was made {len(found)} times"
    return found[0]


def message(report: Report, name: str) -> str:
    return outcome(report, name).as_dict()["message"]


def problems(report: Report) -> dict[str, str]:
    return {one.check.name: one.result for one in report.outcomes if one.result != "ok"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def names(report: Report) -> list[str]:
    return [one.check.name for one in report.outcomes]
