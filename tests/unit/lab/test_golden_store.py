from __future__ import annotations

import json

import pytest

from lab import golden_cases, golden_store
from lab.golden_store import Golden

ROLE = {"apiVersion": "v1", "kind": "Role", "metadata": {"name": "kubeadm:x", "namespace": "kube-system"}, "rules": []}
CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c"},
    "data": {"a": "one\ntwo \n", "b": "yes", "c": "1"},
}
FILE = {"type": "file", "mode": "600", "owner": "root", "group": "root"}


def plain() -> Golden:
    return Golden(
        files={"/etc/a.conf": FILE, "/etc/b.conf": FILE},
        certificates={"/etc/pki/ca.crt": {"chain": []}},
        keys={"/etc/pki/ca.key": {"pem_type": "EC PRIVATE KEY"}},
        texts={"/etc/a.conf": "a\n", "/etc/b.conf": "b\n"},
        objects=[CONFIG, ROLE],
        patches=[{"path": "/api/v1/nodes/cp1", "body": {}}],
    )


def other() -> Golden:
    found = plain()
    found.files["/etc/b.conf"] = {**FILE, "mode": "640"}
    found.texts = {"/etc/a.conf": "a\n", "/etc/b.conf": "different\n", "/srv/c.env": "c\n"}
    found.objects = [ROLE, {**CONFIG, "data": {"a": "three"}}]
    found.requests = {"/etc/a.csr": {"subject": []}}
    found.output = "said\n"
    del found.keys["/etc/pki/ca.key"]
    return found


def test_a_case_reads_back_as_it_was_stored(tmp_path):
    golden_store.write("1.37", "plain", plain(), tmp_path)
    golden_store.write("1.37", "other", other(), tmp_path)
    assert golden_store.read("1.37", "plain", tmp_path) == plain()
    assert golden_store.read("1.37", "other", tmp_path) == other()


def test_what_the_plain_case_has_is_not_stored_again(tmp_path):
    golden_store.write("1.37", "plain", plain(), tmp_path)
    golden_store.write("1.37", "other", other(), tmp_path)
    folder = tmp_path / "1.37" / "other"
    assert not (folder / "etc" / "a.conf").exists()
    assert json.loads((folder / "files.json").read_text())["/etc/a.conf"] == "plain"
    assert "same_as_plain: role.kube-system.kubeadm_x\n" in (folder / "objects.yaml").read_text()


def test_storing_anew_leaves_nothing_of_before(tmp_path):
    golden_store.write("1.37", "plain", plain(), tmp_path)
    golden_store.write("1.37", "other", other(), tmp_path)
    golden_store.write("1.37", "other", Golden(refused="no: such thing"), tmp_path)
    assert golden_store.read("1.37", "other", tmp_path) == Golden(refused="no: such thing")
    assert [path.name for path in (tmp_path / "1.37" / "other").iterdir()] == ["verdict.json"]


def test_times_that_depend_on_how_long_kubeadm_ran_are_left_out():
    leaf = {
        "subject": ["CN=leaf"],
        "issuer": ["CN=ca"],
        "not_before_is_that_of_the_signer": True,
        "not_before_to_not_after_seconds": 31536301,
        "not_before_to_made_minutes": 5,
        "made_to_not_after_minutes": 525600,
    }
    authority = {**leaf, "subject": ["CN=ca"]}
    later = {**leaf, "not_before_is_that_of_the_signer": False}
    shown = golden_store.without_run_time(
        {
            "leaf": {"chain": [dict(leaf)]},
            "ca": {"chain": [dict(authority)]},
            "later": {"chain": [dict(later)]},
            "copy": {"same_as": "ca"},
        }
    )
    assert "not_before_to_not_after_seconds" not in shown["leaf"]["chain"][0]
    assert shown["leaf"]["chain"][0]["made_to_not_after_minutes"] == 525600
    assert shown["ca"]["chain"] == [authority]
    assert shown["later"]["chain"] == [later]


def test_every_case_is_stored_for_every_minor_it_runs_on():
    missing = [
        f"{minor}/{case.name}"
        for case in golden_cases.every()
        for minor in golden_cases.pins.RELEASES
        if case.runs_on(minor) and not (golden_store.FOLDER / minor / case.name / "verdict.json").is_file()
    ]
    assert missing == []


def test_nothing_is_stored_of_a_case_that_there_is_not():
    known = {*golden_cases.names(), "default"}
    stored = {path.name for minor in golden_cases.pins.RELEASES for path in (golden_store.FOLDER / minor).iterdir()}
    assert stored - known == set()


@pytest.mark.parametrize(
    "pattern",
    ["PRIVATE KEY-----", "client-key-data: (?!MASKED)", "token: (?!MASKED)", r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"],
)
def test_no_key_and_no_token_is_stored(pattern):
    import re

    found = [
        path
        for path in golden_store.FOLDER.rglob("*")
        if path.is_file() and "default" not in path.parts and re.search(pattern, path.read_text())
    ]
    assert found == []
