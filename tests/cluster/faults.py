# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to servers: the power fails, a cable is pulled, a disk is full, a process dies. Each is healed at the end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import hosts as lab_hosts
from lab import topology
from lab.podman import execute
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import ETCDCTL, power
from tests.cluster.hosts import Host

DATA = "/var/lib/etcd"
#: the small disk has what is there and so many MiB more, which is enough for what the others write until it is mended
SPARE_SPACE = 800


@contextmanager
def power_failure(host: Host) -> Iterator[None]:
    power("kill", host)
    try:
        yield
    finally:
        power("start", host)


@contextmanager
def pulled_cable(host: Host) -> Iterator[None]:
    """The machine's end of the host's cable goes down: the host keeps addresses and routes, and reaches nobody."""
    cable = _cable(host)
    _link(cable, "down")
    try:
        yield
    finally:
        _link(cable, "up")


def kill_process(host: Host, name: str) -> None:
    """Without a chance to end in order."""
    host.run(f"kill -9 $(pgrep -x {name})")


@contextmanager
def small_disk(host: Host) -> Iterator[None]:
    """etcd's data moves to a disk of its own, and back at the end; the member is away while it moves."""
    aside = "/var/lib/etcd.aside"
    host.run(
        f"{_WITHOUT_ETCD} mv {DATA} {aside}; mkdir -m 0700 {DATA}; size=$(du -sm {aside} | cut -f1); "
        f"mount -t tmpfs -o mode=0700,size=$((size + {SPARE_SPACE}))m tmpfs {DATA}; cp -a {aside}/. {DATA}/; "
        "systemctl start kubelet"
    )
    try:
        yield
    finally:
        host.run(
            f"{_WITHOUT_ETCD} rm -rf {aside}; mkdir -m 0700 {aside}; cp -a {DATA}/. {aside}/; umount {DATA}; rmdir {DATA}; "
            f"mv {aside} {DATA}; systemctl start kubelet"
        )


#: a kubelet that begins anew starts it at once; a manifest that comes back has to wait for the end of the Pod it was
_WITHOUT_ETCD = (
    "set -e; systemctl stop kubelet; pkill -x etcd || true; while pgrep -x etcd > /dev/null; do sleep 0.2; done;"
)


@contextmanager
def full_disk(host: Host) -> Iterator[None]:
    """Not a byte is left where etcd writes."""
    host.run(
        f"! dd if=/dev/zero of={DATA}/filler bs=64k 2> /dev/null; df --output=avail {DATA} | tail -1 | grep -qx ' *0'"
    )
    try:
        yield
    finally:
        # a kubelet that begins anew does not wait, minutes in the end, before it starts etcd once more
        host.run(f"rm -f {DATA}/filler && systemctl restart kubelet")


def etcd_status(cluster: Cluster, node: str) -> list[dict[str, Any]]:
    """What each member says of itself, as etcdctl on a node hears it; those that do not answer are left out."""
    words = [*ETCDCTL.split(), "endpoint", "status", "--cluster", "--command-timeout=3s"]
    done = cluster.call("exec", "-n", "kube-system", f"etcd-{node}", "--", *words)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def leader(cluster: Cluster, members: Sequence[Host]) -> Host:
    """The host whose etcd leads."""
    for status in etcd_status(cluster, members[0].name):
        if status["Status"]["leader"] == status["Status"]["header"]["member_id"]:
            return next(host for host in members if f"//{host.address}:" in status["Endpoint"])
    raise AssertionError("etcd has no leader")


def lead(cluster: Cluster, members: Sequence[Host], wanted: Host) -> None:
    """Makes a host's etcd the leader: that is the one whose loss costs most."""
    now = leader(cluster, members)
    if now != wanted:
        status = etcd_status(cluster, now.name)
        identity = next(
            each["Status"]["header"]["member_id"] for each in status if f"//{wanted.address}:" in each["Endpoint"]
        )
        cluster.kubectl(
            "exec", "-n", "kube-system", f"etcd-{now.name}", "--", *ETCDCTL.split(), "move-leader", f"{identity:x}"
        )


def healthy(cluster: Cluster, members: Sequence[Host]) -> bool:
    """Whether every control plane answers by itself and every etcd member is in step."""
    for host in members:
        if cluster.call(
            f"--server=https://{host.address}:6443", "--request-timeout=3s", "get", "--raw", "/readyz"
        ).returncode:
            return False
    status = etcd_status(cluster, members[0].name)
    led = {each["Status"]["leader"] for each in status}
    return len(status) == len(members) and len(led) == 1 and not any(each["Status"].get("errors") for each in status)


def wait_healthy(cluster: Cluster, members: Sequence[Host], timeout: float = 180) -> None:
    eventually(lambda: healthy(cluster, members), "every control plane and etcd member is well", timeout)


def holder(balancers: Sequence[Host], address: str) -> Host:
    """The balancer that has the virtual address."""

    def found() -> list[Host]:
        answers = {host: host.shell("ip -o address show", timeout=10).stdout.decode() for host in balancers}
        return [host for host, answer in answers.items() if f" {address}/" in answer]

    held: list[Host] = eventually(found, f"a balancer has {address}", 30)
    assert len(held) == 1, f"{address} is on {[host.name for host in held]}"
    return held[0]


def _cable(host: Host) -> str:
    """The machine's network interface that is the other end of the host's."""
    lab = topology.load(LAB)
    index = execute(lab_hosts.container(lab, lab.host(host.name)), "cat", "/sys/class/net/eth0/iflink").strip()
    for interface in Path("/sys/class/net").iterdir():
        if (interface / "ifindex").read_text().strip() == index:
            return interface.name
    raise AssertionError(f"{host.name}: no interface of this machine has index {index}")


def _link(interface: str, state: str) -> None:
    subprocess.run(["ip", "link", "set", interface, state], check=True, capture_output=True, text=True)
