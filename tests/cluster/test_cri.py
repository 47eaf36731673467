# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CRI client against the containerd of a lab host."""

from __future__ import annotations

import os
import subprocess
import sys

from lab import podman, topology
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT

TESTS = "tests/cluster/real_runtime.py"


def test_against_a_real_runtime(workers: list[Host]) -> None:
    """In the network namespace of the host, so that its containerd reaches the test's registry on loopback."""
    host = podman.inspect(f"{topology.load(LAB).name}-{workers[0].name}")
    assert host is not None
    pid = str(host["State"]["Pid"])
    done = subprocess.run(
        ["nsenter", "--target", pid, "--net", sys.executable, "-m", "pytest", TESTS],
        cwd=CHECKOUT,
        env={**os.environ, "KUBEPHASE_TEST_CRI_SOCKET": f"unix:///proc/{pid}/root/run/containerd/containerd.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout, done.stdout
