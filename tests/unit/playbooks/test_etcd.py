# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcd.yml, with which site.yml begins, refuses before it touches any host. Only the facts of the hosts have been read then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
HERE = f"ansible_connection=local\nansible_become=false\nansible_python_interpreter={sys.executable}\n"


def host(name: str, number: int) -> str:
    endpoint = f'{{"advertiseAddress": "192.0.2.{number}"}}'
    return f"{name} kubephase_local_api_endpoint='{endpoint}' kubephase_node_registration='{{\"name\": \"{name}\"}}'"


def played(tmp_path: Path, inventory: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "inventory").write_text("\n".join([*inventory, "[all:vars]", HERE]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory"), "--check", *options, "kubephase.cluster.etcd"]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def said(tmp_path: Path, inventory: list[str], *options: str) -> str:
    """All that the playbook printed. It has to fail, and to prepare no host."""
    done = played(tmp_path, inventory, *options)
    assert done.returncode != 0 and "Prepare the hosts of etcd" not in done.stdout
    return " ".join(done.stdout.split())


def test_a_host_is_a_node_or_a_host_of_etcd(tmp_path: Path) -> None:
    found = said(tmp_path, ["[etcd]", host("a", 1), host("b", 2), "[control_plane]", "b"])
    assert "group etcd: an etcd of its own needs hosts of its own, and these are nodes (b)" in found


def test_the_addresses_of_all_hosts_are_known(tmp_path: Path) -> None:
    found = said(tmp_path, ["[etcd]", host("a", 1), "b", "[control_plane]", host("cp1", 3)], "--limit", "a,cp1")
    assert "group etcd: this run does not see b, and their addresses are not known" in found


def test_no_etcd_begins_while_a_host_is_not_seen(tmp_path: Path) -> None:
    found = said(
        tmp_path, ["[etcd]", host("a", 1), host("b", 2), "[control_plane]", host("cp1", 3)], "--limit", "a,cp1"
    )
    assert "group etcd: none of a has an etcd, and this run does not see b: it would begin a second one" in found


def test_no_etcd_begins_while_a_control_plane_is_not_seen(tmp_path: Path) -> None:
    """It may work with one, which would be another."""
    found = said(tmp_path, ["[etcd]", host("a", 1), "[control_plane]", host("cp1", 3)], "--limit", "a")
    assert "none of a has an etcd, and there are control planes that work, or that this run does not see (cp1)" in found
    assert "A new etcd would be empty. Nothing was changed" in found


def test_a_run_of_control_planes_alone_leaves_etcd_as_it_is(tmp_path: Path) -> None:
    inventory = ["[etcd]", host("a", 1), host("b", 2), "[control_plane]", host("cp1", 3), host("cp2", 4)]
    done = played(tmp_path, inventory, "--limit", "cp1")
    assert done.returncode == 0, done.stdout
    assert "a " not in done.stdout.partition("PLAY RECAP")[2]
