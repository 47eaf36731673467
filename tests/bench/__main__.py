# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.bench``: kubeadm by hand against site.yml, in one run on the same hosts.

Both begin with the same hosts: packages, containerd, kubelet and all images in place, no cluster. Both end when every node
is Ready and CoreDNS and kube-proxy are available. By hand means ``kubeadm init`` over SSH, ``kubeadm join`` on all workers
at once, and a script that writes the CNI configuration and the routes; no preparation of the hosts is in its time, while
site.yml also checks (and would mend) packages, container runtime and kubelet. Compare numbers of one run only.

``python -m tests.bench pki`` only times the certificates and kubeconfigs of a control plane, on this machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import by_hand, pki, report
from tests.bench.report import Round
from tests.cluster import hosts as lab_hosts
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks

LAB = "bench"
PKI_ROUNDS = 9


def lab(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "lab", *arguments], cwd=CHECKOUT, check=True)


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def play(playbooks: Playbooks) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    run = playbooks.site()
    seconds = time.monotonic() - began
    if run.code:
        sys.exit(f"{run.output}\nbench: site.yml failed")
    return seconds, run.record


def measure(hosts: dict[str, Host], playbooks: Playbooks, variables: dict[str, Any]) -> Round:
    control_plane, workers = hosts["cp1"], [hosts["w1"], hosts["w2"]]
    measured = Round(by_hand.make(control_plane, workers, variables))
    say(f"kubeadm by hand: {measured.kubeadm_seconds:.1f} s")
    by_hand.reset(hosts.values())
    measured.first_seconds, measured.first = play(playbooks)
    by_hand.wait(control_plane)
    say(f"site.yml: {measured.first_seconds:.1f} s")
    measured.second_seconds, measured.second = play(playbooks)
    say(f"site.yml again: {measured.second_seconds:.1f} s")
    by_hand.reset(hosts.values())
    return measured


def bench(rounds: int) -> list[str]:
    directory = Path(CHECKOUT / ".lab" / LAB)
    hosts = lab_hosts.of_lab(LAB, directory)
    playbooks = Playbooks(directory / "inventory.yml")
    variables = playbooks.variables("cp1")
    say("bringing the hosts to where both begin: site.yml once, then a reset")
    play(playbooks)
    by_hand.provide(hosts.values(), variables)
    by_hand.reset(hosts.values())
    measured = [measure(hosts, playbooks, variables) for _ in range(rounds)]
    last = measured[-1]
    return [
        "",
        *report.rounds(measured),
        "",
        "kubeadm by hand, last round",
        *report.steps(last.by_hand),
        "",
        *report.phases(last.first, last.second),
        "",
        *pki.table(pki.on(hosts["cp1"], PKI_ROUNDS)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="kubeadm by hand against site.yml")
    parser.add_argument("part", nargs="?", choices=["cluster", "pki"], default="cluster")
    parser.add_argument("--rounds", type=int, default=0, help=f"1 where nothing is said, {PKI_ROUNDS} of part pki")
    parser.add_argument("--keep", action="store_true", help="leave the hosts for another run")
    arguments = parser.parse_args()
    if arguments.part == "pki":
        print("\n".join(pki.table(pki.here(arguments.rounds or PKI_ROUNDS))))
        return
    lab("artifacts")
    lab("up", "--topology", LAB)
    try:
        print("\n".join(bench(arguments.rounds or 1)))
    finally:
        if not arguments.keep:
            lab("down", "--topology", LAB)


if __name__ == "__main__":
    main()
