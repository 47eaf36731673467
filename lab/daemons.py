"""The lab's own background processes, on a machine that may have no service manager."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from lab import store
from lab.report import LabError, say

CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Daemon:
    """A program that answers 200 at a path of a local port once it is ready."""

    name: str
    command: tuple[str, ...]
    port: int
    ready_path: str


def python(name: str, arguments: list[str], port: int, ready_path: str) -> Daemon:
    return Daemon(name, (sys.executable, *arguments), port, ready_path)


def _pid(daemon: Daemon) -> int:
    """The process that runs exactly this command, whatever started it; otherwise 0. The interpreter's name may differ."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
                if command[1:] == list(daemon.command[1:]) and _name(command[0]) == _name(daemon.command[0]):
                    return int(entry.name)
    return 0


def _name(program: str) -> str:
    return "python" if "python" in Path(program).name else Path(program).name


def answers(daemon: Daemon) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}{daemon.ready_path}", timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def start(daemon: Daemon) -> None:
    """Starts it if it does not run, and waits until it answers."""
    until = time.monotonic() + 15
    while _pid(daemon):
        if answers(daemon):
            return
        if time.monotonic() > until:
            stop(daemon)
        time.sleep(0.05)
    if answers(daemon):
        raise LabError(f"port {daemon.port}, where the lab's {daemon.name} should listen, is taken by another program")
    log = store.folder("run") / f"{daemon.name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            daemon.command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if process.poll() is not None:
            tail = "\n".join(log.read_text(errors="replace").strip().splitlines()[-5:])
            raise LabError(f"{daemon.name} on port {daemon.port} ended with status {process.returncode}:\n{tail}")
        if answers(daemon):
            say(f"{daemon.name} answers on port {daemon.port}")
            return
        time.sleep(0.05)
    raise LabError(f"{daemon.name} does not answer on port {daemon.port}; see {log}")


def stop(daemon: Daemon) -> None:
    """Stops the process that start() began, by its id."""
    if pid := _pid(daemon):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 5
        while _pid(daemon) and time.monotonic() < until:
            _reap(pid)
            time.sleep(0.02)


def _reap(pid: int) -> None:
    """Takes the exit status when it was a child of this very command."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
