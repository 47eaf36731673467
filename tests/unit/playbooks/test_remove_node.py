# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What remove_node.yml refuses before it touches any host: real ansible-playbook, on this host and on one that is dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
DEAD = "ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"


def remove(tmp_path: Path, *options: str, first: str = "") -> str:
    """All that the playbook printed. It has to fail, and no later than after the first play."""
    groups = f"[control_plane]\ncp1 {first}\ncp2\n[workers]\nw1\n[load_balancer]\nlb1 {DEAD}\n[servers]\nother\n"
    here = f"[all:vars]\nansible_connection=local\nansible_become=false\nansible_python_interpreter={sys.executable}\n"
    (tmp_path / "inventory").write_text(groups + here)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory"), "--check", *options, "kubephase.cluster.remove_node"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert (
        "Balance the API" not in done.stdout
        and "Empty the nodes" not in done.stdout
        and "Reset the hosts" not in done.stdout
    )
    return done.stdout


def test_somebody_has_to_be_named(tmp_path: Path) -> None:
    assert "kubephase_remove_nodes: nothing is named" in remove(tmp_path)


def test_a_limit_hides_who_stays(tmp_path: Path) -> None:
    said = remove(tmp_path, "-e", "kubephase_remove_nodes=cp1", "--limit", "cp1")
    assert "--limit: it hides the control planes that stay (got cp1)" in said
    assert said.count("TASK [") == 1


def test_a_control_plane_has_to_stay(tmp_path: Path) -> None:
    said = remove(tmp_path, "-e", '{"kubephase_remove_nodes": ["cp1", "cp2"]}')
    assert "no control plane would be left (control planes: cp1, cp2)" in said


def test_a_dead_host_is_no_error_of_its_own(tmp_path: Path) -> None:
    said = remove(tmp_path, "-e", '{"kubephase_remove_nodes": " cp1 , w9"}', first=DEAD)
    assert "UNREACHABLE" in said
    assert "none of the control planes that stay is a member of a cluster: cp2" in said


def test_a_host_that_is_not_understood_stops_the_run(tmp_path: Path) -> None:
    said = remove(tmp_path, "-e", "kubephase_remove_nodes=cp1", first="kubephase_dns_domain=UPPER_CASE")
    assert "cp1: what this host is could not be told, for the reason above" in said


@pytest.mark.parametrize("name", ["lb1", "other"])
def test_a_host_that_is_not_of_the_cluster_is_not_even_looked_at(tmp_path: Path, name: str) -> None:
    said = remove(tmp_path, "-e", f"kubephase_remove_nodes={name}")
    assert f"host {name} is in none of the groups" in said
    assert f"[{name}]" not in said


def test_the_balancers_are_looked_at_where_a_control_plane_leaves(tmp_path: Path) -> None:
    said = remove(tmp_path, "-e", "kubephase_remove_nodes=cp1")
    assert "fatal: [lb1]: UNREACHABLE" in said
    assert "none of the control planes that stay is a member of a cluster: cp2" in said
    assert "lb1" not in remove(tmp_path, "-e", "kubephase_remove_nodes=w1")
