# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and taints of nodes."""

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


def annotations(api, name="w1"):
    return api.store[f"/api/v1/nodes/{name}"]["metadata"].get("annotations", {})


def labels(api, name="w1"):
    found = api.store[f"/api/v1/nodes/{name}"]["metadata"]["labels"]
    return {key: value for key, value in found.items() if key != "kubernetes.io/hostname"}


def changes(*steps, run):
    """Each declaration after the other, planned first: the plan is what then happens, and nothing is left to do."""
    shown = []
    for wanted in steps:
        planned = run(wanted, check_mode=True)
        done = run(wanted)
        assert planned == done
        assert run(wanted) == {"changed": False, "objects": [], "diff": []}
        shown.append(done)
    return shown


def test_what_is_no_longer_declared_goes(api, add, run):
    add("w1", FOREIGN, theirs="1")
    everything = WantedNode(
        "w1", {"zone": "a", "tier": "b"}, [GPU, {"key": "x", "effect": "NoSchedule"}], False, {"rack": 7}
    )
    fewer = WantedNode("w1", {"zone": "a"}, [{"key": "x", "effect": "NoSchedule"}])
    _first, second, third = changes(everything, fewer, WantedNode("w1"), run=run)
    assert "tier: b" in second["diff"][0]["before"] and "tier" not in second["diff"][0]["after"]
    assert "zone" not in second["diff"][0]["before"]
    assert 'rack: "7"' in second["diff"][0]["before"] and "rack" not in second["diff"][0]["after"]
    assert third["changed"]
    assert (labels(api), annotations(api), taints(api, "w1")) == ({"theirs": "1"}, {}, [FOREIGN])


def test_what_somebody_else_has_set_too_stays(api, add, run):
    add("w1", zone="a")
    node = api.store["/api/v1/nodes/w1"]
    owned = {"f:metadata": {"f:labels": {"f:zone": {}}}}
    node["metadata"]["managedFields"] = [{"manager": "kubelet", "operation": "Update", "fieldsV1": owned}]
    assert run(WantedNode("w1", {"zone": "a"}))["changed"] is False
    assert run(WantedNode("w1"))["changed"] is False
    assert labels(api) == {"zone": "a"}


def test_a_value_that_somebody_changed_is_mended(api, add, run):
    add("w1")
    wanted = WantedNode("w1", {"zone": "a"}, [GPU], False, {"rack": "7"})
    run(wanted)
    changed = api.store["/api/v1/nodes/w1"]
    changed["metadata"]["labels"]["zone"] = "b"
    changed["metadata"]["annotations"]["rack"] = "8"
    changed["spec"]["taints"] = [{**GPU, "value": "other"}, FOREIGN]
    (mended,) = changes(wanted, run=run)
    assert "zone: b" in mended["diff"][0]["before"] and "zone: a" in mended["diff"][0]["after"]
    assert (labels(api), annotations(api)["rack"], taints(api, "w1")) == ({"zone": "a"}, "7", [GPU, FOREIGN])


def test_only_declared_taints_are_recorded(api, add, run):
    add("cp1")
    run(WantedNode("cp1", control_plane=True))
    assert annotations(api, "cp1") == {}
    run(WantedNode("cp1", control_plane=True, taints=[DEFAULT, GPU]))
    assert annotations(api, "cp1") == {"kubephase.cluster/taints": "example.org/gpu:NoExecute"}
    run(WantedNode("cp1", control_plane=True))
    assert (taints(api), annotations(api, "cp1")) == ([DEFAULT], {})


def test_a_taint_the_kubelet_registered_is_declared_all_the_same(api, add, run):
    add("w1", GPU)
    assert run(WantedNode("w1", taints=[GPU]))["changed"]
    run(WantedNode("w1"))
    assert taints(api, "w1") == []


def test_managers_do_not_meet(api, add, admin_conf):
    add("w1")
    ensure([WantedNode("w1", {"a": "1"}, [GPU])], admin_conf, "", 5, False)
    other = WantedNode("w1", {"b": "2"}, [DEFAULT])
    ensure([other], admin_conf, "", 5, False, "storage")
    assert ensure([WantedNode("w1")], admin_conf, "", 5, False, "storage")["changed"]
    assert (labels(api), taints(api, "w1")) == ({"a": "1"}, [GPU])
    with pytest.raises(KubephaseError, match="field_manager: not the name of a field manager"):
        ensure([other], admin_conf, "", 5, False, "Not one")


def test_a_converged_node_costs_one_read(api, add, run):
    add("w1")
    wanted = WantedNode("w1", {"zone": "a"}, [GPU], False, {"rack": "7"})
    run(wanted)
    api.requests.clear()
    run(wanted, WantedNode("gone"))
    assert [request[:2] for request in api.requests] == [
        ("GET", "/version"),
        ("GET", "/api/v1/nodes/w1"),
        ("GET", "/api/v1/nodes/gone"),
    ]


def test_a_node_deleted_meanwhile_is_not_made_again(api, add, run):
    add("w1")
    run(WantedNode("w1", {"zone": "a"}))
    apply = next(body for method, _path, body in api.bodies if method == "PATCH")
    assert apply["metadata"]["uid"] == api.store["/api/v1/nodes/w1"]["metadata"]["uid"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"taints": [GPU, {**GPU, "value": "b"}]}, "two taints of one key and effect"),
        ({"labels": {"a": ["b"]}}, "labels of node w1: not text .got 'a'"),
    ],
)
def test_what_is_no_declaration(wanted, field):
    with pytest.raises(KubephaseError, match=field):
        WantedNode("w1", **wanted)


def test_a_switched_off_label_of_the_role_stays_off(api, add, run):
    add("cp1")
    changes(WantedNode("cp1", {EXCLUDED: None, "on": True}, control_plane=True), run=run)
    assert labels(api, "cp1") == {ROLE: "", "on": "true"}


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
        run(WantedNode("cp1", {"a": "b"}), timeout=0.2)
    api.put_in("/api/v1/nodes/cp1", {"metadata": {"name": "cp1"}, "spec": {}})
    with pytest.raises(KubephaseError, match="no kubernetes.io/hostname label"):
        run(WantedNode("cp1", {"a": "b"}), timeout=0.2)


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
