# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the authorities are on one control plane alone: the others work, sign through it, and more can join."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.control_planes import with_groups
from tests.cluster.etcd_hosts import ETCD_HOSTS, PKI
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run

HOLDER, OTHER, WORKER, LATER = "cp1", "cp2", "w1", "s1"
AUTHORITIES = ("ca", "front-proxy-ca")
MANIFESTS = "/etc/kubernetes/manifests"
#: both are kube-controller-manager; no pattern is found in the shell that looks for it
PROCESSES = {
    "kube-controller-manager": "[k]ube-controller-manager .*--leader-elect=true",
    "kube-csr-signer": "[c]ertificatesigningrequest-signing-controller",
}
#: seconds in which a controller that runs would have signed
LONG_ENOUGH = 8


@pytest.fixture(scope="module")
def grown(hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Playbooks:
    return with_groups(
        tmp_path_factory.mktemp("grown"),
        etcd=list(ETCD_HOSTS),
        control_plane=[HOLDER, OTHER, LATER],
        workers=[WORKER],
    )


@pytest.fixture(scope="module")
def joined(grown: Playbooks) -> Run:
    run = grown.site()
    assert run.code == 0, run.output[-20000:]
    return run


def keys(host: Host) -> set[str]:
    """Names of the private keys below the directory of certificates."""
    found = host.run(f"cd {PKI} && grep -rl 'PRIVATE KEY-----' . || true").split()
    return {path.removeprefix("./") for path in found}


def test_only_one_host_has_them(hosts: dict[str, Host]) -> None:
    assert {f"{name}.key" for name in AUTHORITIES} <= keys(hosts[HOLDER])
    assert not {f"{name}.key" for name in (*AUTHORITIES, "etcd/ca")} & keys(hosts[OTHER])
    assert hosts[OTHER].read(f"{PKI}/ca.crt") == hosts[HOLDER].read(f"{PKI}/ca.crt")
    assert "kube-csr-signer.yaml" in hosts[HOLDER].run(f"ls {MANIFESTS}")
    assert "kube-csr-signer.yaml" not in hosts[OTHER].run(f"ls {MANIFESTS}")


@pytest.mark.parametrize("name", [HOLDER, OTHER, WORKER])
def test_every_node_is_one(cluster: Cluster, name: str) -> None:
    eventually(lambda: ready(cluster.get("node", name)), f"node {name} is Ready", 60)


@pytest.mark.parametrize("name", [OTHER, WORKER])
def test_kubelets_have_a_certificate_of_the_authority(hosts: dict[str, Host], name: str) -> None:
    current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    eventually(lambda: hosts[name].shell(f"test -s {current}").returncode == 0, f"{name} has {current}", 60)
    hosts[name].run(f"openssl verify -CAfile {PKI}/ca.crt {current}")


def test_requests_are_signed_whoever_leads(cluster: Cluster, hosts: dict[str, Host]) -> None:
    with _without(hosts[HOLDER], "kube-controller-manager"):
        eventually(lambda: _leads(cluster, OTHER), f"{OTHER} leads", 90)
        eventually(lambda: _signed(cluster, "whoever-leads"), "the request is signed", 60)


def test_without_the_signer_they_wait_and_are_signed_when_it_is_back(cluster: Cluster, hosts: dict[str, Host]) -> None:
    with (
        _without(hosts[HOLDER], "kube-csr-signer", "kube-controller-manager"),
        pytest.raises(AssertionError, match="is signed"),
    ):
        eventually(lambda: _signed(cluster, "waiting"), "the request is signed", LONG_ENOUGH)
    eventually(lambda: _signed(cluster, "waiting"), "the request is signed", 90)


def test_another_control_plane_joins_later(joined: Run, cluster: Cluster, hosts: dict[str, Host]) -> None:
    eventually(lambda: ready(cluster.get("node", LATER)), f"node {LATER} is Ready", 60)
    assert not {f"{name}.key" for name in (*AUTHORITIES, "etcd/ca")} & keys(hosts[LATER])
    assert {"sa.key", "apiserver.key", "apiserver-kubelet-client.key", "front-proxy-client.key"} <= keys(hosts[LATER])
    answer = cluster.kubectl(f"--server=https://{hosts[LATER].address}:6443", "get", "--raw", "/readyz")
    assert answer == "ok"


def test_what_travelled_is_said(joined: Run) -> None:
    said = joined.output[joined.output.index("List what travelled") :]
    assert "sa.key" in said
    assert "ca.key" not in said


def test_the_next_run_changes_nothing(joined: Run, grown: Playbooks) -> None:
    again = grown.site()
    assert again.code == 0 and not any(again.changed.values()), again.output[-20000:]


@contextmanager
def _without(host: Host, *names: str) -> Iterator[None]:
    """Static Pods are away."""
    for name in names:
        host.run(f"mv {MANIFESTS}/{name}.yaml /root/{name}.yaml")
    try:
        eventually(lambda: not any(_runs(host, name) for name in names), f"{names} are gone from {host.name}", 60)
        yield
    finally:
        for name in names:
            host.run(f"mv /root/{name}.yaml {MANIFESTS}/{name}.yaml")


def _runs(host: Host, name: str) -> bool:
    return bool(host.run(f"pgrep -f '{PROCESSES[name]}' || true").strip())


def _leads(cluster: Cluster, name: str) -> bool:
    lease = cluster.get("lease", "-n", "kube-system", "kube-controller-manager")
    return str(lease["spec"]["holderIdentity"]).startswith(f"{name}_")


def _signed(cluster: Cluster, name: str) -> bool:
    """Asks, as a client does that nobody knows yet, and approves as an administrator."""
    if cluster.call("get", "csr", name).returncode:
        cluster.apply(_request(name))
        cluster.kubectl("certificate", "approve", name)
    return bool(cluster.get("csr", name)["status"].get("certificate"))


def _request(name: str) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
