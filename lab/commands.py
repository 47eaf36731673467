"""Running other programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.report import LabError


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    log: Path | None = None,
) -> str:
    """Runs a command and returns its standard output; a failure ends the lab with the end of what it printed.

    With log, standard error goes to that file, where another thread may watch it grow.
    """
    argv = [str(part) for part in command]
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=log.open("w") if log else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (log.read_text(errors="replace") if log else done.stderr).strip().splitlines()
        # a log may also list what went well, one name in a line
        tail = [line for line in said if not log or " " in line.strip()][-15:]
        raise LabError(f"`{' '.join(argv)}` failed with status {done.returncode}:\n" + "\n".join(tail))
    return done.stdout


def succeeds(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether a command exits 0."""
    return (
        subprocess.run(
            [str(part) for part in command],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )
