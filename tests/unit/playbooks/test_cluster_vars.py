# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vars/cluster.yml and vars/etcd.yml make of the inventory and of what the hosts are, asked of ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
MEMBER = {"member": "control_plane", "founding": False, "etcd_initial_cluster": "", "etcd_initial_cluster_state": ""}
GIVEN = ["https://192.0.2.99:2379"]


def fact(name: str, number: int, etcd: str = "local", **host: Any) -> dict[str, Any]:
    return {
        "kubephase": {
            "host": {**MEMBER, **host},
            "cluster": {"etcd": {etcd: {"endpoints": GIVEN}}, "certificatesDir": "/etc/kubernetes/pki"},
            "ca_keys": "shared",
            "local_api_endpoint": {"advertiseAddress": f"192.0.2.{number}"},
            "node_registration": {"name": name},
            "skip_phases": [],
        }
    }


def told(tmp_path: Path, variable: str, groups: dict[str, dict[str, Any]], *options: str) -> dict[str, Any]:
    """By host, what the variable is there."""
    given = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    children = {name: {"hosts": hosts} for name, hosts in groups.items()}
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"vars": given, "children": children}}))
    content = f"{{{{ {variable} | to_json }}}}"
    task = {"ansible.builtin.copy": {"content": content, "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.json"}}
    files = [str(CHECKOUT / "playbooks/vars" / name) for name in ("cluster.yml", "etcd.yml")]
    play = {"hosts": "all", "gather_facts": False, "vars_files": files, "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections")}
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml"), *options]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}


def test_endpoints_of_an_etcd_that_somebody_else_runs(tmp_path: Path) -> None:
    hosts = {"cp1": {"kubephase_etcd_endpoints": GIVEN}, "cp2": {}}
    assert told(tmp_path, "kubephase_etcd_endpoints", {"control_plane": hosts}) == {"cp1": GIVEN, "cp2": []}


def test_hosts_of_etcd_are_its_endpoints_whatever_is_given(tmp_path: Path) -> None:
    endpoint = {"kubephase_local_api_endpoint": {"advertiseAddress": "192.0.2.51"}}
    groups = {"control_plane": {"cp1": {"kubephase_etcd_endpoints": GIVEN}}, "etcd": {"etcd1": endpoint}}
    groups["etcd"]["etcd1"]["kubephase_etcd_endpoints"] = GIVEN
    found = told(tmp_path, "kubephase_etcd_endpoints", groups)
    assert found == {"cp1": ["https://192.0.2.51:2379"], "etcd1": []}


def test_who_came_later_gets_no_super_admin(tmp_path: Path) -> None:
    """Also beside an external etcd, where no manifest of etcd tells who began."""
    hosts = {"cp2": fact("cp2", 2, "external"), "cp1": fact("cp1", 1, "external", super_admin=True)}
    assert told(tmp_path, "kubeconfig_left_out", {"control_plane": hosts}) == {
        "cp2": ["super-admin"],
        "cp1": ["super-admin", "kubelet"],
    }
    assert told(tmp_path, "__cluster_first_conf", {"control_plane": hosts}) == {"cp2": ["super-admin"], "cp1": []}
    beginning = {"cp1": fact("cp1", 1, "external", founding=True)}
    assert told(tmp_path, "kubeconfig_left_out", {"control_plane": beginning})["cp1"] == []


@pytest.mark.parametrize("named", ["etcd2", "etcd2, etcd3", ["etcd2", "etcd3"]])
def test_members_that_are_to_go_are_named_as_a_list_or_a_text(tmp_path: Path, named: Any) -> None:
    running = fact("etcd1", 51, member="", etcd_initial_cluster="etcd1=https://192.0.2.51:2380")
    groups = {"control_plane": {"cp1": fact("cp1", 1)}, "etcd": {"etcd1": running}}
    said = json.dumps({"kubephase_etcd_remove_members": named})
    expected = ["etcd2"] if named == "etcd2" else ["etcd2", "etcd3"]
    assert sorted(told(tmp_path, "__cluster_etcd_leaving", groups, "-e", said)["etcd1"]) == expected
