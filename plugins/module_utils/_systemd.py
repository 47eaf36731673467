# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit as desired state: enabled, running, and no older than the files it was started from.

Whether a service has to be restarted is read from the host (file times against the start of its process), so a run that
died between writing a file and restarting the service is healed by the next one.
"""

from __future__ import annotations

import glob
import os
import subprocess
import time
from collections.abc import Iterable, Sequence

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "DropInPaths",
    "ExecMainStartTimestampMonotonic",
    "StateChangeTimestampMonotonic",
)
_JOURNAL_LINES = 15
#: where units have drop-ins (systemd.unit(5))
_UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


class Unit:
    """One unit of the host's systemd.

    :param name: with or without the ``.service`` suffix.
    :param check_mode: say what would be done, do nothing.
    """

    def __init__(self, name: str, check_mode: bool = False) -> None:
        self.name = name if "." in name else name + ".service"
        self.check_mode = check_mode

    def properties(self) -> dict[str, str]:
        """What ``systemctl show`` says of the unit; an unknown unit has ``LoadState`` ``not-found``."""
        out = self._systemctl("show", self.name, *(f"--property={name}" for name in _PROPERTIES))
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def is_active(self) -> bool:
        return self.properties().get("ActiveState") == "active"

    def is_older_than(self, path: str) -> bool:
        """Whether it runs, since before ``path`` was written; a link counts as what it leads to."""
        found = self.properties()
        return found.get("ActiveState") == "active" and bool(written_after(_started_at(found), [path]))

    def ensure(
        self,
        *,
        enabled: bool | None = None,
        state: str = "started",
        newer_than: Sequence[str] = (),
        restart: bool = False,
        reload: bool = False,
    ) -> list[str]:
        """Bring the unit to the wanted state.

        :param enabled: None leaves it as it is.
        :param state: ``started``; ``stopped``; ``unchanged``, which restarts a running unit but never starts one.
        :param newer_than: files the process reads at its start; it is restarted when one of them is newer.
        :param restart: restart a running unit whatever the files say (in check mode the files are not yet written).
        :param reload: the process reads its files again when it is told to, so a running unit is reloaded, not restarted.
        :returns: what was done: ``daemon-reloaded``, ``enabled``, ``disabled``, ``started``, ``restarted``, ``reloaded``,
            ``stopped``.
        """
        done: list[str] = []
        found = self.properties()
        outdated = found.get("NeedDaemonReload") == "yes" or self._has_unread_drop_in(found)
        if outdated or found.get("LoadState") == "not-found":
            self._act("daemon-reload")
            if outdated:
                done.append("daemon-reloaded")
            if not self.check_mode:
                found = self.properties()
                self._require_loaded(found)
        if enabled is not None and enabled != (found.get("UnitFileState") == "enabled"):
            self._act("enable" if enabled else "disable", self.name)
            done.append("enabled" if enabled else "disabled")
        verb = self._verb(found, state, newer_than, restart, reload)
        if verb:
            self._act(verb, self.name)
            done.append({"stop": "stopped"}.get(verb, f"{verb}ed"))
        return done

    def journal(self, lines: int = _JOURNAL_LINES) -> str:
        """The unit's last journal lines, for error messages."""
        shown = subprocess.run(
            ["journalctl", "--no-pager", "--output=cat", f"--lines={lines}", f"--unit={self.name}"],
            capture_output=True,
            text=True,
            check=False,
        )
        return shown.stdout.strip()

    def _verb(self, found: dict[str, str], state: str, newer_than: Sequence[str], restart: bool, reload: bool) -> str:
        active = found.get("ActiveState")
        running = active == "active"
        if state == "stopped":
            return "stop" if active in ("active", "activating", "reloading") else ""
        if running:
            if not restart and not written_after(_reloaded_at(found) if reload else _started_at(found), newer_than):
                return ""
            return "reload" if reload else "restart"
        if state == "unchanged":
            return ""
        # in auto-restart systemd queues a start until RestartSec is over, only a restart takes effect at once
        return "start" if active in ("inactive", "failed", None) else "restart"

    def _has_unread_drop_in(self, found: dict[str, str]) -> bool:
        """systemd remembers which directories there are, and does not miss a drop-in in one that is new to it."""
        read = {os.path.basename(path) for path in found.get("DropInPaths", "").split()}
        for directory in _UNIT_DIRECTORIES:
            for path in glob.glob(f"{directory}/{self.name}.d/*.conf"):
                # an empty one, or a link to /dev/null, hides those of its name
                if os.path.basename(path) not in read and os.path.isfile(path) and os.path.getsize(path):
                    return True
        return False

    def _require_loaded(self, found: dict[str, str]) -> None:
        if found.get("LoadState") not in ("loaded", "masked"):
            raise KubephaseError(
                "systemd does not know this unit",
                where=self.name,
                value=found.get("LoadState"),
                hint="Install its unit file first, or look at 'systemctl status' for a syntax error in it",
            )
        if found.get("LoadState") == "masked":
            raise KubephaseError("the unit is masked", where=self.name, hint=f"Run 'systemctl unmask {self.name}'")

    def _act(self, *arguments: str) -> None:
        if not self.check_mode:
            self._systemctl(*arguments)

    def _systemctl(self, *arguments: str) -> str:
        ran = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise KubephaseError(
                f"'systemctl {' '.join(arguments)}' failed: {ran.stderr.strip()}",
                where=self.name,
                hint="Last lines of its journal:\n" + self.journal()
                if arguments[0] in ("start", "restart", "reload")
                else "",
            )
        return ran.stdout


def _started_at(properties: dict[str, str]) -> float:
    """When the unit's process was started, in seconds since the epoch."""
    return _moment(properties.get("ExecMainStartTimestampMonotonic"))


def _reloaded_at(properties: dict[str, str]) -> float:
    """When a running unit was last started or reloaded: a reload is a change of its state, and ends in the same one."""
    return _moment(properties.get("StateChangeTimestampMonotonic"))


def _moment(microseconds: str | None) -> float:
    """On today's clock: systemd gives the monotonic one, which a clock step does not move."""
    return time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - int(microseconds or 0) / 1e6)


def written_after(moment: float, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that exist and are newer than ``moment``, in seconds since the epoch."""
    return [path for path in paths if os.path.exists(path) and os.stat(path).st_mtime > moment]
