# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-N: is a port free, or does the component that belongs there listen on it already?"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import Finding, error
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.units import unit

KUBELET, SCHEDULER, CONTROLLER_MANAGER, ETCD_CLIENT, ETCD_PEER = 10250, 10259, 10257, 2379, 2380
_LISTENING = "0A"


class Listener(NamedTuple):
    """A process that listens on a port."""

    pid: int
    name: str


def port(host: Host, number: int, address: str, component: str, manifest: str = "") -> Iterator[Finding]:
    """Can ``component`` listen on a port, or does this host's own one do so already?

    :param address: the address it will listen on; empty for all.
    :param manifest: the component's static Pod manifest; empty for the kubelet, which is a systemd unit.
    """
    failure = try_to_listen(number, address)
    if failure is None:
        return
    where = f"{address}:{number}" if address else str(number)
    if failure.errno != errno.EADDRINUSE:
        yield error(f"{component} cannot listen on {where}: {failure.strerror}")
        return
    found = listeners(host, number)
    strangers = [one for one in found if not _belongs(host, one, component, manifest)]
    if found and not strangers:
        return
    if not found:
        yield error(f"port {number}, which {component} needs, is in use by a process that cannot be seen from here")
        return
    names = ", ".join(f"{one.name} (pid {one.pid})" for one in strangers)
    if any(one.name == component for one in strangers):
        reason = f"which {manifest or 'the unit kubelet.service'} of this host did not start"
        yield error(f"port {number} is in use by {names}, {reason}: stop it, or reset what is left of another cluster")
        return
    yield error(f"port {number}, which {component} needs, is in use by {names}: stop it or move it to another port")


def try_to_listen(number: int, address: str) -> OSError | None:
    """Listen on a port for a moment; what went wrong, or None."""
    try:
        if address:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            _listen(family, address, number)
        else:
            _listen_everywhere(number)
    except OSError as failure:
        return failure
    return None


def _listen_everywhere(number: int) -> None:
    try:
        _listen(socket.AF_INET6, "::", number)
    except OSError as failure:
        if failure.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
        _listen(socket.AF_INET, "0.0.0.0", number)


def _listen(family: socket.AddressFamily, address: str, number: int) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as every server does: connections that linger after a restart are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind((address, number))
        probe.listen(1)


def listeners(host: Host, number: int) -> list[Listener]:
    """The processes that listen on a port, whatever the address."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(host, number)}
    found = []
    if not wanted:
        return []
    for entry in os.listdir(host.proc):
        if entry.isdigit() and not wanted.isdisjoint(_open_files(os.path.join(host.proc, entry, "fd"))):
            found.append(Listener(int(entry), process_name(host, int(entry))))
    return sorted(found)


def process_name(host: Host, pid: int) -> str:
    """A process's program: comm is cut off at 15 letters, the executable's link is not."""
    with contextlib.suppress(OSError):
        name = os.path.basename(os.readlink(os.path.join(host.proc, str(pid), "exe")))
        if name:
            return name.replace(" (deleted)", "")
    return (host.read_proc(f"{pid}/comm") or b"?").decode("utf-8", "replace").strip()


def _inodes(host: Host, number: int) -> Iterator[str]:
    for table in ("net/tcp", "net/tcp6"):
        for line in (host.read_proc(table) or b"").decode("ascii", "replace").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == number:
                yield fields[9]


def _open_files(directory: str) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            # it may be closed by now
            with contextlib.suppress(OSError):
                found.add(os.readlink(os.path.join(directory, name)))
    return found


def _belongs(host: Host, listener: Listener, component: str, manifest: str) -> bool:
    if listener.name != component:
        return False
    cgroup = host.read_proc(f"{listener.pid}/cgroup") or b""
    if manifest:
        # somebody deleted the manifest of a member: its Pod still runs until the kubelet has seen that
        kubelet_conf = os.path.join(os.path.dirname(os.path.dirname(manifest)), "kubelet.conf")
        return host.exists(manifest) or (b"kubepods" in cgroup and host.exists(kubelet_conf))
    if b"kubelet.service" in cgroup:
        return True
    # kubeletCgroups may have moved it
    return (unit(host, "kubelet") or {}).get("MainPID") == str(listener.pid)
