# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reset.yml asks before it takes anything away: real ansible-playbook, which ends before it touches anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
INVENTORY = f"""[control_plane]
cp1
cp2
[workers]
w1
[all:vars]
ansible_connection=local
ansible_become=false
ansible_python_interpreter={sys.executable}
"""
# whatever happens, this machine is not reset
HARMLESS = "reset_dry_run=true"


def reset(tmp_path: Path, *options: str) -> tuple[int, str]:
    (tmp_path / "inventory").write_text(INVENTORY)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory"), "-e", HARMLESS, *options, "kubephase.cluster.reset"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("said", [[], ["-e", "kubephase_reset_confirm=production"]])
def test_nothing_goes_without_the_name_of_the_cluster(tmp_path: Path, said: list[str]) -> None:
    code, out = reset(tmp_path, "-e", "kubephase_cluster_name=staging", *said)
    assert code != 0
    assert "accepted: staging" in " ".join(out.split())
    assert "Reset the workers" not in out
