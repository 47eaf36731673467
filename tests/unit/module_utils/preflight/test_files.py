# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of files, with certificates made by openssl."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    FakeHost,
    configuration,
    message,
    outcome,
    request,
)

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {{component: {0}, tier: control-plane}}\n  name: {0}\n"
MANIFESTS = "etc/kubernetes/manifests"
SCHEDULER = "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml"
ETCD_YAML = "FileAvailable--etc-kubernetes-manifests-etcd.yaml"
ETCD_DIR = "DirAvailable--var-lib-etcd"
ETCD_DATA = "EtcdData--var-lib-etcd"
CA_CRT = "FileAvailable--etc-kubernetes-pki-ca.crt"
KUBELET_CONF = "FileAvailable--etc-kubernetes-kubelet.conf"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (POD.format("kube-scheduler"), ""),
        (POD.format("etcd"), "is not the static Pod of kube-scheduler"),
        ("kind: Pod\n", "is not the static Pod of kube-scheduler"),
        ("kind: ConfigMap\n", "is not the static Pod of kube-scheduler"),
        ("a: b: c: {", "is not the static Pod of kube-scheduler"),
        ("", "is not the static Pod of kube-scheduler"),
        ("- kind: Pod\n", "is not the static Pod of kube-scheduler"),
    ],
)
def test_a_manifest_that_is_there(fake: FakeHost, content: str, text: str) -> None:
    fake.write(f"{MANIFESTS}/kube-scheduler.yaml", content)
    report = fake.run(request())
    assert outcome(report, SCHEDULER).result == ("error" if text else "ok")
    assert text in message(report, SCHEDULER)


def test_a_directory_in_the_manifests_place(fake: FakeHost) -> None:
    (fake.root / MANIFESTS / "kube-scheduler.yaml").mkdir(parents=True)
    assert "has to be a file" in message(fake.run(request()), SCHEDULER)


def test_a_local_etcd_beside_an_external_one(fake: FakeHost) -> None:
    fake.write(f"{MANIFESTS}/etcd.yaml", POD.format("etcd"))
    assert outcome(fake.run(request()), ETCD_YAML).result == "ok"
    external = configuration(etcd={"external": {"endpoints": []}})
    assert "etcd is external" in message(fake.run(request(cluster=external)), ETCD_YAML)


@pytest.mark.parametrize(
    ("owner", "content", "result"),
    [
        (None, "", "error"),
        (f"{MANIFESTS}/etcd.yaml", POD.format("etcd"), "ok"),
        (f"{MANIFESTS}/etcd.yaml", "hello", "error"),
        ("etc/kubernetes/pki/etcd/server.crt", "x", "ok"),
    ],
)
def test_etcd_data(fake: FakeHost, owner: str | None, content: str, result: str) -> None:
    (fake.root / "var/lib/etcd").mkdir(parents=True)
    assert outcome(fake.run(request()), ETCD_DIR).result == "ok"
    (fake.root / "var/lib/etcd/member").mkdir()
    if owner:
        fake.write(owner, content)
    assert outcome(fake.run(request()), ETCD_DIR).result == result


def running_control_plane(fake: FakeHost) -> None:
    current = "var/lib/kubelet/pki/kubelet-client-current.pem"
    fake.write(current, "x")
    fake.write("etc/kubernetes/kubelet.conf", f"users:\n- user:\n    client-certificate: /{current}\n")
    fake.write(f"{MANIFESTS}/kube-apiserver.yaml", POD.format("kube-apiserver"))


@pytest.mark.parametrize("profile", ["init", "join_control_plane"])
def test_a_control_plane_without_the_data_of_its_etcd(fake: FakeHost, profile: str) -> None:
    running_control_plane(fake)
    text = message(fake.run(request(profile=profile)), ETCD_DATA)
    assert "is a control plane, and /var/lib/etcd has no data of etcd: a new etcd would be empty" in text
    (fake.root / "var/lib/etcd/member").mkdir(parents=True)
    assert outcome(fake.run(request(profile=profile)), ETCD_DATA).result == "ok"
    elsewhere = configuration(etcd={"local": {"dataDir": "/srv/etcd"}})
    assert outcome(fake.run(request(cluster=elsewhere, profile=profile)), "EtcdData--srv-etcd").result == "error"


@pytest.mark.parametrize("state", ["founding", "waits for its certificate", "joins", "worker"])
def test_who_has_no_etcd_yet(fake: FakeHost, state: str) -> None:
    running_control_plane(fake)
    if state == "founding":
        fake.write("etc/kubernetes/kubelet.conf", "users:\n- user:\n    client-certificate-data: LS0t\n")
    elif state == "waits for its certificate":
        (fake.root / "var/lib/kubelet/pki/kubelet-client-current.pem").unlink()
    elif state == "joins":
        fake.write("etc/kubernetes/bootstrap-kubelet.conf", "x")
    else:
        (fake.root / MANIFESTS / "kube-apiserver.yaml").unlink()
    assert outcome(fake.run(request()), ETCD_DATA).result == "ok"


