# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running cluster, asked with kubectl from outside."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import mirror, pins
from tests.cluster.hosts import Host

REPOSITORY, TAG = pins.TEST_IMAGE
TEST_IMAGE = f"registry.k8s.io/{REPOSITORY}:{TAG}"


@dataclass(frozen=True)
class Cluster:
    kubeconfig: Path
    binary: Path

    @classmethod
    def of(cls, control_plane: Host, directory: Path, minor: str = pins.DEFAULT_MINOR) -> Cluster:
        """The cluster whose admin.conf a control plane host has."""
        kubeconfig = directory / f"{control_plane.name}.kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(control_plane.read("/etc/kubernetes/admin.conf"))
        binaries = mirror.tree() / f"release/v{pins.release(minor).version}/bin/linux/{pins.architecture()}"
        return cls(kubeconfig, binaries / "kubectl")

    def call(self, *arguments: str, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """kubectl, whatever its exit status."""
        command = [str(self.binary), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)

    def kubectl(self, *arguments: str, stdin: str = "", timeout: float = 120) -> str:
        done = self.call(*arguments, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "-o", "json", *arguments))
        return found

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(*arguments)["items"]
        return found

    def apply(self, *objects: dict[str, Any]) -> None:
        document = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(document))


def eventually(question: Callable[[], Any], what: str, timeout: float = 60) -> Any:
    """The first truthy answer, asked every half second."""
    until = time.monotonic() + timeout
    while not (answer := question()):
        assert time.monotonic() < until, f"not so after {timeout:.0f} s: {what}"
        time.sleep(0.5)
    return answer


def pod(name: str, node: str = "", *, command: list[str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Pod of busybox that sleeps, on the node if one is named (by selector, so that taints count)."""
    container = {"name": "main", "image": TEST_IMAGE, "command": command or ["sleep", "86400"]}
    placed = {"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **placed, **spec},
    }


def ready(found: dict[str, Any]) -> bool:
    """Whether a Node or a Pod says it is Ready."""
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
