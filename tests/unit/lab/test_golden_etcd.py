from __future__ import annotations

import sys

import pytest
import yaml

from lab import golden_etcd, golden_store

COMMAND = [
    "etcd",
    "--advertise-client-urls=https://172.30.10.102:2379",
    "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
    "--data-dir=/var/lib/etcd",
    "--initial-cluster=second=https://172.30.10.102:2380,cp1=https://172.30.10.101:2380",
    "--listen-client-urls=https://127.0.0.1:2379,https://172.30.10.102:2379",
    "--listen-metrics-urls=http://127.0.0.1:2381",
    "--listen-peer-urls=https://172.30.10.102:2380",
]
POD = {"spec": {"containers": [{"command": COMMAND}]}}


def test_a_manifest_counts_when_it_is_written_to_its_end(tmp_path):
    manifest = tmp_path / "etcd.yaml"
    for text in ("", yaml.safe_dump(POD)):
        manifest.write_text(text)
        assert golden_etcd.command_of(manifest) == []
    manifest.write_text(yaml.safe_dump(POD) + "status: {}\n")
    assert golden_etcd.command_of(manifest) == COMMAND


def test_the_first_member_is_out_of_the_way_of_the_second():
    found = golden_etcd.first_member(COMMAND, "/root/cluster")
    assert "--cert-file=/root/cluster/pki/etcd/server.crt" in found
    assert "--listen-client-urls=https://172.30.10.102:2379" in found
    assert f"--data-dir={golden_etcd.DATA}" in found
    assert not any("metrics" in part for part in found)


def test_where_the_joining_member_listens():
    assert golden_etcd.peer_host(COMMAND) == "172.30.10.102"


def test_nothing_runs_for_a_cluster_whose_etcd_is_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(golden_etcd, "DATA", str(tmp_path / "data"))
    monkeypatch.setattr(golden_etcd, "JOINING", tmp_path / "none.yaml")
    with golden_etcd.Etcd("false", str(tmp_path)) as etcd:
        assert etcd.processes == []


def test_what_was_started_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(golden_etcd, "DATA", str(tmp_path / "data"))
    monkeypatch.setattr(golden_etcd, "LOG", tmp_path / "log")
    monkeypatch.setattr(golden_etcd, "JOINING", tmp_path / "none.yaml")
    (tmp_path / "manifests").mkdir()
    pod = {"spec": {"containers": [{"command": ["etcd", "-c", "import time; time.sleep(60)"]}]}}
    (tmp_path / "manifests" / "etcd.yaml").write_text(yaml.safe_dump(pod) + "status: {}\n")
    with golden_etcd.Etcd(sys.executable, str(tmp_path)) as etcd:
        (process,) = etcd.processes
        assert process.poll() is None
    assert process.poll() is not None


@pytest.mark.parametrize("order", ["a=https://1:2380,b=https://2:2380", "b=https://2:2380,a=https://1:2380"])
def test_members_are_stored_in_the_order_of_their_names(order):
    text = f"    - --initial-cluster={order}\n    - --initial-cluster-state=existing\n"
    wanted = "    - --initial-cluster=a=https://1:2380,b=https://2:2380\n    - --initial-cluster-state=existing\n"
    assert golden_store.with_members_in_order(text) == wanted
