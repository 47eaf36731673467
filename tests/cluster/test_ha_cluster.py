# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control planes that began a cluster together are what kubeadm's sequence of init and joins leaves."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.control_planes import etcd_members
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks, Run

FIRST = "cp1"
OTHERS = ("cp2", "cp3")
CONTROL_PLANES = (FIRST, *OTHERS)
NODES = (*CONTROL_PLANES, "w1")
BALANCERS = ("lb1", "lb2")
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
#: the first one's kubeconfig for the time before there is any authorization
ONLY_ON_THE_FIRST = "/etc/kubernetes/super-admin.conf"
SHARED = (
    "ca.crt",
    "ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "sa.key",
    "sa.pub",
)
OWN_KEYS = (
    "apiserver.key", "apiserver-kubelet-client.key", "apiserver-etcd-client.key", "front-proxy-client.key",
    "etcd/server.key", "etcd/peer.key", "etcd/healthcheck-client.key",
)  # fmt: skip
#: what a second run costs
#: one less for control planes, unless a component of theirs was too busy to answer
SECOND_RUN = {FIRST: 22, "cp2": 14, "cp3": 14, "w1": 12, "lb1": 2, "lb2": 2}
INITIAL_CLUSTER = re.compile(r"^    - --initial-cluster=(\S+)\n", re.MULTILINE)
JOINED = CHECKOUT / "tests/parity/golden/1.37/default/w1/etc/kubernetes/kubelet.conf"


@pytest.fixture(scope="module")
def again(playbooks: Playbooks) -> Run:
    return playbooks.site()


@pytest.fixture(scope="module")
def plan(playbooks: Playbooks) -> Run:
    return playbooks.site("--check", "--diff")


def test_second_run_changes_nothing(again: Run) -> None:
    assert again.code == 0, again.output
    assert again.changed == dict.fromkeys((*NODES, *BALANCERS), 0)


def test_check_mode_shows_nothing(plan: Run) -> None:
    assert plan.code == 0, plan.output
    assert not any(plan.changed.values()), plan.output
    assert plan.plan == ""


@pytest.mark.parametrize("host", SECOND_RUN)
def test_second_run_is_cheap(again: Run, host: str) -> None:
    assert again.calls[host] <= SECOND_RUN[host]


@pytest.mark.parametrize("node", NODES)
def test_node_is_ready(cluster: Cluster, node: str) -> None:
    eventually(lambda: ready(cluster.get("node", node)), f"node {node} is Ready")


def test_every_system_pod_runs(cluster: Cluster) -> None:
    names = {f"{component}-{node}" for component in ("etcd", *COMPONENTS) for node in CONTROL_PLANES}

    def waiting() -> list[str]:
        pods = cluster.items("pods", "-n", "kube-system")
        well = {each["metadata"]["name"] for each in pods if ready(each)}
        return sorted(names - well) or list({pod["metadata"]["name"] for pod in pods} - well)

    eventually(lambda: not waiting(), f"Ready: {waiting()}", 120)


def test_etcd_has_three_voters_with_the_names_of_the_nodes(cluster: Cluster) -> None:
    assert etcd_members(cluster, f"etcd-{FIRST}") == dict.fromkeys(CONTROL_PLANES, False)


@pytest.mark.parametrize("node", OTHERS)
def test_nodes_are_marked_alike(cluster: Cluster, node: str) -> None:
    first, other = cluster.get("node", FIRST), cluster.get("node", node)
    assert set(other["metadata"]["labels"]) == set(first["metadata"]["labels"])
    assert other["spec"]["taints"] == first["spec"]["taints"]


@pytest.mark.parametrize("node", OTHERS)
def test_files_are_those_of_a_control_plane_that_joined(hosts: dict[str, Host], node: str) -> None:
    listed = "find /etc/kubernetes -printf '%p %y %m %U:%G\\n' | sort"
    # kubeadm's key writer makes the public half too, its download-certs takes it for a certificate
    first = hosts[FIRST].run(listed).replace("/pki/sa.pub f 600", "/pki/sa.pub f 644").splitlines()
    assert hosts[node].run(listed).splitlines() == [line for line in first if ONLY_ON_THE_FIRST not in line]


@pytest.mark.parametrize("node", OTHERS)
def test_manifests_differ_from_the_first_ones_by_name_and_address(hosts: dict[str, Host], node: str) -> None:
    first, other = hosts[FIRST], hosts[node]
    for component in COMPONENTS:
        path = f"/etc/kubernetes/manifests/{component}.yaml"
        assert other.read(path).replace(other.address, first.address) == first.read(path)


@pytest.mark.parametrize("node", CONTROL_PLANES)
def test_only_the_initial_cluster_of_etcd_tells_that_all_began_together(hosts: dict[str, Host], node: str) -> None:
    """kubeadm would name one member, then two with the state existing, then three."""
    found, first = (hosts[name].read("/etc/kubernetes/manifests/etcd.yaml") for name in (node, FIRST))
    together = ",".join(f"{name}=https://{hosts[name].address}:2380" for name in CONTROL_PLANES)
    assert INITIAL_CLUSTER.findall(found) == [together]
    assert "--initial-cluster-state" not in found
    own, firsts = (INITIAL_CLUSTER.sub("", text) for text in (found, first))
    renamed = own.replace(hosts[node].address, hosts[FIRST].address).replace(f"--name={node}\n", f"--name={FIRST}\n")
    assert renamed == firsts


@pytest.mark.parametrize("node", OTHERS)
def test_kubelet_conf_is_what_tls_bootstrap_leaves(hosts: dict[str, Host], node: str) -> None:
    text = hosts[node].read("/etc/kubernetes/kubelet.conf")
    authority = yaml.safe_load(text)["clusters"][0]["cluster"]["certificate-authority-data"]
    golden = JOINED.read_text().replace("172.30.1.101", hosts[node].address).replace("MASKED", authority)
    assert text == golden


@pytest.mark.parametrize("node", OTHERS)
def test_only_what_control_planes_share_was_copied(hosts: dict[str, Host], node: str) -> None:
    def sums(host: Host, names: tuple[str, ...]) -> str:
        return host.run(f"cd /etc/kubernetes/pki && sha256sum {' '.join(names)}")

    first, other = hosts[FIRST], hosts[node]
    assert sums(other, SHARED) == sums(first, SHARED)
    ours, firsts = (sums(host, OWN_KEYS).split() for host in (other, first))
    assert not set(ours[::2]) & set(firsts[::2]), "a leaf's key is on two hosts"


@pytest.mark.parametrize("node", CONTROL_PLANES)
def test_each_serves_the_cluster(hosts: dict[str, Host], node: str) -> None:
    server = f"--server=https://{hosts[node].address}:6443"
    answer = hosts[node].run(f"kubectl --kubeconfig=/etc/kubernetes/admin.conf {server} get --raw /readyz")
    assert answer == "ok"