def test_an_external_etcd_has_no_data_here(fake: FakeHost) -> None:
    running_control_plane(fake)
    report = fake.run(request(cluster=configuration(etcd={"external": {"endpoints": []}})))
    assert not [one for one in report.outcomes if one.check.name.startswith("EtcdData")]


def test_etcds_directory_is_the_one_of_the_configuration(fake: FakeHost) -> None:
    fake.write("srv/etcd.1/x", "")
    report = fake.run(request(cluster=configuration(etcd={"local": {"dataDir": "/srv/etcd.1"}})))
    assert outcome(report, "DirAvailable--srv-etcd.1").result == "error"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A CA and its pin, as the kubeadm documentation has openssl make it."""
    directory = tmp_path_factory.mktemp("ca")
    certificate = directory / "ca.crt"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=kubernetes -days 1 -out"
    subprocess.run([*command.split(), str(certificate)], check=True, capture_output=True)
    key = subprocess.run(
        f"openssl x509 -pubkey -noout -in {certificate} | openssl pkey -pubin -outform DER",
        shell=True,
        check=True,
        capture_output=True,
    ).stdout
    return certificate.read_text(), "sha256:" + hashlib.sha256(key).hexdigest()


@pytest.mark.parametrize(
    ("pin", "text"), [("own", ""), ("none", ""), ("other", "is of another cluster"), ("both", ""), ("upper", "")]
)
def test_a_ca_that_is_there(fake: FakeHost, authority: tuple[str, str], pin: str, text: str) -> None:
    pem, own = authority
    other = "sha256:" + "0" * 64
    upper = own.upper().replace("SHA256", "sha256")
    pins = {"own": [own], "none": [], "other": [other], "both": [other, own], "upper": [upper]}[pin]
    fake.write("etc/kubernetes/pki/ca.crt", pem)
    config = {"clusters": [{"cluster": {"certificate-authority-data": base64.b64encode(pem.encode()).decode()}}]}
    fake.write("etc/kubernetes/kubelet.conf", repr(config))
    report = fake.run(request(profile="join", ca_cert_hashes=pins))
    for name in (CA_CRT, KUBELET_CONF):
        assert outcome(report, name).result == ("error" if text else "ok")
        assert text in message(report, name)
    if text:
        assert own in message(report, CA_CRT)


def test_a_ca_that_is_none(fake: FakeHost) -> None:
    fake.write("etc/kubernetes/pki/ca.crt", "nothing")
    assert outcome(fake.run(request(profile="join")), CA_CRT).result == "ok"
    report = fake.run(request(profile="join", ca_cert_hashes=["sha256:" + "0" * 64]))
    assert "no PEM certificate" in message(report, CA_CRT)


def test_a_pin_that_is_none(fake: FakeHost) -> None:
    with pytest.raises(KubephaseError, match="caCertHashes"):
        fake.run(request(profile="join", ca_cert_hashes=["md5:1"]))


def test_the_cas_path_is_the_one_of_the_configuration(fake: FakeHost) -> None:
    report = fake.run(request(profile="join", ca_cert_path="/srv/ca.pem"))
    assert outcome(report, "FileAvailable--srv-ca.pem").result == "ok"


def test_what_a_died_join_left_behind(fake: FakeHost) -> None:
    fake.write("etc/kubernetes/bootstrap-kubelet.conf", "half")
    fake.write("etc/kubernetes/kubelet.conf", "half")
    report = fake.run(request(profile="join", ca_cert_hashes=["sha256:" + "0" * 64]))
    assert outcome(report, "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf").result == "ok"
    assert outcome(report, KUBELET_CONF).result == "ok"


@pytest.mark.parametrize("content", ["0\n", "", None])
def test_forwarding_that_is_off(fake: FakeHost, content: str | None) -> None:
    if content is None:
        (fake.root / "proc/sys/net/ipv4/ip_forward").unlink()
    else:
        fake.write("proc/sys/net/ipv4/ip_forward", content)
    text = message(fake.run(request()), "FileContent--proc-sys-net-ipv4-ip_forward")
    assert "set the sysctl net.ipv4.ip_forward to 1" in text


def test_certificates_for_an_external_etcd(fake: FakeHost, tmp_path: Path) -> None:
    fake.write("e/ca.crt", "x")
    external = {"endpoints": [], "caFile": "/e/ca.crt", "certFile": "/e/client.crt", "keyFile": "/e/client.key"}
    report = fake.run(request(cluster=configuration(etcd={"external": external})))
    found = [one for one in report.outcomes if one.check.name == "ExternalEtcdClientCertificates"]
    assert [one.result for one in found] == ["ok", "error", "error"]
    assert "/e/client.crt does not exist" in found[1].findings[0].message
