# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as desired state, against the stand-in server."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_api
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import ApiError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import parse, run_objects

RBAC = "rbac.authorization.k8s.io"
MAP = "/api/v1/namespaces/kube-system/configmaps/c"
ROLE = f"/apis/{RBAC}/v1/clusterroles/r"
BINDING = f"/apis/{RBAC}/v1/clusterrolebindings/b"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/d"


def config_map(**metadata):
    metadata = {"name": "c", "namespace": "kube-system", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"own": "1"}}


def role(*verbs):
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": list(verbs)}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]}


def binding(name):
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
    return {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": reference, "subjects": [{"kind": "Group", "name": "g"}],
    }  # fmt: skip


def deployment(replicas=2):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "kube-system"},
        "spec": {"replicas": replicas, "template": template},
    }  # fmt: skip


def secret(**values):
    metadata = {"name": "s", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


@pytest.fixture
def run(admin_conf):
    def run(*objects, **options):
        return run_objects(list(objects), kubeconfig=admin_conf, timeout=5, **options)

    return run


def actions(result):
    assert result["changed"] is bool(result["objects"])
    assert len(result["diff"]) == len(result["objects"])
    return [(entry["object"], entry["action"]) for entry in result["objects"]]


@pytest.mark.parametrize("obj", [config_map(), role("get"), binding("x"), deployment(), secret(a="b")])
def test_created_once(api, run, obj):
    assert [action for _, action in actions(run(obj, check_mode=True))] == ["created"]
    assert api.writes == 0
    assert [action for _, action in actions(run(obj))] == ["created"]
    writes = api.writes
    assert actions(run(obj)) == []
    assert actions(run(obj, check_mode=True)) == []
    assert api.writes == writes


def test_what_the_server_fills_in_is_no_difference(api, run):
    def fill(obj):
        for subject in obj.get("subjects", []):
            subject.setdefault("apiGroup", RBAC)

    api.defaults.append(fill)
    run(binding("x"))
    assert api.store[BINDING]["subjects"] == [{"apiGroup": RBAC, "kind": "Group", "name": "g"}]
    assert actions(run(binding("x"))) == []


def test_rule_added_by_hand_is_shown_and_taken_away(api, run):
    run(role("get"))
    drifted = role("get")
    drifted["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    api.put_in(ROLE, drifted)
    planned = run(role("get"), check_mode=True)
    assert len(api.store[ROLE]["rules"]) == 2
    done = run(role("get"))
    assert actions(planned) == actions(done) == [("ClusterRole r", "updated")]
    assert planned["diff"] == done["diff"]
    assert "secrets" in done["diff"][0]["before"] and "secrets" not in done["diff"][0]["after"]
    assert api.store[ROLE]["rules"] == role("get")["rules"]


def test_labels_annotations_and_data_of_others_stay(api, run):
    theirs = config_map(labels={"theirs": "1"}, annotations={"theirs": "2"})
    theirs["data"] = {"jws-kubeconfig-abcdef": "signature"}
    api.put_in(MAP, theirs)
    assert actions(run(config_map(labels={"own": "1"}))) == [("ConfigMap kube-system/c", "updated")]
    found = api.store[MAP]
    assert found["metadata"]["labels"] == {"theirs": "1", "own": "1"}
    assert found["metadata"]["annotations"] == {"theirs": "2"}
    assert found["data"] == {"own": "1", "jws-kubeconfig-abcdef": "signature"}
    assert actions(run(config_map(labels={"own": "1"}))) == []


def test_none_removes(api, run):
    run(config_map(annotations={"hash": "1"}))
    gone = config_map(annotations={"hash": None})
    assert actions(run(gone)) == [("ConfigMap kube-system/c", "updated")]
    assert "hash" not in api.store[MAP]["metadata"].get("annotations", {})
    assert actions(run(gone)) == []


def test_kept_paths_are_those_of_the_existing_object(api, run):
    keep = ["spec.replicas", "data.own"]
    run(deployment(2), config_map(), keep=keep)
    api.put_in(DEPLOYMENT, {**deployment(5)})
    changed = config_map()
    changed["data"] = {"own": "tuned"}
    api.put_in(MAP, changed)
    assert actions(run(deployment(2), config_map(), keep=keep)) == []
    assert actions(run(deployment(2), keep=[])) == [("Deployment kube-system/d", "updated")]


def test_a_patch_wins_over_what_is_kept(api, run):
    def patch(obj):
        if obj["kind"] != "Deployment":
            return obj
        return {**obj, "spec": {**obj["spec"], "replicas": obj["spec"]["replicas"] + 10, "minReadySeconds": 1}}

    run(deployment(2), patch=patch)
    assert api.store.get(DEPLOYMENT)["spec"]["replicas"] == 12
    api.put_in(DEPLOYMENT, deployment(5))
    planned = run(deployment(2), config_map(), keep=["spec.replicas"], patch=patch, check_mode=True)
    assert actions(planned)[0] == ("Deployment kube-system/d", "updated")
    run(deployment(2), keep=["spec.replicas"], patch=patch)
    assert api.store.get(DEPLOYMENT)["spec"]["replicas"] == 15
    assert api.store.get(DEPLOYMENT)["spec"]["minReadySeconds"] == 1


def test_a_patch_that_fails_sends_nothing(api, run):
    def patch(obj):
        if obj["kind"] == "Deployment":
            raise KubephaseError("no")
        return obj

    with pytest.raises(KubephaseError, match="no"):
        run(config_map(), deployment(2), patch=patch)
    assert api.store.get(MAP) is None


def test_restart_by_kubectl_is_not_undone(api, run):
    run(deployment())
    restarted = deployment()
    restarted["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    api.put_in(DEPLOYMENT, restarted)
    assert actions(run(deployment())) == []


def test_binding_of_another_role_is_made_anew(api, run):
    run(binding("wrong"))
    old = api.store[BINDING]["metadata"]["uid"]
    assert actions(run(binding("right"), check_mode=True)) == [("ClusterRoleBinding b", "replaced")]
    assert api.store[BINDING]["roleRef"]["name"] == "wrong"
    assert actions(run(binding("right"))) == [("ClusterRoleBinding b", "replaced")]
    assert api.store[BINDING]["roleRef"]["name"] == "right"
    assert api.store[BINDING]["metadata"]["uid"] != old
    assert actions(run(binding("right"))) == []


def test_somebody_else_writes_at_the_same_time(api, run, monkeypatch):
    run(role("get"))
    raced = []
    real = api.answer

    def race(method, target, body):
        if method == "PUT" and "dryRun" not in target and not raced:
            raced.append(target)
            theirs = copy.deepcopy(api.store[ROLE])
            theirs["metadata"]["labels"] = {"theirs": "1"}
            api.put_in(ROLE, theirs)
        return real(method, target, body)

    monkeypatch.setattr(api, "answer", race)
    run(role("get", "list"))
    assert raced
    assert api.store[ROLE]["metadata"]["labels"] == {"theirs": "1"}
    assert api.store[ROLE]["rules"][0]["verbs"] == ["get", "list"]


def test_secret_shows_only_which_keys_change(api, run):
    first = run(secret(one="VALUE-1", two="VALUE-2"))
    api.store["/api/v1/namespaces/kube-system/secrets/s"]["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "VkFMVUUtMQ==",
        "seen": "yes",
    }
    second = run(secret(one="VALUE-3", two="VALUE-2"))
    text = str(first) + str(second)
    assert "VALUE" not in text and "VkFMVUU" not in text
    after = second["diff"][0]["after"]
    assert "one: (hidden, changed)" in after and "two: (hidden)" in after and "seen" in after
    assert "one: (hidden)" in second["diff"][0]["before"]


def test_absent(api, run):
    run(role("get"), config_map())
    assert actions(run(role(), config_map(), absent=True, check_mode=True)) == [
        ("ClusterRole r", "deleted"),
        ("ConfigMap kube-system/c", "deleted"),
    ]
    assert ROLE in api.store
    run(role(), config_map(), absent=True)
    assert ROLE not in api.store and MAP not in api.store
    assert actions(run(role(), config_map(), absent=True)) == []


CUSTOM = {
    "apiVersion": "example.org/v1",
    "kind": "Thing",
    "metadata": {"name": "t", "namespace": "default"},
    "spec": {},
}
RESOURCES = [
    {"name": "things/status", "kind": "Thing", "namespaced": True},
    {"name": "things", "kind": "Thing", "namespaced": True},
]


def test_other_kinds_are_asked_from_the_server_once(api, run):
    api.resources["/apis/example.org/v1"] = RESOURCES
    other = {**CUSTOM, "metadata": {"name": "u"}}
    assert actions(run(CUSTOM, other)) == [("Thing default/t", "created"), ("Thing u", "created")]
    assert {"t", "u"} == {
        path[-1] for path in api.store if path.startswith("/apis/example.org/v1/namespaces/default/things/")
    }
    assert [path for _, path, _ in api.requests].count("/apis/example.org/v1") == 1


def test_kind_that_comes_with_the_same_manifest(api, run):
    assert actions(run(CUSTOM, check_mode=True)) == [("Thing default/t", "created")]
    api.next += [(404, "NotFound")]
    api.resources["/apis/example.org/v1"] = RESOURCES
    run(CUSTOM)
    assert "/apis/example.org/v1/namespaces/default/things/t" in api.store


def test_server_side_apply_leaves_other_fields_alone(api, run):
    run(deployment(), server_side=True)
    theirs = deployment()
    theirs["spec"]["paused"] = True
    api.put_in(DEPLOYMENT, theirs)
    assert actions(run(deployment(), server_side=True)) == []
    assert actions(run(deployment(3), server_side=True, check_mode=True)) == [("Deployment kube-system/d", "updated")]
    assert api.store[DEPLOYMENT]["spec"]["replicas"] == 2
    assert actions(run(deployment(3), server_side=True)) == [("Deployment kube-system/d", "updated")]
    assert api.store[DEPLOYMENT]["spec"]["replicas"] == 3 and api.store[DEPLOYMENT]["spec"]["paused"]


def test_bare_host_in_check_mode(tmp_path):
    missing = str(tmp_path / "admin.conf")
    result = run_objects([config_map(annotations={"gone": None}), role("get")], kubeconfig=missing, check_mode=True)
    assert [action for _, action in actions(result)] == ["created", "created"]
    assert "gone" not in result["diff"][0]["after"]
    assert actions(run_objects([role()], kubeconfig=missing, check_mode=True, absent=True)) == []


def test_invalid_object_is_refused_soon_and_with_its_name(api, run, monkeypatch):
    monkeypatch.setitem(_kube_api._BRIEF_STATUSES, 422, 0.0)
    # the version, the object, its creation
    api.next += [(404, "NotFound"), (404, "NotFound"), (422, "Invalid")]
    with pytest.raises(ApiError, match="clusterroles: 422 Invalid: stand-in says Invalid"):
        run(role("get"))


def test_an_object_without_a_name_is_refused_before_any_is_sent(api, run):
    with pytest.raises(KubephaseError, match="not an API object"):
        run(role("get"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})
    assert api.requests == []


def test_manifest_of_several_documents():
    text = """# head
---
kind: A
---

---
kind: List
items:
- kind: B
- kind: C
--- # tail
kind: D
text: |
  ---
  not a document
"""
    found = parse(text, "m.yaml")
    assert [obj["kind"] for obj in found] == ["A", "B", "C", "D"]
    assert found[3]["text"] == "---\nnot a document\n"


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "a: [\n", "a: 1\na: 2\n"])
def test_what_is_no_manifest(text):
    with pytest.raises(KubephaseError, match=r"m\.yaml"):
        parse(text, "m.yaml")
