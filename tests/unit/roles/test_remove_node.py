# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role asks and does, in its order, played without a host."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jinja2
import pytest
import yaml

from tests.parity import playing
from tests.unit.roles.bare_host import FACTS

ROLE = playing.CHECKOUT / "roles/remove_node"
FULL = "cp3.example.org"
LOST = {"nodes": [{"name": "cp3", "reports": False, "addresses": []}], "etcd": {"members": []}}
WELL = {"nodes": [{"name": "cp1", "reports": True, "addresses": []}], "etcd": {"members": []}}


@cache
def loaded() -> playing.Loaded:
    """The first stage. Files that are included when they run are not played."""
    variables = {**read("defaults/main.yml"), **read("vars/main.yml")}
    return playing.load([{"role": "config"}], read("tasks/drain.yml"), variables)


def read(path: str) -> Any:
    return playing.playbook_file(ROLE / path)


def play(cluster: dict[str, Any], **variables: Any) -> list[str]:
    """The modules in their order."""
    calls: list[str] = []

    def answer(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == "host_info":
            return {"changed": False, "host": FACTS}
        calls.append(module)
        return {"changed": False, **(cluster if module == "cluster_info" else {})}

    playing.play(loaded(), {"kubephase_node_role": "control_plane", **variables}, answer)
    return calls


def removal(*guessed: str) -> dict[str, Any]:
    return {
        "remove_node_nodes": [FULL],
        "remove_node_members": [{"name": FULL, "peer_urls": []}],
        "remove_node_guessed": [{"name": name, "host": True, "addresses": []} for name in guessed],
    }


def test_a_name_that_was_confirmed_is_not_asked_for() -> None:
    assert play(LOST, **removal()) == ["etcd_member", "node_drain"]


def test_a_guessed_name_is_looked_for_before_anything_is_done() -> None:
    assert play(WELL, **removal(FULL)) == ["cluster_info", "etcd_member", "node_drain"]
    with pytest.raises(playing.TaskFailed, match=r"called cp3.example.org, and this is lost: node cp3"):
        play(LOST, **removal(FULL))


def test_a_name_is_a_text() -> None:
    environment = jinja2.Environment()  # noqa: S701 it makes YAML
    environment.filters["to_json"] = json.dumps
    text = environment.from_string((ROLE / "templates/nodes.yaml.j2").read_text()).render(
        remove_node_nodes=["1e3", "w1"]
    )
    assert [one["metadata"]["name"] for one in yaml.safe_load_all(text) if one] == ["1e3", "w1"]
