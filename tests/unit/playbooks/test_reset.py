# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reset.yml asks before it takes anything away: real ansible-playbook, which ends before it touches anything."""

from __future__ import annotations

import json
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
    return run(tmp_path, *options, "kubephase.cluster.reset")


def run(tmp_path: Path, *options: str) -> tuple[int, str]:
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory"), "-e", HARMLESS, *options]
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


@pytest.mark.parametrize(
    ("control_planes", "seen", "others", "forced"),
    [
        (["cp1", "cp2"], ["cp1", "cp2", "w1"], [], True),
        (["cp1", "cp2"], ["cp1", "w1"], [], False),
        # workers alone, or a group that nobody has
        ([], ["w1"], [], False),
        (["cp1", "cp2"], ["cp1", "cp2", "w1"], ["cp3"], False),
    ],
)
def test_members_go_without_question_only_with_their_cluster(
    tmp_path: Path, control_planes: list[str], seen: list[str], others: list[str], forced: bool
) -> None:
    shown = "reset_force is {{ reset_force }}"
    play = {
        "hosts": "w1",
        "gather_facts": False,
        "vars_files": [str(CHECKOUT / f"playbooks/vars/{name}.yml") for name in ("cluster", "reset")],
        "tasks": [{"ansible.builtin.debug": {"msg": shown}}],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    (tmp_path / "inventory").write_text("\n".join(["w1", "[control_plane]", *control_planes]) + "\n")
    known = json.dumps({"__reset_seen": seen, "__reset_others": others})
    assert f"reset_force is {forced}" in run(tmp_path, "-e", known, str(tmp_path / "play.yml"))[1]


def test_the_control_planes_are_asked_who_else_there_is(tmp_path: Path) -> None:
    # which no reset accepts: nothing comes after the first play
    code, out = reset(tmp_path, "--check", "--limit", "control_plane", "-e", "reset_scope=none")
    assert out.index("Ask the control planes who is in their cluster") < out.index("PLAY [Reset the control planes]")
    assert code != 0 and "value of reset_scope must be one of" in out
