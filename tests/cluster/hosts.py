# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a lab, reached as an administrator would: over SSH, with sudo."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import ssh, topology


@dataclass(frozen=True)
class Host:
    name: str
    address: str
    known_hosts: Path

    def shell(self, script: str, *, stdin: bytes = b"", timeout: float = 120) -> subprocess.CompletedProcess[bytes]:
        """Run a shell script as root, whatever its exit status."""
        words = ("sudo", "-n", "bash", "-c", shlex.quote(script))
        command = ssh.command(self.address, self.known_hosts, *words)
        return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False)

    def run(self, script: str, *, stdin: bytes = b"", timeout: float = 120) -> str:
        """The script's output; one that fails is an error."""
        done = self.shell(script, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"{self.name}: {script}: {done.stderr.decode(errors='replace').strip()}"
        return done.stdout.decode()

    def read(self, path: str) -> str:
        return self.run(f"cat {shlex.quote(path)}")

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        quoted = shlex.quote(path)
        self.run(
            f"umask 077; cat > {quoted}.new && chmod {mode} {quoted}.new && mv {quoted}.new {quoted}",
            stdin=text.encode(),
        )

    def fingerprint(self, *paths: str) -> str:
        """Names, kinds, modes, owners and contents of everything below the paths."""
        quoted = " ".join(map(shlex.quote, paths))
        return self.run(
            f"for p in {quoted}; do [ -e $p ] || {{ echo $p: none; continue; }}; "
            "find $p -printf '%p %y %m %U:%G %l\\n' | sort; find $p -type f -print0 | sort -z | xargs -0r sha256sum; done"
        )


def of_lab(name: str, directory: Path) -> dict[str, Host]:
    """The hosts by name."""
    known = directory / "known_hosts"
    return {host.name: Host(host.name, host.address, known) for host in topology.load(name).hosts}
