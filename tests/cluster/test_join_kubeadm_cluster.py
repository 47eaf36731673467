# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts join a cluster that real kubeadm made, with what a user of ``kubeadm join`` has and nothing else: join.yml."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import etcd_members, with_groups
from tests.cluster.hosts import Host
from tests.cluster.joining import make_anew, pins_of, some_token
from tests.cluster.kubeadm import IGNORED, RELEASE, Kubeadm
from tests.cluster.playbook import Playbooks, Run

FIRST, CONTROL_PLANE, WORKER = "k1", "k2", "k3"


class Joined(NamedTuple):
    cluster: Cluster
    refused: Run
    run: Run
    again: Run


@pytest.fixture(scope="module")
def joined(hosts: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    directory = tmp_path_factory.mktemp("joined")
    first = Kubeadm.prepared(LAB, hosts[FIRST])
    endpoint, key, token = f"{hosts[FIRST].address}:6443", secrets.token_hex(32), some_token()
    first.host.write("/root/kubeadm.yaml", _configuration(hosts[FIRST].address, key, token))
    first("init", "--config=/root/kubeadm.yaml", "--upload-certs", IGNORED)
    playbooks = with_groups(directory, control_plane=[CONTROL_PLANE], workers=[WORKER])
    document: dict[str, Any] = {
        "discovery": {
            "bootstrapToken": {
                "token": token,
                "apiServerEndpoint": endpoint,
                "caCertHashes": pins_of(hosts[FIRST]),
            }
        },
        "controlPlane": {"certificateKey": key},
    }
    known = {"kubephase_control_plane_endpoint": endpoint, "kubephase_network_mode": "none"}
    refused = _join(playbooks, {**document, "controlPlane": {"certificateKey": "0" * 64}}, **known)
    run = _join(playbooks, document, **known)
    cluster = Cluster.of(hosts[FIRST], directory)
    again = _join(playbooks, {}, **known)
    yield Joined(cluster, refused, run, again)
    for name in (FIRST, CONTROL_PLANE, WORKER):
        make_anew(LAB, hosts[name])


def _configuration(address: str, key: str, token: str) -> str:
    """A cluster as kubeadm makes it of defaults, on hosts that share a machine."""
    kubeadm = "kubeadm.k8s.io/v1beta4"
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": kubeadm, "kind": "InitConfiguration", "certificateKey": key, "bootstrapTokens": [{"token": token}],
            "localAPIEndpoint": {"advertiseAddress": address},
        },
        {
            "apiVersion": kubeadm, "kind": "ClusterConfiguration", "controlPlaneEndpoint": f"{address}:6443",
            "kubernetesVersion": f"v{RELEASE.version}", "networking": {"podSubnet": "10.244.0.0/16"},
        },
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "failCgroupV1": False,
            "evictionHard": {"imagefs.available": "1Gi", "memory.available": "100Mi", "nodefs.available": "1Gi"},
        },
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
            "conntrack": {"maxPerCore": 0},
        },
    ]  # fmt: skip
    return yaml.safe_dump_all(documents)


def _join(playbooks: Playbooks, document: dict[str, Any], **variables: Any) -> Run:
    return playbooks.play("playbooks/join.yml", kubephase_join_configuration=document, **variables)


def test_wrong_certificate_key_is_refused(joined: Joined) -> None:
    assert joined.refused.failed == [CONTROL_PLANE]
    assert "cannot be decrypted with this certificate key" in joined.refused.error


def test_worker_and_control_plane_join(joined: Joined) -> None:
    assert joined.run.code == 0, joined.run.output
    names = {one["metadata"]["name"] for one in joined.cluster.items("nodes")}
    assert names == {FIRST, CONTROL_PLANE, WORKER}


def test_second_run_needs_no_token_and_changes_nothing(joined: Joined) -> None:
    assert joined.again.code == 0, joined.again.output
    assert joined.again.changed == {CONTROL_PLANE: 0, WORKER: 0}


def test_etcd_has_two_voters(joined: Joined) -> None:
    assert etcd_members(joined.cluster, f"etcd-{FIRST}") == {FIRST: False, CONTROL_PLANE: False}


def test_the_new_control_plane_is_as_kubeadms(joined: Joined, hosts: dict[str, Host]) -> None:
    first, other = hosts[FIRST], hosts[CONTROL_PLANE]
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        path = f"/etc/kubernetes/manifests/{name}.yaml"
        assert other.read(path).replace(other.address, first.address) == first.read(path)
    answer = Kubeadm.client(LAB, other).json("certs", "check-expiration")
    assert not [one["name"] for one in answer["certificates"] if one["externallyManaged"]]


def test_its_static_pods_run(joined: Joined) -> None:
    def running() -> bool:
        pods = joined.cluster.items("pods", "-n", "kube-system", f"--field-selector=spec.nodeName={CONTROL_PLANE}")
        return len([one for one in pods if ready(one)]) >= 5

    eventually(running, "four static Pods and kube-proxy are ready", 120)
