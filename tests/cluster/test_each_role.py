# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play of one role and its documented variables, for every role: on a plain host, and those that need a cluster on one.

More of them are alone in test_roles_alone and in test_join_control_plane (etcd_join and what goes around it).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import pins
from tests.cluster.authority import Authority
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.joining import make_anew, make_token, pins_of
from tests.cluster.playbook import Playbooks, Run, roles

VERSION = f"v{pins.release(pins.DEFAULT_MINOR).version}"
SHARED = ("ca.crt", "ca.key", "sa.key", "front-proxy-ca.key", "etcd/ca.key")
#: what a role puts back when somebody removed it: role, kind, namespace, name
MENDED = [
    ("addons", "clusterrolebinding", "", "kubeadm:node-proxier"),
    ("addons", "configmap", "kube-system", "coredns"),
    ("upload_config", "configmap", "kube-system", "kubelet-config"),
    ("bootstrap_token", "clusterrolebinding", "", "kubeadm:node-autoapprove-bootstrap"),
    ("wait_control_plane", "clusterrolebinding", "", "kubeadm:cluster-admins"),
]


@pytest.fixture(scope="module")
def plain(hosts: dict[str, Host]) -> Iterator[Host]:
    """A host as an installer leaves it, and again at the end."""
    host = hosts.get("spare1") or hosts["k4"]
    make_anew(LAB, host)
    yield host
    make_anew(LAB, host)


class Alone:
    """Plays one role on one host, twice: the second run changes nothing."""

    def __init__(self, playbooks: Playbooks, directory: Path) -> None:
        self.playbooks, self.directory = playbooks, directory

    def once(self, host: Host, role: str, **variables: Any) -> Run:
        return self.playbooks.play(roles(self.directory, host.name, role, **variables))

    def __call__(self, host: Host, role: str, **variables: Any) -> Run:
        run = self.once(host, role, **variables)
        assert run.code == 0, run.output
        again = self.once(host, role, **variables)
        assert again.changed == {host.name: 0}, again.output
        return run


@pytest.fixture
def alone(playbooks: Playbooks, tmp_path: Path) -> Alone:
    return Alone(playbooks, tmp_path)


def test_config_tells_what_it_resolved(playbooks: Playbooks, plain: Host, tmp_path: Path) -> None:
    path = roles(tmp_path, plain.name, "config", kubephase_service_subnet="10.50.0.0/16", kubephase_cluster_name="one")
    (play,) = json.loads(path.read_text())
    known = [
        "kubephase.dns_ip == '10.50.0.10'",
        "kubephase.cluster.clusterName == 'one'",
        "kubephase.host.member == ''",
    ]
    play["tasks"] = [{"name": "See what is resolved", "ansible.builtin.assert": {"that": known}}]
    path.write_text(json.dumps([play]))
    run = playbooks.play(path)
    assert run.code == 0, run.output
    assert run.changed == {plain.name: 0}


def test_preflight_names_what_a_plain_host_lacks(alone: Alone, plain: Host) -> None:
    run = alone.once(plain, "preflight", preflight_profile="join", preflight_discovery_endpoint="192.0.2.1:6443")
    assert run.failed == [plain.name]
    for check in ("CRI", "KubeletVersion"):
        assert f"[ERROR {check}]" in run.error, run.output


def test_node_prepares_kernel_and_names(alone: Alone, plain: Host) -> None:
    more = {"net.ipv4.tcp_keepalive_time": 611}
    alone(plain, "node", node_extra_sysctls=more, node_hosts={"registry.lan": "192.0.2.7"})
    assert plain.read("/proc/sys/net/ipv4/tcp_keepalive_time").strip() == "611"
    assert plain.read("/proc/sys/net/ipv4/ip_forward").strip() == "1"
    assert plain.run("getent hosts registry.lan").split() == ["192.0.2.7", "registry.lan"]


def test_container_runtime_runs(alone: Alone, plain: Host) -> None:
    mirrors = {"registry.lan": [{"url": "http://192.0.2.7:5000"}]}
    alone(plain, "container_runtime", container_runtime_registry_mirrors=mirrors)
    assert f"v{pins.CONTAINERD}" in plain.run("ctr version")
    assert "http://192.0.2.7:5000" in plain.read("/etc/containerd/certs.d/registry.lan/hosts.toml")
    assert plain.run("systemctl is-enabled containerd").strip() == "enabled"


