# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the checks see it. Every path can be moved below another root, so that tests need no real host."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

# sudo and sshd often give a PATH without these
SEARCH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Host:
    """Reads the host; every command runs once, whatever number of checks wants its output."""

    def __init__(
        self,
        root: str = "/",
        proc: str = "",
        environ: Mapping[str, str] | None = None,
        search: Sequence[str] = SEARCH,
        check_mode: bool = False,
    ) -> None:
        self.root = root
        self.proc = proc or self.path("/proc")
        self.environ = dict(os.environ if environ is None else environ)
        self.search = search
        self.check_mode = check_mode
        self.uid = os.geteuid()
        self.cpus = len(os.sched_getaffinity(0))
        self.system = os.uname().sysname
        self.release = os.uname().release
        self._outputs: dict[tuple[str, ...], tuple[int, str]] = {}

    def path(self, path: str) -> str:
        """Where a path of the host really is."""
        return path if self.root == "/" else os.path.join(self.root, path.lstrip("/"))

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path."""
        return os.path.exists(self.path(path))

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None where there is no such file."""
        return _read(self.path(path))

    def read_proc(self, path: str) -> bytes | None:
        """A file below /proc."""
        return _read(os.path.join(self.proc, path))

    def which(self, name: str) -> str | None:
        """The program of this name."""
        parts = [part for part in self.environ.get("PATH", "").split(":") if part]
        return shutil.which(name, path=":".join([*parts, *(part for part in self.search if part not in parts)]))

    def output(self, *command: str) -> tuple[int, str]:
        """Exit code and whole output of a command; 127 where it cannot be run at all."""
        if command not in self._outputs:
            self._outputs[command] = self._run(command)
        return self._outputs[command]

    def _run(self, command: tuple[str, ...]) -> tuple[int, str]:
        program = self.which(command[0])
        if program is None:
            return 127, f"{command[0]} is not installed"
        try:
            done = subprocess.run(
                [program, *command[1:]],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=30,
                check=False,
                env={**self.environ, "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired) as failure:
            return 127, str(failure)
        return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError:
        return None
