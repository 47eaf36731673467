# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What remove_node.yml refuses before it touches any host: real ansible-playbook, on this host and on one that is dead."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    done = run(tmp_path, "-i", "inventory", "--check", *options, "kubephase.cluster.remove_node")
    assert done.returncode != 0
    assert (
        "Balance the API" not in done.stdout
        and "Empty the nodes" not in done.stdout
        and "Reset the hosts" not in done.stdout
    )
    return done.stdout


def run(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    return subprocess.run(
        [str(PROGRAM), *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


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


def known(name: str, address: str, member: str, *authorities: str) -> dict[str, Any]:
    """A host as the first play has seen it."""
    fact = {
        "host": {"member": member, "authorities": list(authorities), "etcd_authorities": list(authorities)},
        "node_registration": {"name": name},
        "local_api_endpoint": {"advertiseAddress": address, "bindPort": 6443},
        "cluster": {"controlPlaneEndpoint": "k8s.example.org:6443", "etcd": {"local": {}}},
    }
    return {"kubephase": fact}


def test_what_the_plays_make_of_it(tmp_path: Path) -> None:
    """Hosts and variables of the plays after the first one."""
    first = {**known("cp1", "192.0.2.1", "control_plane", "a")}
    second = {**known("cp2", "192.0.2.2", "control_plane", "a"), "__remove_ready": {"status": -1}}
    third = {**known("cp3", "192.0.2.3", "control_plane", "a"), "__remove_ready": {"status": 200}}
    bare = known("w1", "192.0.2.9", "")
    silent = {"kubephase": {"unreachable": True}, "ansible_host": "192.0.2.6"}
    groups = {
        "control_plane": {"hosts": {"cp1": first, "cp2": second, "cp3": third}},
        "workers": {"hosts": {"w1": bare}},
        "load_balancer": {"hosts": {"cp1": {}, "lb1": known("lb1", "192.0.2.5", ""), "lb2": silent}},
    }
    play = {
        "name": "Show",
        "hosts": "{{ __remove_plan.hosts + __remove_plan.balancers if __remove_keeper | default([]) else [] }}",
        "gather_facts": False,
        "vars_files": [str(CHECKOUT / "playbooks/vars/remove_node.yml")],
        "tasks": [
            {"ansible.builtin.debug": {"msg": "reset_force={{ reset_force }} balances={{ __remove_balances }}"}},
            {"ansible.builtin.debug": {"msg": "{{ load_balancer_backends | map(attribute='name') | join(' ') }}"}},
            {"ansible.builtin.debug": {"msg": "{{ load_balancer_members | map(attribute='address') | join(' ') }}"}},
            {"ansible.builtin.debug": {"msg": "by {{ __remove_keeper }} {{ __remove_silent_balancers_told }}"}},
        ],
    }
    # variables of hosts are there from the second play on
    before = {"name": "See", "hosts": "cp2", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "noop"}]}
    (tmp_path / "play.yml").write_text(json.dumps([before, play]))
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"children": groups}}))
    done = run(tmp_path, "-i", "hosts.json", "-e", "kubephase_remove_nodes=cp1,w1,gone", "play.yml")
    shown = re.findall(r'^ok: \[(\w+)\] => \{\s+"msg": "(.*)"$', done.stdout, re.MULTILINE)
    assert {
        ("cp1", "reset_force=True balances=True"),
        ("w1", "reset_force=False balances=False"),
        ("lb1", "cp2 cp3"),
        ("lb1", "192.0.2.5 192.0.2.6"),
    } <= set(shown), done.stdout
    assert any("by ['cp3'] lb2: not reached" in text for _name, text in shown), done.stdout
    assert {name for name, _text in shown} == {"cp1", "w1", "lb1"}
