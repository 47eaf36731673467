# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane's static Pods as they are on this host: what their manifests say, what runs, where they answer."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import written_after

_LOGS = "/var/log/pods"
_LOG_BYTES = 64 * 1024
_VARIABLE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")
# what follows time, stream and flag in a line of a container's log
_LOG_LINE = re.compile(r"\S+ (?:stdout|stderr) [FP] (.*)")
# by then the kubelet has looked at the manifests again (20 s), and what it ends has ended (30 s)
_REPLACED_SECONDS = 60.0
# processes begin at ticks of the clock
_TICK = 1.0
# flags that name a file the program reads, and none that it writes: --audit-log-path is not among them
_FILE_FLAG = re.compile(r"--[a-z-]*(?:file|config|certificate|key)=(/.+)")


@dataclass(frozen=True)
class Process:
    """A running program.

    :param started: seconds since the epoch, on today's clock.
    """

    pid: int
    command: tuple[str, ...]
    started: float


@dataclass(frozen=True)
class Component:
    """One static Pod.

    :param command: the container's command line as the manifest on disk has it.
    :param written: when the manifest was written, in seconds since the epoch.
    """

    name: str
    command: tuple[str, ...]
    written: float = 0.0

    def flag(self, name: str, default: str) -> str:
        """The last value of ``--name=value``, as the program itself takes it."""
        prefix = f"--{name}="
        values = [argument[len(prefix) :] for argument in self.command if argument.startswith(prefix)]
        return values[-1] if values and values[-1] else default

    def health_url(self, advertise_address: str) -> str:
        """Where it says whether it is healthy; empty where it was told not to answer."""
        if self.name == "kube-apiserver":
            address = self.flag("advertise-address", advertise_address)
            return _url("https", address, self.flag("secure-port", "6443"), "livez")
        if self.program == "kube-controller-manager":
            return _url(
                "https", _local(self.flag("bind-address", "127.0.0.1")), self.flag("secure-port", "10257"), "healthz"
            )
        if self.name == "kube-scheduler":
            return _url(
                "https", _local(self.flag("bind-address", "127.0.0.1")), self.flag("secure-port", "10259"), "livez"
            )
        metrics = urlsplit(self.flag("listen-metrics-urls", "").split(",")[0])
        if not metrics.hostname or not metrics.port:
            return ""
        return _url(metrics.scheme, _local(metrics.hostname), str(metrics.port), "readyz")

    @property
    def program(self) -> str:
        """What runs in it: the signer is a kube-controller-manager with one controller."""
        return "kube-controller-manager" if self.name == "kube-csr-signer" else self.name

    @property
    def is_wrapped(self) -> bool:
        """Whether another program (a shell) starts it: then its own arguments are not the manifest's."""
        return not self.command or os.path.basename(self.command[0]) != self.program

    def own(self, found: Iterable[Process]) -> list[Process]:
        """The processes that have the manifest's very command line."""
        pattern = [re.compile(_argument_pattern(argument), re.DOTALL) for argument in self.command]
        return [
            process
            for process in found
            if len(process.command) == len(pattern)
            and all(one.fullmatch(argument) for one, argument in zip(pattern, process.command))
        ]

    def is_to_be_replaced(self, process: Process) -> bool:
        """Whether the kubelet may still be about to end it, as the manifest was written just now.

        Another image or environment does not show in the arguments. A process that has outlived its manifest for a while
        is not touched by what was changed: a comment, or nothing.
        """
        return process.started + _TICK < self.written and abs(time.time() - self.written) < _REPLACED_SECONDS

    def newer_files(self, process: Process) -> list[str]:
        """Files named by its flags that were written after it started. It may go on with what it read before."""
        named = [match[1] for match in map(_FILE_FLAG.fullmatch, process.command) if match]
        return written_after(process.started, [path for path in named if os.path.isfile(path)])

    def log_tail(self, lines: int) -> str:
        """The last lines of its newest container's log."""
        files = glob.glob(f"{_LOGS}/kube-system_{self.name}-*/{self.name}/*.log")
        if not files:
            return ""
        with open(max(files, key=os.path.getmtime), "rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - _LOG_BYTES))
            text = handle.read().decode("utf-8", "replace")
        said = [match[1] for match in map(_LOG_LINE.match, text.splitlines()) if match]
        return "\n".join(said[-lines:])


def read(manifests: str, name: str) -> Component | None:
    """The component of ``<manifests>/<name>.yaml``; None where there is no such manifest."""
    path = os.path.join(manifests, f"{name}.yaml")
    text = _atomic_file.read(path)
    if text is None:
        return None
    pod = _kube_yaml.load(text, path)
    for container in _containers(pod):
        if container.get("name") == name:
            command = [*(container.get("command") or []), *(container.get("args") or [])]
            return Component(name, tuple(str(argument) for argument in command), os.stat(path).st_mtime)
    raise KubephaseError(f"the Pod has no container {name}", where=path)


def processes(names: Iterable[str], proc: str = "/proc") -> list[Process]:
    """The processes of these names, on the host or in its containers, but not in a container's own containers.

    Those belong to another cluster, whose node is a container here.
    """
    wanted = set(names)
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    found = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            with open(f"{proc}/{entry}/cmdline", "rb") as handle:
                arguments = handle.read().decode("utf-8", "replace").split("\0")[:-1]
            if arguments and os.path.basename(arguments[0]) in wanted and _namespaces(f"{proc}/{entry}/status") <= 2:
                started = booted + _seconds_after_boot(f"{proc}/{entry}/stat")
                found.append(Process(int(entry), tuple(arguments), started))
        except OSError:
            continue
    return found


def _namespaces(status: str) -> int:
    """In how many nested PID namespaces a process is, from this one on (NSpid of proc_pid_status(5))."""
    with open(status, "rb") as handle:
        found = [line for line in handle if line.startswith(b"NSpid:")]
    return len(found[0].split()) - 1 if found else 1


def _seconds_after_boot(stat: str) -> float:
    """Field starttime of proc_pid_stat(5). The name before it, in parentheses, may hold anything."""
    with open(stat, "rb") as handle:
        fields = handle.read().rpartition(b")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _containers(pod: Any) -> list[dict[str, Any]]:
    spec = pod.get("spec") if isinstance(pod, dict) else None
    containers = spec.get("containers") if isinstance(spec, dict) else None
    return [entry for entry in containers or [] if isinstance(entry, dict)]


def _argument_pattern(argument: str) -> str:
    """The kubelet replaces ``$(NAME)`` by a variable's value."""
    return ".*".join(re.escape(part) for part in _VARIABLE.split(argument))


def _local(address: str) -> str:
    """An unspecified address is answered on loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)


def _url(scheme: str, host: str, port: str, path: str) -> str:
    if port == "0":
        return ""
    return f"{scheme}://[{host}]:{port}/{path}" if ":" in host else f"{scheme}://{host}:{port}/{path}"
