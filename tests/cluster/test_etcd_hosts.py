# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two control planes with an etcd on three hosts of its own, as kubeadm's guide makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster import etcd_hosts
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.etcd_hosts import CLIENT, CONTROL_PLANES, ETCD_HOSTS, HOLDER, LEAVES, PKI
from tests.cluster.hosts import Host
from tests.cluster.kubeadm import Kubeadm

WORKER = "w1"
PAIRS = [(name, leaf) for name in ETCD_HOSTS for leaf in LEAVES] + [(name, CLIENT) for name in CONTROL_PLANES]


@pytest.fixture(scope="module")
def made(hosts: dict[str, Host]) -> dict[str, dict[str, str]]:
    """By real kubeadm of the same version."""
    return etcd_hosts.by_kubeadm(Kubeadm.client(LAB, hosts[HOLDER]), [hosts[name] for name in ETCD_HOSTS])


def test_all_members_vote_and_are_well(hosts: dict[str, Host]) -> None:
    assert etcd_hosts.members(hosts[HOLDER]) == dict.fromkeys(ETCD_HOSTS, True)
    assert etcd_hosts.health(hosts[HOLDER]) == {f"https://{hosts[name].address}:2379": True for name in ETCD_HOSTS}


@pytest.mark.parametrize("name", ETCD_HOSTS)
def test_the_manifest_is_the_one_of_kubeadm(name: str, hosts: dict[str, Host], made: dict[str, dict[str, str]]) -> None:
    assert hosts[name].read("/etc/kubernetes/manifests/etcd.yaml") == made[name]["manifests/etcd.yaml"]
    assert hosts[name].run("stat -c %a /etc/kubernetes/manifests/etcd.yaml /var/lib/etcd").split() == ["600", "700"]


@pytest.mark.parametrize(("name", "leaf"), PAIRS)
def test_certificates_are_those_of_kubeadm(
    name: str, leaf: str, hosts: dict[str, Host], made: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    own = hosts[name].read(f"{PKI}/{leaf}.crt")
    assert etcd_hosts.outline(own) == etcd_hosts.outline(made.get(name, made[HOLDER])[f"pki/{leaf}.crt"])
    assert etcd_hosts.verify(own, hosts[HOLDER].read(f"{PKI}/etcd/ca.crt"), tmp_path).endswith(": OK")


def test_no_key_left_its_host(hosts: dict[str, Host]) -> None:
    find = f"find {PKI}/etcd {PKI}/{CLIENT}.key -name '*.key' 2>/dev/null | xargs sha256sum"
    found = {name: hosts[name].run(find).split() for name in (*ETCD_HOSTS, *CONTROL_PLANES)}
    files = {name: sorted(words[1::2]) for name, words in found.items()}
    own = sorted(f"{PKI}/{leaf}.key" for leaf in LEAVES)
    assert files[HOLDER] == sorted([f"{PKI}/etcd/ca.key", *own])
    assert [files[name] for name in ETCD_HOSTS[1:]] == [own] * 2
    assert [files[name] for name in CONTROL_PLANES] == [[f"{PKI}/{CLIENT}.key"]] * 2
    digests = [digest for words in found.values() for digest in words[::2]]
    assert len(digests) == len(set(digests))


@pytest.mark.parametrize("name", CONTROL_PLANES)
def test_control_planes_work_with_it(name: str, cluster: Cluster, hosts: dict[str, Host]) -> None:
    urls = [f"https://{hosts[member].address}:2379" for member in ETCD_HOSTS]
    said = hosts[name].read("/etc/kubernetes/manifests/kube-apiserver.yaml")
    assert f"--etcd-servers={','.join(urls)}\n" in said
    # the first has the keys of the authorities
    signer = ["kube-csr-signer.yaml"] if name == CONTROL_PLANES[0] else []
    assert hosts[name].run("ls /etc/kubernetes/manifests").split() == [
        "kube-apiserver.yaml", "kube-controller-manager.yaml", *signer, "kube-scheduler.yaml"
    ]  # fmt: skip
    eventually(lambda: ready(cluster.get("node", name)), f"{name} is Ready", 60)


def test_kubeadm_is_told_of_an_external_etcd(cluster: Cluster, hosts: dict[str, Host]) -> None:
    stored = cluster.get("configmap", "-n", "kube-system", "kubeadm-config")["data"]["ClusterConfiguration"]
    urls = [f"https://{hosts[member].address}:2379" for member in ETCD_HOSTS]
    assert yaml.safe_load(stored)["etcd"] == {
        "external": {
            "caFile": f"{PKI}/etcd/ca.crt",
            "certFile": f"{PKI}/{CLIENT}.crt",
            "endpoints": urls,
            "httpEndpoints": urls,
            "keyFile": f"{PKI}/{CLIENT}.key",
        }
    }


def test_hosts_of_etcd_are_no_nodes(cluster: Cluster) -> None:
    assert {node["metadata"]["name"] for node in cluster.items("nodes")} == {*CONTROL_PLANES, WORKER}
