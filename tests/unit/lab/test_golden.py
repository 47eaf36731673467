from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lab import golden, kubeadm, masking, topology

SAID = """\
[preflight] Running pre-flight checks
[dryrun] Would perform action CREATE on resource "configmaps" in API group "core/v1"
[dryrun] Attached object:
apiVersion: v1
data:
  Corefile: |
    .:53 {

        errors
    }
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system

[dryrun] Would perform action GET on resource "nodes" in API group "core/v1"
[dryrun] Resource name "cp1", namespace ""
[dryrun] Attached object:
apiVersion: v1
kind: Node
metadata:
  name: cp1

[dryrun] Would perform action CREATE on resource "clusterroles" in API group "rbac.authorization.k8s.io/v1"
[dryrun] Attached object:
kind: ClusterRole
metadata:
  name: kubeadm:get-nodes

[addons] Applied essential addon: CoreDNS
"""


def test_only_created_objects_are_taken_from_a_dry_run_in_their_order():
    first, second = kubeadm.parse_dry_run(SAID)
    assert first["data"]["Corefile"] == ".:53 {\n\n    errors\n}\n"
    assert golden.file_name(first) == "configmap.kube-system.coredns.yaml"
    assert golden.file_name(second) == "clusterrole.kubeadm_get-nodes.yaml"


def test_credentials_of_objects_are_masked():
    secret = {
        "kind": "Secret",
        "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
        "data": {"token-id": "YWJjZGVm", "token-secret": "czNjcjN0", "usage-bootstrap-signing": "dHJ1ZQ=="},
    }
    info = {
        "kind": "ConfigMap",
        "metadata": {"name": "cluster-info"},
        "data": {
            "jws-kubeconfig-abcdef": "ey..sig",
            "kubeconfig": "a:\n    certificate-authority-data: Q0E=\n    server: x\n",
        },
    }
    text = json.dumps([masking.mask_object(secret), masking.mask_object(info)])
    for hidden in ("abcdef", "YWJjZGVm", "czNjcjN0", "ey..sig", "Q0E="):
        assert hidden not in text
    assert "dHJ1ZQ==" in text
    assert "server: x" in text


def test_nothing_of_the_uploaded_certificates_is_kept():
    uploaded = {
        "kind": "Secret",
        "metadata": {
            "name": "kubeadm-certs",
            "ownerReferences": [{"kind": "Secret", "name": "bootstrap-token-abcdef", "uid": "123-456"}],
        },
        "data": {"ca.key": "c2VjcmV0", "ca.crt": None},
    }
    assert masking.mask_object(uploaded) == {
        "kind": "Secret",
        "metadata": {
            "name": "kubeadm-certs",
            "ownerReferences": [{"kind": "Secret", "name": "bootstrap-token-tokenid", "uid": ""}],
        },
        "data": {"ca.key": "MASKED", "ca.crt": "MASKED"},
    }


def test_what_stays_of_an_object_is_what_was_declared():
    item = {
        "kind": "Deployment",
        "metadata": {
            "name": "coredns",
            "uid": "1",
            "resourceVersion": "2",
            "managedFields": [{"manager": "kubeadm"}],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 2},
    }
    assert golden.made_by_kubeadm(item)
    assert golden.bare(item) == {"kind": "Deployment", "metadata": {"name": "coredns"}, "spec": {"replicas": 2}}


def test_stored_objects_read_back(tmp_path):
    item = {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "one\ntwo \n", "b": "yes", "c": "1"}}
    assert yaml.safe_load(golden.dump(item)) == item


@pytest.mark.skipif(os.geteuid() != 0, reason="files are described by owner, and root owns the golden ones")
def test_a_host_is_described_without_its_keys(tmp_path):
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=kubernetes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    )
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=system:nodes/CN=n", "-keyout", "n.key", "-out", "n.csr"
    )
    openssl("x509", "-req", "-in", "n.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "365", "-out", "n.crt")
    (tmp_path / "n.crt").chmod(0o640)
    (tmp_path / "kubelet.conf").write_text("users:\n- user:\n    client-key-data: c2VjcmV0\n    token: abc\n")
    script = Path(golden.__file__).with_name("collect.py")
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(said)
    key = "".join((tmp_path / "n.key").read_text().splitlines()[1:3])
    assert key not in said.replace("\\n", "")
    assert "c2VjcmV0" not in said
    assert found["keys"][str(tmp_path / "n.key")] == {"pem_type": "PRIVATE KEY"}
    assert found["files"][str(tmp_path / "n.crt")]["mode"] == "640"
    assert found["texts"][str(tmp_path / "kubelet.conf")].count("MASKED") == 2
    leaf = found["certificates"][str(tmp_path / "n.crt")]["chain"][0]
    assert leaf["subject"] == ["O=system:nodes", "CN=n"]
    assert leaf["made_to_not_after_minutes"] == 365 * 24 * 60
    assert found["requests"][str(tmp_path / "n.csr")] == {
        "pem_types": ["CERTIFICATE REQUEST"],
        "subject": ["O=system:nodes", "CN=n"],
        "signature_algorithm": "sha256WithRSAEncryption",
        "key": {"type": "RSA", "bits": 2048},
        "extensions": {},
    }


def test_golden_hosts_are_those_of_molecule():
    theirs = {host.name: host for host in topology.load("molecule-default").hosts}
    assert all(theirs[host.name] == host for host in topology.load("golden").hosts)