def test_kubelet_is_installed_and_waits(alone: Alone, plain: Host) -> None:
    flags = [{"name": "v", "value": "3"}]
    alone(plain, "kubelet", kubelet_extra_args=flags, kubelet_kubectl=False)
    assert plain.run("kubelet --version").split() == ["Kubernetes", VERSION]
    assert "--v=3" in plain.read("/var/lib/kubelet/kubeadm-flags.env")
    assert plain.run("systemctl is-enabled kubelet; systemctl is-active kubelet || true").split() == [
        "enabled",
        "inactive",
    ]
    assert plain.shell("command -v kubectl").returncode != 0


def test_preflight_passes_once_they_are_there(alone: Alone, plain: Host, control_plane: Host) -> None:
    alone(
        plain,
        "preflight",
        preflight_profile="join",
        preflight_discovery_endpoint=f"{control_plane.address}:6443",
        preflight_prefetch=False,
    )


def test_pki_for_something_else(alone: Alone, plain: Host) -> None:
    served = {"name": "metrics", "names": ["metrics.example.org", "192.0.2.20"]}
    reader = {"name": "reader", "usages": ["client"], "organizations": ["readers"]}
    authority = {"name": "metrics-ca", "common_name": "Metrics CA", "certificates": [served, reader]}
    alone(plain, "pki", pki_certificates_dir="/srv/metrics", pki_authorities=[authority])
    found = plain.run("cd /srv/metrics && find . -type f").split()
    wanted = [f"./{name}.{kind}" for name in ("metrics", "metrics-ca", "reader") for kind in ("crt", "key")]
    assert sorted(found) == sorted(wanted)
    plain.run("cd /srv/metrics && openssl verify -CAfile metrics-ca.crt -purpose sslserver metrics.crt")
    plain.run("cd /srv/metrics && openssl verify -CAfile metrics-ca.crt -purpose sslclient reader.crt")
    assert "192.0.2.20" in plain.run("openssl x509 -in /srv/metrics/metrics.crt -noout -ext subjectAltName")


def test_certificate_signing_where_the_key_is(playbooks: Playbooks, alone: Alone, plain: Host, tmp_path: Path) -> None:
    """The authority stays on the controller; a request comes from the plain host."""
    authority = Authority("elsewhere")
    (tmp_path / "ca.crt").write_text(authority.pem)
    (tmp_path / "ca.key").touch(mode=0o600)
    (tmp_path / "ca.key").write_text(authority.key_pem)
    ask = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/asked.key -subj /CN=asked"
    request = {
        "name": "asked",
        "authority": "elsewhere",
        "csr": plain.run(f"{ask} -addext subjectAltName=DNS:asked.example.org 2>/dev/null"),
        "usages": ["serverAuth"],
        "validity_seconds": 86400,
    }
    path = roles(
        tmp_path,
        plain.name,
        "certificate_signing",
        certificate_signing_requests=[request],
        certificate_signing_authorities=[
            {"name": "elsewhere", "key": str(tmp_path / "ca.key"), "certificate": str(tmp_path / "ca.crt")}
        ],
    )
    (play,) = json.loads(path.read_text())
    answer = "{{ certificate_signing_result.signed_certificates[0].certificate }}"
    copy = {"content": answer, "dest": "/root/asked.crt", "mode": "0644"}
    play["tasks"] = [{"name": "Take the answer", "ansible.builtin.copy": copy}]
    path.write_text(json.dumps([play]))
    run = playbooks.play(path)
    assert run.code == 0, run.output
    plain.write("/root/elsewhere.crt", authority.pem)
    plain.run("openssl verify -CAfile /root/elsewhere.crt -verify_hostname asked.example.org /root/asked.crt")
    assert plain.shell("test -e /root/elsewhere.key -o -e /root/ca.key").returncode != 0
    assert authority.key_pem.splitlines()[1] not in run.output


def test_upload_and_download_certs(alone: Alone, plain: Host, control_plane: Host, cluster: Cluster) -> None:
    """What one host uploads another one has afterwards; it needs a key, a token and an endpoint."""
    key, token = secrets.token_hex(32), make_token(cluster)
    try:
        run = alone(control_plane, "upload_certs", upload_certs_certificate_key=key)
        assert key not in run.output
        run = alone(
            plain,
            "download_certs",
            download_certs_certificate_key=key,
            download_certs_token=token,
            download_certs_api_server_endpoint=f"{control_plane.address}:6443",
            download_certs_ca_cert_hashes=pins_of(control_plane),
        )
        assert key not in run.output and token.partition(".")[2] not in run.output
        for name in SHARED:
            path = f"/etc/kubernetes/pki/{name}"
            assert plain.run(f"sha256sum {path}") == control_plane.run(f"sha256sum {path}"), name
    finally:
        plain.run("rm -rf /etc/kubernetes/pki")
        cluster.kubectl("delete", "secret", "-n", "kube-system", "kubeadm-certs", f"bootstrap-token-{token[:6]}")


