# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kubeadm on a host of the lab."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from lab import kubeadm, mirror, pins, topology
from tests.cluster.hosts import Host

BINARY = "/root/kubeadm"
#: the only check that a lab on cgroup v1 fails, here as in its inventory
IGNORED = kubeadm.IGNORED
RELEASE = pins.release(pins.DEFAULT_MINOR)


@dataclass(frozen=True)
class Kubeadm:
    host: Host
    binary: str = "kubeadm"

    @classmethod
    def client(cls, lab: str, host: Host) -> Kubeadm:
        """Beside a node of ours, which never had one: only to ask."""
        base = f"http://{topology.load(lab).gateway}:{mirror.HTTP_PORT}/release/v{RELEASE.version}"
        host.run(f"curl -sSf -o {BINARY} {base}/bin/linux/{pins.architecture()}/kubeadm && chmod 0755 {BINARY}")
        return cls(host, BINARY)

    @classmethod
    def prepared(cls, lab: str, host: Host) -> Kubeadm:
        """On a host that has runtime, kubelet and kubeadm as one installs them by hand."""
        found = topology.load(lab)
        kubeadm.prepare(found, found.host(host.name), RELEASE)
        return cls(host)

    def __call__(self, *arguments: str, timeout: float = 300) -> str:
        return self.host.run(shlex.join([self.binary, *arguments]), timeout=timeout)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--output=json"))

    def join(self, command: str, *arguments: str) -> str:
        """With what ``kubeadm token create --print-join-command`` of a member said."""
        return self(*shlex.split(command)[1:], *arguments, IGNORED)
