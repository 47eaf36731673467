# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's certificates and kubeconfigs against the collection's, in turn on one machine.

kubeadm means ``init phase certs all`` and ``init phase kubeconfig all``. The collection's is what modules ``pki`` and
``kubeconfig`` do, without Ansible's own part. ``work`` leaves out what it takes to start Python and load its libraries
twice, which is the same for any key type.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from statistics import median
from typing import Any

from lab import artifacts, pins
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT

ALGORITHMS = ("RSA-2048", "ECDSA-P256")
SCRIPT = Path(__file__).with_name("pki_on_host.py")
PLACE = "/root/kubephase-bench"
PACKAGE = Path("ansible_collections/kubephase/cluster/plugins/module_utils")


def kubeadm() -> Path:
    return artifacts.commands(pins.release(pins.DEFAULT_MINOR)) / "kubeadm"


def here(rounds: int) -> dict[str, Any]:
    """Both on this machine, with this Python."""
    collections = CHECKOUT / ".venv/collections"
    command = [sys.executable, str(SCRIPT), str(collections), str(kubeadm()), str(rounds), *ALGORITHMS]
    measured: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return measured


def on(host: Host, rounds: int) -> dict[str, Any]:
    """Both on a host of a lab, with the Python and the libraries of its distribution."""
    host.run(f"rm -rf {PLACE} && mkdir -m 0700 {PLACE} && tar x -C {PLACE}", stdin=bundle())
    try:
        host.run(f"cat > {PLACE}/kubeadm && chmod 0755 {PLACE}/kubeadm", stdin=kubeadm().read_bytes())
        words = f"python3 {PLACE}/{SCRIPT.name} {PLACE} {PLACE}/kubeadm {rounds} {' '.join(ALGORITHMS)}"
        measured: dict[str, Any] = json.loads(host.run(words, timeout=900))
        return measured
    finally:
        host.run(f"rm -rf {PLACE}")


def bundle() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(CHECKOUT / "plugins/module_utils", str(PACKAGE), filter=only_source)
        archive.add(SCRIPT, SCRIPT.name)
    return packed.getvalue()


def only_source(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name else entry


def table(measured: dict[str, Any]) -> list[str]:
    """Medians over the rounds."""
    lines = [
        f"certificates and kubeconfigs of a control plane ({measured['about']})",
        f"{'key type':<12}{'rounds':>7}{'kubeadm':>12}{'kubephase':>12}{'ratio':>8}{'its work':>12}{'ratio':>8}"
        f"{'processor':>12}{'ratio':>8}",
    ]
    for algorithm, rounds in measured["rounds"].items():
        theirs, ours, work = (
            median(pair[side][field] for pair in rounds)
            for side, field in ((0, "seconds"), (1, "seconds"), (1, "work"))
        )
        spent = [median(pair[side]["processor"] for pair in rounds) for side in (0, 1)]
        lines.append(
            f"{algorithm:<12}{len(rounds):>7}{theirs:>10.3f} s{ours:>10.3f} s{ours / theirs:>8.2f}"
            f"{work:>10.3f} s{work / theirs:>8.2f}{spent[1]:>10.3f} s{spent[1] / max(spent[0], 0.001):>8.2f}"
        )
    return lines
