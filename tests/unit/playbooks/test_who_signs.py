# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs for which control plane in site.yml: what vars/cluster.yml says, asked of ansible-playbook."""

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
ASKED = ["certificate_signing_authorities", "certificate_signing_host", "certificate_signing_become"]
VAULT = [{"name": "ca", "key": "/secure/ca.key"}]
PKI = "/srv/pki"
HOLDERS = [
    {"name": name, "certificate": f"{PKI}/{path}.crt", "key": f"{PKI}/{path}.key"}
    for name, path in (("ca", "ca"), ("front-proxy-ca", "front-proxy-ca"), ("etcd-ca", "etcd/ca"))
]


def told(tmp_path: Path, **variables: Any) -> dict[str, dict[str, Any]]:
    """By host, what the variables are there."""
    fact = {
        "cluster": {"certificatesDir": PKI, "etcd": {"local": {}}},
        "ca_keys": variables.pop("ca_keys", "single"),
        "local_api_endpoint": {"advertiseAddress": "192.0.2.1"},
        "node_registration": {"name": "cp"},
    }
    holder, order = variables.pop("holder", ""), variables.pop("order", ("cp1", "cp2", "cp3"))
    member = {
        "member": "control_plane",
        "founding": False,
        "etcd_initial_cluster": "",
        "etcd_initial_cluster_state": "",
    }
    host = {name: {**member, "ca_key": name == holder} for name in order}
    hosts = {name: {"kubephase": {**fact, **({"host": host[name]} if holder else {})}} for name in order}
    given = {"ansible_connection": "local", **variables}
    inventory = {"all": {"vars": given, "children": {"control_plane": {"hosts": hosts}}}}
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    asked = (
        "{{ {"
        + ", ".join(f"'{name}': {name}" for name in [*ASKED, "static_manifests_csr_signer", "pki_joins"])
        + "} }}"
    )
    task = {"ansible.builtin.copy": {"content": asked, "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.json"}}
    task["vars"] = {"ansible_python_interpreter": sys.executable}
    play = {
        "hosts": "control_plane",
        "gather_facts": False,
        "vars_files": [str(CHECKOUT / "playbooks/vars/cluster.yml")],
        "tasks": [task],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections")}
    command = [str(PROGRAM), "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {host: json.loads((tmp_path / f"{host}.json").read_text()) for host in hosts}


def test_the_first_signs_for_the_others(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert [found["cp1"][name] for name in ASKED] == [[], "localhost", False]
    for host in ("cp2", "cp3"):
        assert [found[host][name] for name in ASKED] == [HOLDERS, "cp1", True]
    assert [host for host in found if found[host]["static_manifests_csr_signer"]] == ["cp1"]


def test_who_has_the_keys_signs_whatever_the_order(tmp_path: Path) -> None:
    found = told(tmp_path, holder="cp2", order=("cp3", "cp1", "cp2"))
    assert [found["cp3"][name] for name in ASKED] == [HOLDERS, "cp2", True]
    assert [host for host in found if found[host]["static_manifests_csr_signer"]] == ["cp2"]


def test_nobody_makes_authorities_beside_control_planes_that_run(tmp_path: Path) -> None:
    assert [found["pki_joins"] for found in told(tmp_path).values()] == [False, True, True]
    assert [found["pki_joins"] for found in told(tmp_path, holder="cp1").values()] == [True, True, True]
    assert told(tmp_path, holder="cp1", order=("cp1",))["cp1"]["pki_joins"] is False


def test_another_one_that_is_named(tmp_path: Path) -> None:
    found = told(tmp_path, kubephase_ca_holder="cp3")
    assert [found["cp1"][name] for name in ASKED] == [HOLDERS, "cp3", True]
    assert [host for host in found if found[host]["static_manifests_csr_signer"]] == ["cp3"]


def test_whom_the_inventory_names_signs_for_all(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        certificate_signing_authorities=VAULT,
        certificate_signing_host="vault",
        certificate_signing_become=True,
    )
    for host in found.values():
        assert [host[name] for name in ASKED] == [VAULT, "vault", True]
        assert not host["static_manifests_csr_signer"]


def test_each_signs_for_itself_where_all_have_the_keys(tmp_path: Path) -> None:
    for host in told(tmp_path, ca_keys="shared").values():
        assert [host[name] for name in ASKED] == [[], "localhost", False]
        assert not host["static_manifests_csr_signer"]
