# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.bench``: kubeadm by hand against site.yml, in one run on the same hosts.

Both begin with the same hosts: packages, containerd, kubelet and all images in place, no cluster. Both end when every node
is Ready and CoreDNS and kube-proxy are available. By hand means ``kubeadm init`` over SSH, ``kubeadm join`` on all workers
at once, and a script that writes the CNI configuration and the routes; no preparation of the hosts is in its time, while
site.yml also checks (and would mend) packages, container runtime and kubelet. Compare numbers of one run only.

``--topology ha`` has three control planes and no worker: by hand one joins after the other, with site.yml they begin
together, and site.yml is also timed with the first of them alone.

``python -m tests.bench pki`` only times the certificates and kubeconfigs of a control plane, on this machine, and
``python -m tests.bench fleet`` the controller's part of site.yml on inventories of 10, 50 and 200 hosts, without the hosts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from lab import topology
from tests.bench import by_hand, fleet, pki, report
from tests.bench.report import Round
from tests.cluster import hosts as lab_hosts
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks

LABS = {"single": "bench", "ha": "bench-ha"}
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


def measure(
    hosts: dict[str, Host], groups: dict[str, list[str]], playbooks: Playbooks, single: Playbooks | None
) -> Round:
    control_planes, workers = ([hosts[name] for name in groups[group]] for group in ("control_plane", "workers"))
    measured = Round(by_hand.make(control_planes, workers, playbooks.variables("cp1")))
    say(f"kubeadm by hand: {measured.kubeadm_seconds:.1f} s")
    by_hand.reset(hosts.values())
    measured.first_seconds, measured.first = play(playbooks)
    by_hand.wait(control_planes[0])
    say(f"site.yml: {measured.first_seconds:.1f} s")
    measured.second_seconds, measured.second = play(playbooks)
    say(f"site.yml again: {measured.second_seconds:.1f} s")
    by_hand.reset(hosts.values())
    if single:
        measured.single_seconds, measured.single = play(single)
        say(f"site.yml with a single control plane: {measured.single_seconds:.1f} s")
        by_hand.reset(hosts.values())
    return measured


def only_first(inventory: Path, directory: Path) -> Playbooks:
    """Plays with the first control plane alone."""
    found = yaml.safe_load(inventory.read_text())
    first = dict(list(found["all"]["children"]["control_plane"]["hosts"].items())[:1])
    found["all"]["children"] = {"control_plane": {"hosts": first}}
    (directory / "single.yml").write_text(yaml.safe_dump(found))
    return Playbooks(directory / "single.yml")


def bench(name: str, rounds: int) -> list[str]:
    directory, shape = CHECKOUT / ".lab" / name, topology.load(name)
    hosts = lab_hosts.of_lab(name, directory)
    groups = {group: [host.name for host in shape.group(group)] for group in ("control_plane", "workers")}
    playbooks = Playbooks(directory / "inventory.yml")
    single = only_first(directory / "inventory.yml", directory) if len(groups["control_plane"]) > 1 else None
    say("bringing the hosts to where both begin: site.yml once, then a reset")
    play(playbooks)
    by_hand.provide(hosts.values(), playbooks.variables("cp1"))
    by_hand.reset(hosts.values())
    measured = [measure(hosts, groups, playbooks, single) for _ in range(rounds)]
    last = measured[-1]
    records = {"first": last.first, "second": last.second, **({"single": last.single} if single else {})}
    certificates = [] if single else ["", *pki.table(pki.on(hosts["cp1"], PKI_ROUNDS))]
    return [
        "",
        *report.rounds(measured),
        "",
        "kubeadm by hand, last round",
        *report.steps(last.by_hand),
        "",
        *report.phases(records),
        *certificates,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="kubeadm by hand against site.yml")
    parser.add_argument("part", nargs="?", choices=["cluster", "pki", "fleet"], default="cluster")
    parser.add_argument("--topology", choices=sorted(LABS), default="single", help="ha: three control planes at once")
    parser.add_argument("--rounds", type=int, default=0, help=f"1 where nothing is said, {PKI_ROUNDS} of part pki")
    parser.add_argument("--hosts", type=int, nargs="+", default=fleet.SIZES, help="how many, of part fleet")
    parser.add_argument("--keep", action="store_true", help="leave the hosts for another run")
    arguments = parser.parse_args()
    if arguments.part == "pki":
        print("\n".join(pki.table(pki.here(arguments.rounds or PKI_ROUNDS))))
        return
    if arguments.part == "fleet":
        print("\n".join(fleet.bench(arguments.hosts)))
        return
    name = LABS[arguments.topology]
    lab("artifacts")
    lab("up", "--topology", name)
    try:
        print("\n".join(bench(name, arguments.rounds or 1)))
    finally:
        if not arguments.keep:
            lab("down", "--topology", name)


if __name__ == "__main__":
    main()
