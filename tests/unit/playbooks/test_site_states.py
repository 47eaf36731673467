# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml and join.yml refuse because of what the hosts are: their facts are given, and modules only tell how they were called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
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
OF_ETCD = {**BARE, "etcd_initial_cluster": "etcd1=https://192.0.2.51:2380"}
#: stands in for Python on the hosts
TELLS = f"""#!{sys.executable}
import ast, json, sys
(given,) = [line for line in open(sys.argv[1]) if line.startswith("    params=") or line.startswith("params=")]
asked = json.loads(ast.literal_eval(given.strip().partition("=")[2].rstrip(",")))["ANSIBLE_MODULE_ARGS"]
said = [f"{{name}}={{value}}" for name, value in sorted(asked.items()) if not name.startswith("_")]
print(json.dumps({{"failed": True, "msg": f"{{asked['_ansible_module_name']}}: {{' '.join(said)}}"}}))
"""


def facts(prefix: str, first: int, hosts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for number, host in enumerate(hosts, 1):
        name, address = f"{prefix}{number}", str(host.get("default_ipv4") or f"192.0.2.{first + number}")
        fact = {
            "host": {**host, "hostname": name, "default_ipv4": address},
            "cluster": {"etcd": {"local": {}}},
            "node_registration": {"name": name},
            "local_api_endpoint": {"advertiseAddress": address},
        }
        found[name] = {"kubephase": fact}
    return found


def site(
    tmp_path: Path,
    *hosts: dict[str, Any],
    etcd: Sequence[dict[str, Any]] = (),
    playbook: str = "site",
    **variables: Any,
) -> str:
    """All that the playbook printed on control planes cp1, cp2, ... It has to fail before it prepares a host."""
    (tmp_path / "tells").write_text(TELLS)
    (tmp_path / "tells").chmod(0o755)
    given = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": str(tmp_path / "tells"),
        "kubephase_control_plane_endpoint": "k8s.example.org",
        **variables,
    }
    groups = {"control_plane": {"hosts": facts("cp", 0, hosts)}, "etcd": {"hosts": facts("etcd", 50, etcd)}}
    inventory = {"all": {"vars": given, "children": groups}}
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory.yml"), "--check", f"kubephase.cluster.{playbook}"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0 and "Prepare every host" not in done.stdout
    assert "kubephase.cluster.node :" not in done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("playbook", ["site", "join"])
def test_a_node_that_is_no_control_plane(tmp_path: Path, playbook: str) -> None:
    said = site(tmp_path, {**BARE, "member": "worker"}, MEMBER, playbook=playbook)
    assert "group control_plane: cp1 is a node and no control plane" in said


@pytest.mark.parametrize(("version", "health"), [("v1.37.2", "addable"), ("v1.35.0", "everyone")])
def test_a_join_that_costs_etcd_its_majority(tmp_path: Path, version: str, health: str) -> None:
    """In check mode too, and before the host is touched."""
    said = site(tmp_path, MEMBER, BARE, BARE, kubephase_kubernetes_version=version)
    joining = "joining=['https://192.0.2.2:2380', 'https://192.0.2.3:2380']"
    assert "[cp1]: FAILED!" in said and "kubephase.cluster.etcd_members: " in said
    assert joining in said and f"require={health}" in said


def test_a_join_beside_an_etcd_that_takes_no_member(tmp_path: Path) -> None:
    skipped = {"skipPhases": ["check-etcd"]}
    assert "require=quorum" in site(tmp_path, MEMBER, BARE, kubephase_join_configuration=skipped)
    member = {**MEMBER, "etcd_initial_cluster": ""}
    external = {"etcd": {"external": {"endpoints": ["https://192.0.2.99:2379"]}}}
    assert "require=quorum" in site(tmp_path, member, BARE, kubephase_cluster_configuration=external)


def test_a_host_of_etcd_whose_join_costs_the_majority(tmp_path: Path) -> None:
    member = {**MEMBER, "etcd_initial_cluster": ""}
    said = site(tmp_path, member, etcd=[OF_ETCD, BARE])
    assert "joining=['https://192.0.2.52:2380']" in said and "require=addable" in said


def test_nobody_has_the_keys_where_one_signs_for_all(tmp_path: Path) -> None:
    said = site(tmp_path, MEMBER, MEMBER, kubephase_ca_keys="single")
    assert "kubephase_ca_holder: none of cp1, cp2 has the key of the cluster's certificate authority" in said


def test_two_control_planes_cannot_have_one_address(tmp_path: Path) -> None:
    """As virtual machines of Vagrant have it on their first interface."""
    nat = {**BARE, "default_ipv4": "10.0.2.15"}
    said = site(tmp_path, nat, nat)
    assert "two control planes cannot have one address (cp1: 10.0.2.15, cp2: 10.0.2.15)" in said


def test_the_certificates_of_a_running_cluster_do_not_move(tmp_path: Path) -> None:
    moved = {**MEMBER, "certificates_dirs": ["/srv/pki"]}
    assert "certificatesDir: cp1 works with certificates that are elsewhere (/srv/pki; got" in site(tmp_path, moved)
