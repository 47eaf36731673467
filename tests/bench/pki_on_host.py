# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times the certificates and kubeconfigs of a control plane, made by kubeadm and by the collection in turn.

Runs on the host itself, alone: ``python3 pki_on_host.py COLLECTIONS KUBEADM ROUNDS ALGORITHM…``. Nothing outside a
temporary directory is written. Prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CONFIG = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {{advertiseAddress: 192.0.2.10}}
nodeRegistration: {{name: cp1, criSocket: unix:///run/containerd/containerd.sock}}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: {version}
certificatesDir: {directory}/pki
encryptionAlgorithm: {algorithm}
controlPlaneEndpoint: k8s.example.org:6443
"""
TREE = """\
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import plan, report, tree, writing
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings
began = time.monotonic()
tree.reconcile(Settings(directory + "/pki", "cp1", "192.0.2.10", "10.96.0.1", algorithm=algorithm), False)
"""
FILES = """\
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, kubeconfigs
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Settings, Wanted
began = time.monotonic()
shared, own = "https://k8s.example.org:6443", "https://192.0.2.10:6443"
files = (
    Wanted(directory + "/admin.conf", shared, "kubernetes-admin", ("kubeadm:cluster-admins",)),
    Wanted(directory + "/super-admin.conf", shared, "kubernetes-super-admin", ("system:masters",)),
    Wanted(directory + "/kubelet.conf", own, "system:node:cp1", ("system:nodes",)),
    Wanted(directory + "/controller-manager.conf", own, "system:kube-controller-manager"),
    Wanted(directory + "/scheduler.conf", own, "system:kube-scheduler"),
)
settings = Settings(files, directory + "/pki/ca.crt", directory + "/pki/ca.key", algorithm=algorithm)
client_files.reconcile(settings, False)
"""
BEFORE = "import sys, time\nsys.path.insert(0, sys.argv[1])\ndirectory, algorithm = sys.argv[2:]\n"
AFTER = "print(time.monotonic() - began)\n"


def timed(*command: str) -> tuple[float, float, str]:
    """Seconds by the clock and of processor time, and what it printed."""
    began, before = time.monotonic(), os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - began, os.times()
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr}")
    return seconds, sum(after[2:4]) - sum(before[2:4]), done.stdout


def by_kubeadm(kubeadm: str, version: str, algorithm: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.yaml"
        config.write_text(CONFIG.format(version=version, directory=directory, algorithm=algorithm))
        one = timed(kubeadm, "init", "phase", "certs", "all", "--config", str(config))
        two = timed(
            kubeadm, "init", "phase", "kubeconfig", "all", "--config", str(config), "--kubeconfig-dir", directory
        )
    return {"seconds": one[0] + two[0], "processor": one[1] + two[1]}


def by_collection(collections: str, algorithm: str) -> dict[str, float]:
    """Two processes too, as Ansible runs two modules. ``work`` is without the start of Python and its libraries."""
    with tempfile.TemporaryDirectory() as directory:
        one, two = (
            timed(sys.executable, "-I", "-c", BEFORE + part + AFTER, collections, directory, algorithm)
            for part in (TREE, FILES)
        )
    work = float(one[2]) + float(two[2])
    return {"seconds": one[0] + two[0], "processor": one[1] + two[1], "work": work}


def libraries() -> str:
    from cryptography import __version__
    from cryptography.hazmat.backends.openssl import backend

    openssl = " ".join(backend.openssl_version_text().split()[:2])
    return f"Python {sys.version.split()[0]}, cryptography {__version__}, {openssl}, {os.cpu_count()} processors"


def main() -> None:
    collections, kubeadm, rounds, *algorithms = sys.argv[1:]
    version = subprocess.run([kubeadm, "version", "-o", "short"], capture_output=True, text=True, check=True)
    found: dict[str, Any] = {"about": f"kubeadm {version.stdout.strip()}; {libraries()}", "rounds": {}}
    for algorithm in algorithms:
        pairs = []
        for number in range(int(rounds)):
            first = by_kubeadm(kubeadm, version.stdout.strip(), algorithm) if number % 2 == 0 else {}
            own = by_collection(collections, algorithm)
            pairs.append([first or by_kubeadm(kubeadm, version.stdout.strip(), algorithm), own])
        found["rounds"][algorithm] = pairs
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
