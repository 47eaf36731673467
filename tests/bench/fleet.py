# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of a run of site.yml on many hosts, without the hosts.

The real ansible-playbook plays site.yml on an inventory of three control planes and any number of workers. Every module is
answered at once, as by hosts on which everything is in place, so what remains is what the controller does: resolve the
configuration and render what each role hands over. That has to grow as the number of hosts does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CALLBACKS = Path(__file__).with_name("callback")
CONTROL_PLANES = 3
SIZES = (10, 50, 200)


@dataclass(frozen=True)
class Fleet:
    """Hosts of a generated inventory.

    :param members: whether the cluster is there already.
    """

    hosts: int
    members: bool = False

    @property
    def names(self) -> list[str]:
        workers = range(1, self.hosts - CONTROL_PLANES + 1)
        return [*(f"cp{index + 1}" for index in range(CONTROL_PLANES)), *(f"w{index}" for index in workers)]

    def inventory(self) -> dict[str, Any]:
        """As a person would write it, with two variables for the answers."""
        own = {
            name: {
                "fleet_address": address(index),
                "fleet_member": ("control_plane" if index < CONTROL_PLANES else "worker") if self.members else "",
            }
            for index, name in enumerate(self.names)
        }
        groups = {"control_plane": self.names[:CONTROL_PLANES], "workers": self.names[CONTROL_PLANES:]}
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "kubephase_control_plane_endpoint": "k8s.example.org:6443",
            "kubephase_pod_subnet": "10.200.0.0/14",
            "kubephase_network_mode": "bridge",
        }
        children = {group: {"hosts": {name: own[name] for name in names}} for group, names in groups.items()}
        return {"all": {"children": children, "vars": common}}

    def nodes(self) -> list[dict[str, Any]]:
        """What module wait_nodes would answer."""
        return [
            {
                "name": name,
                "internal_ips": [address(index)],
                "pod_cidrs": [f"10.{200 + index // 256}.{index % 256}.0/24"],
                "ready": True,
                "kubelet_version": "v1.37.2",
            }
            for index, name in enumerate(self.names)
        ]


def address(index: int) -> str:
    return f"172.16.{index // 200}.{index % 200 + 10}"


@dataclass(frozen=True)
class Measured:
    """What the callback noted.

    :param plays: each with name, seconds and seconds of the processor.
    :param tasks: each with play (number), role and name.
    :param runs: each task on each host, with seconds of the processor, lookups of hosts' variables and bytes handed over.
    """

    hosts: int
    plays: list[dict[str, Any]]
    tasks: dict[str, dict[str, Any]]
    runs: list[dict[str, Any]]

    @property
    def seconds(self) -> float:
        return sum(float(play["seconds"]) for play in self.plays)

    @property
    def processor(self) -> float:
        return sum(float(play["processor"]) for play in self.plays)

    def total(self, field: str) -> float:
        return sum(float(run[field]) for run in self.runs)

    def by(self, key: str, field: str) -> Counter[str]:
        """Sums of a field of the runs, by role, task or play."""
        found: Counter[str] = Counter()
        for run in self.runs:
            task = self.tasks[run["task"]]
            found[self.plays[task["play"]]["play"] if key == "play" else task[key]] += run[field]
        return found


def play(fleet: Fleet, *options: str) -> Measured:
    """One run of site.yml. Exits with what it printed when it failed."""
    with tempfile.TemporaryDirectory(prefix="fleet.") as directory:
        folder = Path(directory)
        (folder / "inventory.json").write_text(json.dumps(fleet.inventory()))
        (folder / "nodes.json").write_text(json.dumps(fleet.nodes()))
        inventory = str(folder / "inventory.json")
        command = [str(TOOLS / "ansible-playbook"), "-i", inventory, *options, "playbooks/site.yml"]
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{done.stdout}\nsite.yml failed on {fleet.hosts} hosts that answer everything")
        record = json.loads((folder / "record.json").read_text())
    return Measured(fleet.hosts, record["plays"], record["tasks"], record["runs"])


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "answering_hosts",
        "KUBEPHASE_FLEET_RECORD": str(folder / "record.json"),
        "KUBEPHASE_FLEET_NODES": str(folder / "nodes.json"),
    }


def table(measured: list[Measured]) -> list[str]:
    """Seconds of the processor by play, all of it and for each host."""
    heads = "".join(f"{each.hosts:>8} hosts" for each in measured)
    lines = [f"{'the controller alone, seconds of its processor':<64}{heads}"]
    for number, one in enumerate(measured[0].plays):
        lines.append(row(one["play"], [float(each.plays[number]["processor"]) for each in measured]))
    lines += [
        row("all plays", [each.processor for each in measured]),
        row("for each host", [each.processor / each.hosts for each in measured], 3),
        row("resolving and rendering, for each host", [each.total("seconds") / each.hosts for each in measured], 3),
        row("seconds that the run took", [each.seconds for each in measured]),
    ]
    return lines


def row(name: str, values: list[float], digits: int = 1) -> str:
    return f"{name:<64}" + "".join(f"{value:>12.{digits}f} s" for value in values)


def bench(sizes: Sequence[int] = SIZES) -> list[str]:
    """A new cluster, and a second run."""
    lines: list[str] = []
    for title, members in (("a new cluster", False), ("a second run", True)):
        lines += ["", f"site.yml, {title}", *table([play(Fleet(size, members)) for size in sizes])]
    return lines
