# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that names only one role works: on a converged host it changes nothing, on a plain one it does its part."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run, roles

CONTROL_PLANE_ROLES = [
    "node",
    "container_runtime",
    "kubelet",
    "preflight",
    "pki",
    "kubeconfig",
    "static_manifests",
    "wait_control_plane",
    "upload_config",
    "mark_control_plane",
    "bootstrap_token",
    "kubelet_finalize",
    "addons",
    "network",
    "cluster_ready",
]
AGENT: list[dict[str, Any]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "network-agent", "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": {"app": "network-agent"}},
            "template": {
                "metadata": {"labels": {"app": "network-agent"}},
                "spec": {
                    "hostNetwork": True,
                    "tolerations": [{"operator": "Exists"}],
                    "terminationGracePeriodSeconds": 0,
                    "containers": [
                        {
                            "name": "agent",
                            "image": "registry.k8s.io/e2e-test-images/busybox:1.36.1-1",
                            "command": ["sleep", "86400"],
                        }
                    ],
                },
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "network-agent", "namespace": "kube-system"},
        "data": {"mode": "one"},
    },
]


@pytest.mark.parametrize("role", CONTROL_PLANE_ROLES)
def test_on_the_control_plane(role: str, playbooks: Playbooks, control_plane: Host, tmp_path: Path) -> None:
    run = playbooks.play(roles(tmp_path, control_plane.name, role))
    assert run.code == 0, run.output
    assert run.changed == {control_plane.name: 0}, run.output


@pytest.mark.parametrize("role", ["kubelet", "join"])
def test_on_a_worker(role: str, playbooks: Playbooks, workers: list[Host], tmp_path: Path) -> None:
    """``join`` needs neither token nor endpoint on a host that has joined."""
    run = playbooks.play(roles(tmp_path, workers[0].name, role, kubephase_node_role="worker", kubelet_kubectl=False))
    assert run.code == 0, run.output
    assert run.changed == {workers[0].name: 0}, run.output


def test_certificates_and_kubeconfigs_for_something_else(playbooks: Playbooks, spare: Host, tmp_path: Path) -> None:
    place = {"pki_certificates_dir": "/srv/pki", "kubeconfig_certificates_dir": "/srv/pki"}
    user = {
        "path": "/srv/team.conf",
        "server": "https://k8s.example.org:6443",
        "user": "jane",
        "organizations": ["team"],
    }
    book = roles(tmp_path, spare.name, "pki", "kubeconfig", **place, kubeconfig_files=[user])
    try:
        first = playbooks.play(book)
        assert first.code == 0, first.output
        spare.run("openssl verify -CAfile /srv/pki/ca.crt /srv/pki/apiserver.crt")
        assert spare.run("stat -c %a /srv/pki/ca.key /srv/team.conf").split() == ["600", "600"]
        client = "awk '/client-certificate-data/ {print $2}' /srv/team.conf | base64 -d | openssl x509 -noout -subject"
        assert spare.run(client).strip() == "subject=O = team, CN = jane"
        again = playbooks.play(book)
        assert again.changed == {spare.name: 0}, again.output
    finally:
        spare.run("rm -rf /srv/pki /srv/team.conf")


def test_certificates_that_are_not_a_clusters(playbooks: Playbooks, spare: Host, tmp_path: Path) -> None:
    reader = {"name": "reader", "usages": ["client"], "organizations": ["readers"]}
    server = {"name": "metrics", "names": ["metrics.example.org", "192.0.2.20"]}
    authority = {"name": "metrics-ca", "common_name": "Metrics CA", "certificates": [server, reader]}
    user = {"path": "/srv/metrics/jane.conf", "server": "https://x:6443", "user": "jane", "certificate_validity": "24h"}
    book = roles(
        tmp_path,
        spare.name,
        "pki",
        "kubeconfig",
        pki_certificates_dir="/srv/metrics",
        pki_authorities=[authority],
        kubeconfig_certificates_dir="/srv/metrics",
        kubeconfig_authority="metrics-ca",
        kubeconfig_files=[user],
    )
    try:
        first = playbooks.play(book)
        assert first.code == 0, first.output
        names = "jane.conf metrics-ca.crt metrics-ca.key metrics.crt metrics.key reader.crt reader.key"
        assert spare.run("ls /srv/metrics").split() == names.split()
        spare.run("cd /srv/metrics && openssl verify -CAfile metrics-ca.crt -purpose sslserver metrics.crt")
        spare.run("cd /srv/metrics && openssl verify -CAfile metrics-ca.crt -purpose sslclient reader.crt")
        assert playbooks.play(book).changed == {spare.name: 0}
    finally:
        spare.run("rm -rf /srv/metrics")


def test_static_manifests_into_a_folder(playbooks: Playbooks, spare: Host, tmp_path: Path) -> None:
    book = roles(tmp_path, spare.name, "static_manifests", static_manifests_directory="/srv/manifests")
    try:
        run = playbooks.play(book)
        assert run.code == 0, run.output
        found = spare.run("ls /srv/manifests").split()
        assert found == ["etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"]
        assert playbooks.play(book).changed == {spare.name: 0}
    finally:
        spare.run("rm -rf /srv/manifests; rmdir /var/lib/etcd")


@pytest.fixture
def manifests(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The user's network manifest as a file, and the address of the folder it is in."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    path = folder / "network.yaml"
    path.write_text("\n---\n".join(json.dumps(each) for each in AGENT))
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def network(playbooks: Playbooks, control_plane: Host, tmp_path: Path, manifest: dict[str, str], *flags: str) -> Run:
    book = roles(tmp_path, control_plane.name, "network", network_mode="manifest", network_manifests=[manifest])
    return playbooks.play(book, *flags)


def test_network_of_the_users_own_manifests(
    playbooks: Playbooks, control_plane: Host, cluster: Cluster, tmp_path: Path, manifests: tuple[Path, str]
) -> None:
    path, address = manifests
    by_path = {"path": str(path)}
    plan = network(playbooks, control_plane, tmp_path, by_path, "--check", "--diff")
    assert plan.code == 0 and "network-agent" in plan.output, plan.output
    assert cluster.kubectl("get", "daemonset", "-n", "kube-system", "-o", "name").count("network-agent") == 0
    try:
        first = network(playbooks, control_plane, tmp_path, by_path)
        assert first.code == 0, first.output
        status = cluster.get("daemonset", "network-agent", "-n", "kube-system")["status"]
        assert status["numberAvailable"] == status["desiredNumberScheduled"] == 3

        url = {"url": f"{address}/network.yaml", "checksum": "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()}
        again = network(playbooks, control_plane, tmp_path, url)
        assert again.code == 0, again.output
        assert again.changed == {control_plane.name: 0}, again.output

        wrong = network(playbooks, control_plane, tmp_path, {**url, "checksum": "sha256:" + "0" * 64})
        assert wrong.code != 0
        assert url["url"] in wrong.error and "0" * 64 in wrong.error, wrong.output
    finally:
        cluster.kubectl("delete", "-f", str(path), "--ignore-not-found")
