# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane's static Pods as they are on this host: what their manifests say, what runs, where they answer."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_LOGS = "/var/log/pods"
_LOG_BYTES = 64 * 1024
_VARIABLE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")
# what follows time, stream and flag in a line of a container's log
_LOG_LINE = re.compile(r"\S+ (?:stdout|stderr) [FP] (.*)")


@dataclass(frozen=True)
class Component:
    """One static Pod.

    :param command: the container's command line as the manifest on disk has it.
    """

    name: str
    command: tuple[str, ...]

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
        if self.name == "kube-controller-manager":
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

    def is_running(self, running: Iterable[tuple[str, ...]]) -> bool:
        """Whether one of the processes has the manifest's very command line.

        A wrapped program (a shell in front of it) does not show its own arguments, so there is nothing to compare.
        """
        if not self.command or os.path.basename(self.command[0]) != self.name:
            return True
        pattern = [re.compile(_argument_pattern(argument), re.DOTALL) for argument in self.command]
        return any(
            len(found) == len(pattern) and all(one.fullmatch(argument) for one, argument in zip(pattern, found))
            for found in running
        )

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
            return Component(name, tuple(str(argument) for argument in command))
    raise KubephaseError(f"the Pod has no container {name}", where=path)


def running_commands(names: Iterable[str], proc: str = "/proc") -> list[tuple[str, ...]]:
    """The command lines of all processes of these names, whatever container they are in."""
    wanted = set(names)
    found = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            with open(f"{proc}/{entry}/cmdline", "rb") as handle:
                arguments = handle.read().decode("utf-8", "replace").split("\0")[:-1]
        except OSError:
            continue
        if arguments and os.path.basename(arguments[0]) in wanted:
            found.append(tuple(arguments))
    return found


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