def test_join_makes_it_a_node(alone: Alone, plain: Host, control_plane: Host, cluster: Cluster) -> None:
    token = make_token(cluster)
    alone(
        plain,
        "join",
        join_token=token,
        join_api_server_endpoint=f"{control_plane.address}:6443",
        join_ca_cert_hashes=pins_of(control_plane),
        join_node_name=plain.name,
    )
    version = cluster.get("node", plain.name)["status"]["nodeInfo"]["kubeletVersion"]
    assert version == VERSION
    plain.run("systemctl stop kubelet")
    cluster.kubectl("delete", "node", plain.name)
    cluster.kubectl("delete", "secret", "-n", "kube-system", f"bootstrap-token-{token[:6]}")


def test_bootstrap_token_is_state(alone: Alone, control_plane: Host, cluster: Cluster) -> None:
    token = {"token": "roleon.0123456789abcdef", "description": "by one role", "ttl": "1h0m0s", "usages": ["signing"]}
    alone(control_plane, "bootstrap_token", bootstrap_token_tokens=[token])
    data = cluster.get("secret", "-n", "kube-system", "bootstrap-token-roleon")["data"]
    assert "usage-bootstrap-signing" in data and "usage-bootstrap-authentication" not in data
    alone(control_plane, "bootstrap_token", bootstrap_token_tokens=[{"token": "roleon", "state": "absent"}])
    assert cluster.call("get", "secret", "-n", "kube-system", "bootstrap-token-roleon").returncode != 0


def test_mark_control_plane_labels_any_node(alone: Alone, control_plane: Host, cluster: Cluster) -> None:
    taint = {"key": "alone", "value": "yes", "effect": "PreferNoSchedule"}
    node = {
        "name": "w1",
        "control_plane": False,
        "labels": {"rack": "7"},
        "annotations": {"by": "hand"},
        "taints": [taint],
    }
    try:
        alone(control_plane, "mark_control_plane", mark_control_plane_nodes=[node])
        found = cluster.get("node", "w1")
        assert found["metadata"]["labels"]["rack"] == "7"
        assert found["metadata"]["annotations"]["by"] == "hand"
        assert taint in found["spec"]["taints"]
        bare = {**node, "labels": {}, "annotations": {}, "taints": []}
        alone(control_plane, "mark_control_plane", mark_control_plane_nodes=[bare])
        assert "rack" not in cluster.get("node", "w1")["metadata"]["labels"]
    finally:
        cluster.call("label", "node", "w1", "rack-")
        cluster.call("annotate", "node", "w1", "by-")
        cluster.call("taint", "node", "w1", "alone-")


def test_cluster_ready_waits_for_the_named(alone: Alone, control_plane: Host) -> None:
    alone(control_plane, "cluster_ready", cluster_ready_nodes=["cp1", "w1"], cluster_ready_timeout=60)
    run = alone.once(control_plane, "cluster_ready", cluster_ready_nodes=["nobody"], cluster_ready_timeout=2)
    assert run.code != 0
    assert "nobody" in run.error


@pytest.mark.parametrize(("role", "kind", "namespace", "name"), MENDED)
def test_role_mends_its_own(
    alone: Alone, control_plane: Host, cluster: Cluster, role: str, kind: str, namespace: str, name: str
) -> None:
    where = ["-n", namespace] if namespace else []
    before = cluster.get(kind, name, *where)
    cluster.kubectl("delete", kind, name, *where)
    run = alone(control_plane, role)
    assert run.changed[control_plane.name] == 1, run.output
    after = cluster.get(kind, name, *where)
    for part in ("data", "roleRef", "subjects"):
        assert after.get(part) == before.get(part)


def test_network_mends_the_bridge(alone: Alone, control_plane: Host, cluster: Cluster) -> None:
    path = "/etc/cni/net.d/10-kubephase.conflist"
    before = control_plane.read(path)
    control_plane.run(f"rm {path}")
    alone(control_plane, "network")
    assert control_plane.read(path) == before
    eventually(lambda: ready(cluster.get("node", "cp1")), "node cp1 is Ready")


def test_kubelet_finalize_names_the_rotated_certificate(alone: Alone, control_plane: Host, cluster: Cluster) -> None:
    path, rotated = "/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/pki/kubelet-client-current.pem"
    before = control_plane.read(path)
    control_plane.run(f"cp {rotated} /root/by-hand.pem && sed -i s#{rotated}#/root/by-hand.pem# {path}")
    try:
        alone(control_plane, "kubelet_finalize")
        assert control_plane.read(path) == before
    finally:
        control_plane.run("rm /root/by-hand.pem")
    eventually(lambda: ready(cluster.get("node", "cp1")), "node cp1 is Ready")
