# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that die after one task after the other, until one comes to its end; everything that they leave is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.callback.stop_after_task import EVERY, SEEN, STOPPED
from tests.cluster.playbook import Playbooks, Run

CALLBACKS = Path(__file__).with_name("callback")
#: more tasks than any playbook has
ENOUGH = 200


@dataclass
class Chain:
    """What a chain of runs did; its folder holds all that they wrote on the controller."""

    folder: Path
    stops: list[str] = field(default_factory=list)
    """The task after which each run ended, in order."""
    seconds: float = 0.0
    last: Run | None = None
    """The one that ended by itself, or failed."""


def kept(folder: Path) -> dict[str, str]:
    """Ansible writes everything below one folder: log, facts, temporary files."""
    for name in ("tmp", "local", "facts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "TMPDIR": str(folder / "tmp"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
    }


def stopping(folder: Path, every: bool = False) -> dict[str, str]:
    """With these a run ends after the next task."""
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "kubephase.cluster.remote_calls,stop_after_task",
        SEEN: str(folder / "seen"),
        EVERY: "1" if every else "0",
    }


def interrupted(
    playbooks: Playbooks, playbook: str, folder: Path, *arguments: str, every: bool = False, verbosity: int = 4
) -> Chain:
    """Each run is started like the one before, and ends one task later; the last one is not ended."""
    chain, began = Chain(folder), time.monotonic()
    environment: dict[str, Any] = {**kept(folder), **stopping(folder, every)}
    for number in range(ENOUGH):
        run = playbooks.play(playbook, *arguments, verbosity=verbosity, environment=environment)
        (folder / f"output-{number:03}").write_text(run.output)
        if run.code != STOPPED:
            chain.last, chain.seconds = run, time.monotonic() - began
            return chain
        chain.stops = (folder / "seen").read_text().splitlines()
    raise AssertionError(f"no run came to its end; the last ones ended after {chain.stops[-3:]}")
