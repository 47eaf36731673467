# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints of nodes."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._node_metadata import WantedNode, ensure

ROLE = "node-role.kubernetes.io/control-plane"
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
DEFAULT = {"key": ROLE, "effect": "NoSchedule"}
FOREIGN = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}
GPU = {"key": "example.org/gpu", "value": "a100", "effect": "NoExecute"}


def node(name, taints=(), **labels):
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}}
    return {"metadata": metadata, "spec": {"taints": list(taints)} if taints else {}}


@pytest.fixture
def add(api):
    return lambda name, *taints, **labels: api.put_in(f"/api/v1/nodes/{name}", node(name, taints, **labels))


@pytest.fixture
def run(admin_conf):
    def run(*nodes, check_mode=False, timeout=5):
        return ensure(nodes, admin_conf, "", timeout, check_mode)

    return run


def taints(api, name="cp1"):
    return api.store[f"/api/v1/nodes/{name}"]["spec"].get("taints", [])


def test_control_plane_and_worker_in_one_call(api, add, run):
    add("cp1", FOREIGN)
    add("w1", FOREIGN)
    wanted = [WantedNode("cp1", control_plane=True), WantedNode("w1", {"zone": "a"}, [GPU])]
    planned = run(*wanted, check_mode=True)
    assert api.writes == 2
    done = run(*wanted)
    assert planned == done
    assert [entry["object"] for entry in done["objects"]] == ["Node cp1", "Node w1"]
    assert taints(api) == [DEFAULT, FOREIGN] and taints(api, "w1") == [GPU, FOREIGN]
    assert api.store["/api/v1/nodes/cp1"]["metadata"]["labels"] == {
        "kubernetes.io/hostname": "cp1",
        ROLE: "",
        EXCLUDED: "",
    }
    assert api.store["/api/v1/nodes/w1"]["metadata"]["labels"]["zone"] == "a"
    assert run(*wanted) == {"changed": False, "objects": [], "diff": []}


@pytest.mark.parametrize(
    ("found", "wanted", "left"),
    [
        ([], None, [DEFAULT]),
        ([FOREIGN, DEFAULT], None, [FOREIGN, DEFAULT]),
        ([DEFAULT, FOREIGN], [], [FOREIGN]),
        ([DEFAULT], [], []),
        ([DEFAULT], [GPU], [GPU]),
        ([DEFAULT], [GPU, DEFAULT], [GPU, DEFAULT]),
        ([{**GPU, "value": "old"}, DEFAULT], [GPU], [GPU]),
        ([{**GPU, "timeAdded": "then"}], [DEFAULT, GPU], [DEFAULT, {**GPU, "timeAdded": "then"}]),
        ([{**GPU, "effect": "NoSchedule"}], [GPU], [GPU, {**GPU, "effect": "NoSchedule"}]),
    ],
)
def test_taints_of_a_control_plane(api, add, run, found, wanted, left):
    add("cp1", *found)
    run(WantedNode("cp1", taints=wanted, control_plane=True))
    assert taints(api) == left
    assert run(WantedNode("cp1", taints=wanted, control_plane=True))["changed"] is False


@pytest.mark.parametrize("wanted", [None, []])
def test_worker_without_declared_taints_keeps_all(api, add, run, wanted):
    add("w1", DEFAULT, FOREIGN)
    assert run(WantedNode("w1", taints=wanted))["changed"] is False
    assert taints(api, "w1") == [DEFAULT, FOREIGN]


def test_labels_of_others_stay_and_none_removes(api, add, run):
    add("w1", theirs="1", old="2")
    wanted = WantedNode("w1", {"own": 3, "old": None, "never": None})
    result = run(wanted)
    assert api.store["/api/v1/nodes/w1"]["metadata"]["labels"] == {
        "kubernetes.io/hostname": "w1",
        "theirs": "1",
        "own": "3",
    }
    assert "theirs" not in str(result["diff"])
    assert run(wanted)["changed"] is False


def test_node_that_registers_later_is_waited_for(api, add, run):
    def register():
        time.sleep(0.2)
        api.put_in("/api/v1/nodes/cp1", {"metadata": {"name": "cp1"}, "spec": {}})
        time.sleep(0.2)
        add("cp1")

    thread = threading.Thread(target=register)
    thread.start()
    run(WantedNode("cp1", control_plane=True))
    thread.join()
    assert taints(api) == [DEFAULT]


def test_node_that_does_not_register(api, run):
    with pytest.raises(
        KubephaseError, match="node cp1: the node did not register in time. Look at 'journalctl -u kubelet'"
    ):
        run(WantedNode("cp1"), timeout=0.2)
    api.put_in("/api/v1/nodes/cp1", {"metadata": {"name": "cp1"}, "spec": {}})
    with pytest.raises(KubephaseError, match="no kubernetes.io/hostname label"):
        run(WantedNode("cp1"), timeout=0.2)


def test_check_mode_does_not_wait(api, run, tmp_path):
    wanted = WantedNode("cp1", control_plane=True)
    before = time.monotonic()
    planned = run(wanted, check_mode=True, timeout=60)
    bare = ensure([wanted], str(tmp_path / "none.conf"), "", 60, True)
    assert time.monotonic() - before < 5
    assert planned == bare and planned["changed"]
    assert ROLE in planned["diff"][0]["after"]


def test_taint_added_meanwhile_is_not_lost(api, add, run, monkeypatch):
    add("cp1")
    raced = []
    real = api.answer

    def race(method, target, body):
        if method == "PATCH" and not raced:
            raced.append(target)
            add("cp1", FOREIGN)
        return real(method, target, body)

    monkeypatch.setattr(api, "answer", race)
    run(WantedNode("cp1", control_plane=True))
    assert raced and taints(api) == [DEFAULT, FOREIGN]


@pytest.mark.parametrize("taint", [{"key": "a"}, {"effect": "NoSchedule"}, {"key": "a", "effect": "Never"}])
def test_what_is_no_taint(taint):
    with pytest.raises(KubephaseError, match="taints of node cp1: not a taint"):
        WantedNode("cp1", taints=[taint])
