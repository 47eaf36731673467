# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host that are asked or told something."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import partial

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit


def ask(*command: str) -> str:
    """What it prints; empty where it fails or is not there."""
    if not shutil.which(command[0]):
        return ""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else ""


def tell(*command: str, text: str = "") -> None:
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise KubephaseError(f"'{' '.join(command)}' failed: {ran.stderr.strip()}")


def packages(paths: Sequence[str]) -> dict[str, str]:
    """The packages that own some of these files, by file."""
    if not paths:
        return {}
    if shutil.which("dpkg-query"):
        # fails where one of them is no package's, and tells of the others
        ran = subprocess.run(["dpkg-query", "--search", *paths], capture_output=True, text=True, check=False)
        pairs = [line.partition(": ") for line in ran.stdout.splitlines()]
        return {path: package for package, _between, path in pairs if path in paths}
    owned = {path: ask("rpm", "--query", "--file", path).strip() for path in paths}
    return {path: package for path, package in owned.items() if package}


def stop(name: str, account: Account) -> None:
    """A unit that runs, or is about to."""
    if not shutil.which("systemctl"):
        return
    unit = Unit(name)
    if unit.properties().get("ActiveState") in ("active", "activating", "reloading", "deactivating"):
        account.do(f"stop {unit.name}", partial(tell, "systemctl", "stop", unit.name))


def disable(name: str, account: Account) -> None:
    """A unit whose file is about to go."""
    if not shutil.which("systemctl"):
        return
    unit = Unit(name)
    found = unit.properties()
    if found.get("UnitFileState") == "enabled":
        account.do(f"disable {unit.name}", partial(tell, "systemctl", "disable", "--quiet", unit.name))
    if found.get("ActiveState") == "failed":
        account.do(f"forget the failure of {unit.name}", partial(tell, "systemctl", "reset-failed", unit.name))


def reload_units(account: Account, *names: str) -> None:
    """Let systemd forget files that are gone, those that a run deleted which died before it could say so, too."""
    if account.check_mode or not shutil.which("systemctl"):
        return
    if any(Unit(name).properties().get("NeedDaemonReload") == "yes" for name in names):
        account.do("let systemd read its units again", partial(tell, "systemctl", "daemon-reload"))
