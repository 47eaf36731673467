# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When systemd has to read its units again; how units run is proven on real hosts."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _systemd
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

LOADED = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nExecMainStartTimestampMonotonic=1\n"


class Systemd:
    def __init__(self) -> None:
        self.says = f"{LOADED}NeedDaemonReload=no\nDropInPaths=\n"
        self.told: list[str] = []

    def __call__(self, command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        if command[1] != "show":
            self.told.append(command[1])
        return subprocess.CompletedProcess(command, 0, self.says, "")


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Systemd:
    fake = Systemd()
    monkeypatch.setattr(_systemd.subprocess, "run", fake)
    monkeypatch.setattr(_systemd, "_UNIT_DIRECTORIES", (f"{tmp_path}/etc", f"{tmp_path}/lib"))
    return fake


def drop_in(tmp_path: Path, name: str, text: str = "[Service]\n", below: str = "etc") -> Path:
    path = tmp_path / below / "kubelet.service.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_drop_in_that_systemd_did_not_see_is_read(systemd: Systemd, tmp_path: Path) -> None:
    drop_in(tmp_path, "20-etcd.conf")
    assert Unit("kubelet", check_mode=True).ensure() == ["daemon-reloaded"]
    assert systemd.told == []
    assert Unit("kubelet").ensure() == ["daemon-reloaded"]
    assert systemd.told == ["daemon-reload"]


def test_one_that_it_has_read_is_not_read_again(systemd: Systemd, tmp_path: Path) -> None:
    path = drop_in(tmp_path, "20-etcd.conf")
    # it takes the first of those with one name
    drop_in(tmp_path, "20-etcd.conf", below="lib")
    systemd.says = f"{LOADED}NeedDaemonReload=no\nDropInPaths=/usr/lib/10-kubeadm.conf {path}\n"
    assert Unit("kubelet").ensure() == []
    assert systemd.told == []


def test_one_that_only_hides_others_is_none(systemd: Systemd, tmp_path: Path) -> None:
    drop_in(tmp_path, "20-empty.conf", "")
    drop_in(tmp_path, "30-other.conf").unlink()
    (tmp_path / "etc/kubelet.service.d/30-other.conf").symlink_to("/dev/null")
    drop_in(tmp_path, "README", "no drop-in")
    assert Unit("kubelet").ensure() == []


def test_what_systemd_misses_itself_is_read(systemd: Systemd) -> None:
    systemd.says = f"{LOADED}NeedDaemonReload=yes\nDropInPaths=\n"
    assert Unit("kubelet").ensure() == ["daemon-reloaded"]


@pytest.mark.parametrize(
    ("state", "written", "older"), [("active", 60, True), ("active", -60, False), ("failed", 60, False)]
)
def test_what_was_written_since_it_started(
    systemd: Systemd, tmp_path: Path, state: str, written: int, older: bool
) -> None:
    started = time.clock_gettime(time.CLOCK_MONOTONIC) - 3600
    systemd.says = f"LoadState=loaded\nActiveState={state}\nExecMainStartTimestampMonotonic={int(started * 1e6)}\n"
    path = tmp_path / "kubelet-client-2026.pem"
    path.write_text("")
    os.utime(path, (0, time.time() - 3600 + written))
    link = tmp_path / "kubelet-client-current.pem"
    link.symlink_to(path)
    assert Unit("kubelet").is_older_than(str(link)) is older
    assert not Unit("kubelet").is_older_than(str(tmp_path / "none"))
