# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are ended: real ansible-playbook, on hosts that are local connections under other names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cluster.interrupting import interrupted
from tests.cluster.playbook import Playbooks

pytestmark = pytest.mark.playbook

INVENTORY = """
all:
  vars: {ansible_connection: local, ansible_python_interpreter: %s, ansible_become: false}
  hosts: {a: {}, b: {}}
"""

TASKS = """
- name: First play
  hosts: all
  gather_facts: false
  tasks:
    - {name: One, ansible.builtin.copy: {content: "", dest: "%(directory)s/one-{{ inventory_hostname }}", mode: "0600"}}
    - {name: None, ansible.builtin.ping: }
    - name: Two, on one host
      ansible.builtin.file: {path: "%(directory)s/two", state: touch, mode: "0600"}
      when: inventory_hostname == 'b'
- name: Second play
  hosts: all
  strategy: ansible.builtin.free
  gather_facts: false
  tasks:
    - {name: Three, ansible.builtin.copy: {content: "", dest: "%(directory)s/three-{{ inventory_hostname }}", mode: "0600"}}
    - {name: Fails, ansible.builtin.fail: {msg: for good}, when: "%(fails)s"}
- name: Third play
  hosts: a
  gather_facts: false
  tasks:
    - {name: Four, ansible.builtin.file: {path: "%(directory)s/four", state: touch, mode: "0600"}}
"""


@pytest.fixture
def playbooks(tmp_path: Path) -> Playbooks:
    (tmp_path / "made").mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "inventory.yml").write_text(INVENTORY % sys.executable)
    return Playbooks(tmp_path / "inventory.yml")


def playbook(tmp_path: Path, fails: str = "false") -> str:
    path = tmp_path / "play.yml"
    path.write_text(TASKS % {"directory": tmp_path / "made", "fails": fails})
    return str(path)


def test_each_run_ends_one_change_later(tmp_path: Path, playbooks: Playbooks) -> None:
    chain = interrupted(playbooks, playbook(tmp_path), tmp_path / "kept", verbosity=0)
    assert chain.stops == [
        "First play | One",
        "First play | Two, on one host",
        "Second play | Three",
        "Third play | Four",
    ]
    assert chain.last is not None and chain.last.code == 0, chain.last
    # a task that says changed each time ends one run only
    assert chain.last.changed == {"a": 1, "b": 1}
    outputs = [path.read_text() for path in sorted((tmp_path / "kept").glob("output-*"))]
    assert len(outputs) == 5
    # its name may be said already, but no host has begun it
    assert outputs[0].count("changed: ") == 2 and "ok: " not in outputs[0] and "Two" not in outputs[0]
    assert "PLAY RECAP" not in outputs[2] and "PLAY RECAP" in outputs[4]
    assert "TASK [One]" in (tmp_path / "kept/ansible.log").read_text()
    assert list((tmp_path / "kept/local").iterdir()), "a run that dies removes nothing"


def test_each_run_ends_one_task_later(tmp_path: Path, playbooks: Playbooks) -> None:
    chain = interrupted(playbooks, playbook(tmp_path), tmp_path / "kept", every=True, verbosity=0)
    assert [stop.rpartition(" | ")[2] for stop in chain.stops] == ["One", "None", "Two, on one host", "Three", "Four"]
    assert chain.last is not None and chain.last.code == 0


def test_a_run_that_fails_ends_the_chain(tmp_path: Path, playbooks: Playbooks) -> None:
    chain = interrupted(playbooks, playbook(tmp_path, "true"), tmp_path / "kept", verbosity=0)
    assert chain.stops[-1] == "Second play | Three"
    assert chain.last is not None and chain.last.code != 0 and chain.last.failed == ["a", "b"]
    assert "for good" in chain.last.output
