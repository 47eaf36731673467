# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter is run inside a real ansible-playbook; hosts are local connections under other names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.playbook

INVENTORY = """
all:
  vars: {ansible_connection: local, ansible_pipelining: true, ansible_python_interpreter: %s}
  hosts: {a: {}, b: {}}
"""

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: One each
      ansible.builtin.ping:
    - name: None, on the controller
      ansible.builtin.debug: {msg: here}
    - name: None, skipped
      ansible.builtin.ping:
      when: false
    - name: Three on a
      ansible.builtin.ping:
      loop: [1, 2, 3]
      when: inventory_hostname == 'a'
    - name: One on b, asked by a
      ansible.builtin.ping:
      delegate_to: b
      run_once: true
    - name: Two on a, an action that sends two modules
      ansible.builtin.copy: {content: x, dest: "%s/copied", mode: "0600"}
      when: inventory_hostname == 'a'
    - name: One on b, no module at all
      ansible.builtin.raw: "true"
      when: inventory_hostname == 'b'
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("remote_calls")
    (directory / "ansible.cfg").touch()
    (directory / "inventory.yml").write_text(INVENTORY % sys.executable)
    (directory / "play.yml").write_text(PLAYBOOK % directory)
    counted = directory / "calls.jsonl"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory.yml", "play.yml"],
        cwd=directory,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(Path(sys.prefix) / "collections"),
            "ANSIBLE_CALLBACKS_ENABLED": "kubephase.cluster.remote_calls",
            "KUBEPHASE_REMOTE_CALLS_FILE": str(counted),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = counted.read_text().splitlines()
    return done.stdout, json.loads(line)


def calls_of(run: dict[str, Any], task: str) -> list[tuple[str, str]]:
    (entry,) = (entry for entry in run["tasks"] if entry["task"] == task)
    return sorted((call["host"], call["module"].rpartition(".")[2]) for call in entry["calls"])


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("One each", [("a", "ping"), ("b", "ping")]),
        ("None, on the controller", []),
        ("None, skipped", []),
        ("Three on a", [("a", "ping")] * 3),
        ("One on b, asked by a", [("b", "ping")]),
        ("Two on a, an action that sends two modules", [("a", "copy"), ("a", "stat")]),
        ("One on b, no module at all", [("b", "command")]),
    ],
)
def test_counts_what_is_sent(ran: tuple[str, dict[str, Any]], task: str, expected: list[tuple[str, str]]) -> None:
    assert calls_of(ran[1], task) == expected


def test_totals_per_host(ran: tuple[str, dict[str, Any]]) -> None:
    assert ran[1]["hosts"] == {"a": 6, "b": 3}


def test_prints_the_totals(ran: tuple[str, dict[str, Any]]) -> None:
    (total,) = (line.split() for line in ran[0].splitlines() if line.startswith("total"))
    assert total[2:] == ["6", "3"]


def test_times_the_tasks(ran: tuple[str, dict[str, Any]]) -> None:
    run = ran[1]
    assert 0 < sum(entry["seconds"] for entry in run["tasks"]) <= run["seconds"]
    assert all(call["seconds"] > 0 for entry in run["tasks"] for call in entry["calls"])
