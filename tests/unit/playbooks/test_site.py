# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml refuses before it touches any host: real ansible-playbook, on hosts that no module could run on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
UNTOUCHABLE = "ansible_connection=local ansible_python_interpreter=/nonexistent"


@pytest.mark.parametrize(("control_planes", "got"), [(["cp1", "cp2"], "cp1, cp2"), ([], "none")], ids=["two", "none"])
def test_there_is_one_control_plane(control_planes: list[str], got: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory"
    inventory.write_text(
        "\n".join(["[masters]", *control_planes, "[workers]", "w1", "[all:vars]", *UNTOUCHABLE.split()])
    )
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(inventory), "--check", "-e", "kubephase_control_plane_group=masters"]
    done = subprocess.run(
        [*command, "kubephase.cluster.site"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"group masters: wrong number of hosts (got {got}; accepted: one)" in done.stdout
    assert done.stdout.count("TASK [") == 1
