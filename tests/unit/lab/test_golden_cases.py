from __future__ import annotations

import pytest
import yaml

from lab import golden_cases, golden_runs, pins
from lab.golden_cases import Case
from lab.golden_matrix import files_of, mask_output, sentence

RELEASE = pins.release("1.37")


def test_a_case_needs_a_title_and_has_only_known_fields():
    assert golden_cases.parse("x", "title: some\nminors: ['1.36']\n").runs_on("1.36")
    assert not golden_cases.parse("x", "title: some\nminors: ['1.36']\n").runs_on("1.37")
    for wrong in ("minors: []", "title: a\ntypo: 1", "title: a\nkind: other", "title: a\nminors: ['1.20']", "[]"):
        with pytest.raises(SystemExit, match=r"cases/x/case\.yml"):
            golden_cases.parse("x", wrong)


def test_there_are_many_cases_and_the_plain_one_is_first():
    names = golden_cases.names()
    assert names[0] == "plain"
    accepted = [name for name in names if "refused" not in name]
    assert len(accepted) >= 32


@pytest.mark.parametrize("name", golden_cases.names())
def test_a_case_can_be_read(name):
    case = golden_cases.load(name)
    for document in case.documents(RELEASE.version):
        assert document["apiVersion"]
    text = case.config(RELEASE.version)
    assert "{version}" not in text
    assert "{ca_hash}" not in text
    if case.joins:
        assert golden_cases.load(case.cluster).kind == "init"


def test_files_of_a_case_come_with_the_version_filled_in():
    files = files_of(golden_cases.load("patches"), "filled in")
    assert files["config.yaml"] == "filled in"
    assert "patches/deeper/kube-scheduler1+merge.json" in files
    assert "case.yml" not in files


def config(folder, *documents):
    folder.joinpath("config.yaml").write_text(yaml.safe_dump_all(documents))


def init_runs(monkeypatch, tmp_path, cluster=None, init=None):
    (tmp_path / "x").mkdir()
    config(
        tmp_path / "x",
        {"kind": "InitConfiguration", "localAPIEndpoint": {"advertiseAddress": golden_runs.ADDRESS}, **(init or {})},
        {"kind": "ClusterConfiguration", **(cluster or {})},
    )
    monkeypatch.setattr(golden_cases, "FOLDER", tmp_path)
    return golden_runs.of("kubeadm", Case("x", "title"), RELEASE)


def test_phases_that_a_case_skips_are_skipped_in_every_run(monkeypatch, tmp_path):
    runs = init_runs(monkeypatch, tmp_path, init={"skipPhases": ["addon"]})
    skipped = [part for run in runs for part in run["command"] if part.startswith("--skip-phases=")]
    assert len(skipped) == 3
    assert all("addon" in each.partition("=")[2].split(",") for each in skipped)


def test_the_cluster_is_asked_only_where_its_endpoint_is_the_host(monkeypatch, tmp_path):
    runs = init_runs(monkeypatch, tmp_path, cluster={"controlPlaneEndpoint": "api.example.com"})
    assert not any("serve" in run for run in runs)


def test_the_api_server_has_the_certificate_and_the_port_of_the_case(monkeypatch, tmp_path):
    endpoint = {"advertiseAddress": golden_runs.ADDRESS, "bindPort": 7443}
    runs = init_runs(
        monkeypatch, tmp_path, cluster={"certificatesDir": "/srv/pki"}, init={"localAPIEndpoint": endpoint}
    )
    (served,) = [run["serve"] for run in runs if "serve" in run]
    assert served == {
        "objects": {},
        "port": 7443,
        "certificate": "/srv/pki/apiserver.crt",
        "key": "/srv/pki/apiserver.key",
    }


def test_what_was_there_before_is_made_by_kubeadm_and_some_of_it_taken_away():
    *made, removed, _later = golden_runs.existing(
        "kubeadm", Case("x", "title", existing_without=["/etc/kubernetes/pki/ca.key"])
    )
    assert [command.split()[3] for command in made] == ["certs", "kubeconfig"]
    assert removed == "rm /etc/kubernetes/pki/ca.key"
    assert golden_runs.existing("kubeadm", Case("x", "title", prepare=["only"])) == []


def test_the_sentence_is_kubeadms_without_log_and_secrets():
    said = (
        "W1123 05:47:01.860592     205 constants.go:627] Using dry-run directory /etc/x\n"
        "\t[WARNING SystemVerification]: old\n"
        "error: token abcdef.0123456789abcdef, hash sha256:" + "a" * 64 + "\nsecond line\n"
        "To see the stack trace of this error execute with --v=5 or higher\n"
    )
    assert sentence(said) == "token MASKED, hash sha256:MASKED\nsecond line"
    assert mask_output("kubeadm join x --token abcdef.0123456789abcdef\n") == "kubeadm join x --token MASKED\n"
