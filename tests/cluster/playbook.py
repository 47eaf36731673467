# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook against a lab, and what they said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = CHECKOUT / ".venv/bin"
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    code: int
    output: str
    record: dict[str, Any]
    """What the callback remote_calls noted: seconds, hosts, tasks."""

    @property
    def calls(self) -> dict[str, int]:
        """Remote calls by host."""
        hosts: dict[str, int] = self.record["hosts"]
        return hosts

    @property
    def changed(self) -> dict[str, int]:
        """Changed tasks by host."""
        return {host: int(changed) for host, _, changed, _, _ in RECAP.findall(self.output)}

    @property
    def failed(self) -> list[str]:
        """The hosts that failed."""
        return [host for host, _, _, _, failed in RECAP.findall(self.output) if failed != "0"]

    @property
    def error(self) -> str:
        """The message of the first failed task, as one line."""
        found = re.search(r"^\[ERROR\]: (.*?)(?:\n\n|\Z)|^fatal: .*?$", self.output, re.MULTILINE | re.DOTALL)
        return " ".join(found.group(0).split()) if found else ""

    @property
    def plan(self) -> str:
        """What diff mode showed: the lines of the diffs."""
        return "\n".join(line for line in self.output.splitlines() if line.startswith(("+", "-", "@@")))


@dataclass(frozen=True)
class Playbooks:
    """Plays a playbook on the hosts of one inventory."""

    inventory: Path

    def play(
        self,
        playbook: str | Path,
        *arguments: str,
        verbosity: int = 0,
        environment: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> Run:
        """Run it; ``variables`` win over the inventory. The exit status is the caller's to judge."""
        with tempfile.TemporaryDirectory() as directory:
            counted = Path(directory) / "calls.jsonl"
            command = [
                str(TOOLS / "ansible-playbook"),
                "-i",
                str(self.inventory),
                str(playbook),
                *arguments,
            ]
            if variables:
                command += ["-e", json.dumps(variables)]
            if verbosity:
                command.append("-" + "v" * verbosity)
            done = subprocess.run(
                command,
                cwd=CHECKOUT,
                env={**clean_environment(counted), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=1200,
                check=False,
            )
            record: dict[str, Any] = {"seconds": 0.0, "hosts": {}, "tasks": []}
            if counted.exists():
                record = json.loads(counted.read_text())
        return Run(done.returncode, done.stdout, record)

    def variables(self, host: str) -> dict[str, Any]:
        """What the inventory says of a host."""
        command = [str(TOOLS / "ansible-inventory"), "-i", str(self.inventory), "--host", host]
        found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return found

    def site(self, *arguments: str, **options: Any) -> Run:
        return self.play("playbooks/site.yml", *arguments, **options)


def clean_environment(counted: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACKS_ENABLED": "kubephase.cluster.remote_calls",
        "KUBEPHASE_REMOTE_CALLS_FILE": str(counted),
    }


def roles(directory: Path, host: str, *names: str, **variables: Any) -> Path:
    """A playbook that names only these roles, as a user would write it to use them alone."""
    play = {
        "name": "Roles of their own",
        "hosts": host,
        "become": True,
        "gather_facts": False,
        "vars": variables,
        "roles": [f"kubephase.cluster.{name}" for name in names],
    }
    path = directory / f"{'-'.join(names)}.yml"
    path.write_text(json.dumps([play], indent=2))
    return path
