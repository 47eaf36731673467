# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml refuses because of what the hosts are: their facts are given, and no module can run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.tests.unit.roles import bare_host

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
BARE: dict[str, Any] = {
    **bare_host.FACTS,
    "default_ipv4": "",
    "founding": False,
    "etcd_initial_cluster": "",
    "etcd_initial_cluster_state": "",
    "etcd_authority": "",
    "authorities": [],
}
MEMBER = {**BARE, "member": "control_plane", "etcd_initial_cluster": "cp1=https://192.0.2.1:2380"}


def site(tmp_path: Path, *hosts: dict[str, Any], **variables: Any) -> str:
    """All that the playbook printed on control planes cp1, cp2, ... It has to fail before it prepares a host."""
    control_planes = {}
    for number, host in enumerate(hosts, 1):
        name, address = f"cp{number}", str(host.get("default_ipv4") or f"192.0.2.{number}")
        fact = {
            "host": {**host, "hostname": name, "default_ipv4": address},
            "cluster": {"etcd": {"local": {}}},
            "node_registration": {"name": name},
            "local_api_endpoint": {"advertiseAddress": address},
        }
        control_planes[name] = {"kubephase": fact}
    given = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": "/nonexistent",
        "kubephase_control_plane_endpoint": "k8s.example.org",
        **variables,
    }
    inventory = {"all": {"vars": given, "children": {"control_plane": {"hosts": control_planes}}}}
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory.yml"), "--check", "kubephase.cluster.site"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0 and "Prepare every host" not in done.stdout
    return " ".join(done.stdout.split())


def test_a_node_that_is_no_control_plane(tmp_path: Path) -> None:
    said = site(tmp_path, {**BARE, "member": "worker"}, MEMBER)
    assert "group control_plane: cp1 is a node and no control plane" in said
