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


def site(inventory: str, tmp_path: Path, *options: str) -> str:
    """All that the playbook printed. It has to fail."""
    (tmp_path / "inventory").write_text(inventory)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory"), "--check", *options, "kubephase.cluster.site"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    return done.stdout


def test_there_is_a_control_plane(tmp_path: Path) -> None:
    inventory = "\n".join(["[masters]", "[workers]", "w1", "[all:vars]", *UNTOUCHABLE.split()])
    said = site(inventory, tmp_path, "-e", "kubephase_control_plane_group=masters")
    assert "group masters: there is no control plane" in said
    assert said.count("TASK [") == 1


def test_several_control_planes_have_one_address(tmp_path: Path) -> None:
    """Only the facts of the hosts have been read then."""
    here = f"[all:vars]\nansible_connection=local\nansible_become=false\nansible_python_interpreter={sys.executable}\n"
    own = "".join(
        f'cp{index} kubephase_local_api_endpoint=\'{{"advertiseAddress": "192.0.2.{index}"}}\'\n' for index in (1, 2)
    )
    said = site(f"[control_plane]\n{own}{here}", tmp_path)
    assert (
        "unable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint"
        in said
    )
    assert "control planes: cp1, cp2" in said
    assert "Prepare every host" not in said


def several(tmp_path: Path, names: str, *options: str) -> str:
    here = f"[all:vars]\nansible_connection=local\nansible_become=false\nansible_python_interpreter={sys.executable}\n"
    own = (
        f'cp{index} kubephase_local_api_endpoint=\'{{"advertiseAddress": "192.0.2.{index}"}}\''
        f' kubephase_node_registration=\'{{"name": "{name}"}}\''
        for index, name in enumerate(names.split(), 1)
    )
    endpoint = ("-e", "kubephase_control_plane_endpoint=k8s.example.org")
    return site("\n".join(["[control_plane]", *own, here]), tmp_path, *endpoint, *options)


def test_a_run_that_sees_not_all_control_planes_begins_no_cluster(tmp_path: Path) -> None:
    said = several(tmp_path, "a b", "--limit", "cp1")
    assert "none of cp1 is a member of a cluster" in said and "would begin a second cluster" in said
    assert "Prepare every host" not in said


def test_one_party_holds_the_endpoints_address(tmp_path: Path) -> None:
    said = several(
        tmp_path,
        "a b",
        "-e",
        "kubephase_load_balancer_group=control_plane",
        "-e",
        "kubephase_kube_vip_address=192.0.2.9",
    )
    assert "would hold the endpoint's address both (got 192.0.2.9; load balancers: cp1, cp2)" in said
    assert "Prepare every host" not in said


def test_two_hosts_cannot_have_one_node_name(tmp_path: Path) -> None:
    said = several(tmp_path, "a a")
    assert "two hosts cannot have one node name (got a, a)" in said
    assert "Prepare every host" not in said
