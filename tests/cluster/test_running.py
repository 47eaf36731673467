# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What anybody expects of a cluster, asked of the real one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.hosts import Host

NODES = ("cp1", "w1", "w2")
WORKERS = ("w1", "w2")
CLIENT_CERTIFICATE = "/var/lib/kubelet/pki/kubelet-client-current.pem"


@pytest.mark.parametrize("node", NODES)
def test_node_is_ready(cluster: Cluster, node: str) -> None:
    eventually(lambda: ready(cluster.get("node", node)), f"node {node} is Ready")


def test_every_system_pod_runs(cluster: Cluster) -> None:
    def waiting() -> list[str]:
        pods = cluster.items("pods", "-n", "kube-system")
        return [each["metadata"]["name"] for each in pods if each["status"]["phase"] != "Running" or not ready(each)]

    eventually(lambda: not waiting(), f"Running and Ready: {waiting()}", 120)
    names = [each["metadata"]["name"] for each in cluster.items("pods", "-n", "kube-system")]
    for component in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert f"{component}-cp1" in names
    assert len([name for name in names if name.startswith("kube-proxy-")]) == len(NODES)
    assert any(name.startswith("coredns-") for name in names)


def fetch(cluster: Cluster, pod: str, url: str) -> str:
    """What a Pod gets from there; nothing if there is no answer."""
    return cluster.call("exec", pod, "--", "timeout", "5", "wget", "-qO-", url).stdout


@pytest.mark.parametrize("node", WORKERS)
def test_cluster_dns_answers(cluster: Cluster, probes: dict[str, str], node: str) -> None:
    service = cluster.get("service", "kubernetes")["spec"]["clusterIP"]
    assert service in cluster.kubectl("exec", probes[node], "--", "nslookup", "kubernetes.default.svc.cluster.local")
    # the short name, through the Pod's search domains; a service address does not answer pings
    assert f"({service})" in cluster.call("exec", probes[node], "--", "ping", "-c1", "-W1", "kubernetes.default").stdout


@pytest.fixture(scope="module")
def service(cluster: Cluster, probes: dict[str, str]) -> str:
    """The virtual address of a Service in front of the Pod on the control plane."""
    name = "probe"
    ports = [{"port": 80, "targetPort": 8080}]
    spec = {"selector": {"app": probes["cp1"]}, "ports": ports}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
    eventually(lambda: endpoints(cluster, name), "the Service has an endpoint")
    return str(cluster.get("service", name)["spec"]["clusterIP"])


def endpoints(cluster: Cluster, service: str) -> list[Any]:
    slices = cluster.items("endpointslices", "-l", f"kubernetes.io/service-name={service}")
    return [endpoint for each in slices for endpoint in each.get("endpoints") or []]


@pytest.mark.parametrize("node", WORKERS)
def test_service_address_answers(cluster: Cluster, probes: dict[str, str], service: str, node: str) -> None:
    answer = eventually(
        lambda: fetch(cluster, probes[node], f"http://{service}"),
        f"http://{service} answers on {node}",
    )
    assert answer.strip() == probes["cp1"]


@pytest.mark.parametrize("node", WORKERS)
def test_api_service_address_answers(cluster: Cluster, probes: dict[str, str], node: str) -> None:
    address = cluster.get("service", "kubernetes")["spec"]["clusterIP"]
    cluster.kubectl("exec", probes[node], "--", "sh", "-c", f"nc -w 3 {address} 443 < /dev/null")


@pytest.mark.parametrize(
    ("client", "server"), [("w1", "w2"), ("w2", "w1"), ("w1", "cp1"), ("w2", "cp1"), ("cp1", "w1")]
)
def test_pods_of_two_nodes_talk(cluster: Cluster, probes: dict[str, str], client: str, server: str) -> None:
    address = cluster.get("pod", probes[server])["status"]["podIP"]
    answer = fetch(cluster, probes[client], f"http://{address}:8080")
    assert answer.strip() == probes[server]


@pytest.mark.parametrize("node", NODES)
def test_logs_and_exec(cluster: Cluster, probes: dict[str, str], node: str) -> None:
    assert cluster.kubectl("logs", probes[node]).strip() == "started"
    assert cluster.kubectl("exec", probes[node], "--", "hostname").strip() == probes[node]


@pytest.mark.parametrize("node", NODES)
def test_kubelet_uses_the_rotated_certificate(hosts: dict[str, Host], node: str) -> None:
    configured = hosts[node].read("/etc/kubernetes/kubelet.conf")
    assert f"client-certificate: {CLIENT_CERTIFICATE}" in configured
    assert f"client-key: {CLIENT_CERTIFICATE}" in configured
    assert hosts[node].run(f"readlink {CLIENT_CERTIFICATE}").startswith("/var/lib/kubelet/pki/kubelet-client-2")
    certificate = x509.load_pem_x509_certificate(hosts[node].read(CLIENT_CERTIFICATE).encode())
    assert certificate.subject.rfc4514_string() in (
        f"CN=system:node:{node},O=system:nodes",
        f"O=system:nodes,CN=system:node:{node}",
    )


def test_kubelet_rotates_its_certificate(cluster: Cluster, control_plane: Host, hosts: dict[str, Host]) -> None:
    """A kubelet that finds its certificate about to expire asks for a new one, gets it, and goes on with it."""
    worker = hosts["w1"]
    short = "/var/lib/kubelet/pki/kubelet-client-2020-01-01-00-00-00.pem"
    worker.write(short, nearly_expired(control_plane, "w1"), "0600")
    worker.run(f"ln -sfn {short} {CLIENT_CERTIFICATE} && systemctl restart kubelet")

    def rotated() -> bool:
        return worker.run(f"readlink {CLIENT_CERTIFICATE}").strip() != short

    eventually(rotated, "the kubelet of w1 has a new client certificate", 90)
    worker.run(f"rm {short}")
    eventually(lambda: ready(cluster.get("node", "w1")), "node w1 is Ready")


def nearly_expired(control_plane: Host, node: str) -> str:
    """A client certificate of the cluster's CA with a year behind it and an hour left, and its key, as one PEM."""
    ca = x509.load_pem_x509_certificate(control_plane.read("/etc/kubernetes/pki/ca.crt").encode())
    ca_key: Any = serialization.load_pem_private_key(control_plane.read("/etc/kubernetes/pki/ca.key").encode(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:nodes"),
                    x509.NameAttribute(x509.NameOID.COMMON_NAME, f"system:node:{node}"),
                ]
            )
        )
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=365))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.TraditionalOpenSSL
    key_pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return (certificate.public_bytes(serialization.Encoding.PEM) + key_pem).decode()
