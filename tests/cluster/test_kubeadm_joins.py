# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kubeadm joins hosts to a cluster that the collection made, and resets them and a node of ours."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.kubeadm import BINARY, IGNORED, RELEASE, Kubeadm
from tests.cluster.playbook import Playbooks, roles

CONTROL_PLANE, WORKER = "k2", "k3"
SHARED = [
    f"/etc/kubernetes/pki/{name}"
    for name in (
        "ca.crt",
        "ca.key",
        "etcd/ca.crt",
        "etcd/ca.key",
        "front-proxy-ca.crt",
        "front-proxy-ca.key",
        "sa.key",
        "sa.pub",
    )
]
MANIFESTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
ETCDCTL = (
    "etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt "
    "--cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key -w json member list"
)
#: what kubeadm reset empties and removes
EMPTIED = ("/etc/kubernetes/manifests", "/etc/kubernetes/pki", "/var/lib/kubelet")


class Joined(NamedTuple):
    control_plane: Kubeadm
    worker: Kubeadm


@pytest.fixture(scope="module")
def client(control_plane: Host) -> Iterator[Kubeadm]:
    yield Kubeadm.client(LAB, control_plane)
    control_plane.run(f"rm {BINARY}")


@pytest.fixture(scope="module")
def joined(
    client: Kubeadm,
    control_plane: Host,
    hosts: dict[str, Host],
    playbooks: Playbooks,
    tmp_path_factory: pytest.TempPathFactory,
) -> Joined:
    """A worker, and a control plane with the certificates that our ``upload_certs`` left for it."""
    with ThreadPoolExecutor() as pool:
        new = Joined(*pool.map(lambda name: Kubeadm.prepared(LAB, hosts[name]), (CONTROL_PLANE, WORKER)))
    key = secrets.token_hex(32)
    book = roles(tmp_path_factory.mktemp("play"), control_plane.name, "upload_certs", upload_certs_certificate_key=key)
    run = playbooks.play(book)
    assert run.code == 0, run.output
    assert key not in run.output
    command = client("token", "create", "--print-join-command")
    new.worker.join(command)
    new.control_plane.join(command, "--control-plane", f"--certificate-key={key}")
    return new


def etcd_members(cluster: Cluster) -> dict[str, bool]:
    """By name: whether it is only a learner."""
    found = json.loads(cluster.kubectl("exec", "-n", "kube-system", "etcd-cp1", "--", *ETCDCTL.split()))
    return {each.get("name", ""): bool(each.get("isLearner")) for each in found["members"]}


@pytest.mark.parametrize("node", [CONTROL_PLANE, WORKER])
def test_node_is_registered(joined: Joined, cluster: Cluster, node: str) -> None:
    found = cluster.get("node", node)
    assert found["status"]["nodeInfo"]["kubeletVersion"] == f"v{RELEASE.version}"
    ours = cluster.get("node", "cp1" if node == CONTROL_PLANE else "w1")

    def declared(each: dict[str, Any]) -> Any:
        taints = [
            taint for taint in each["spec"].get("taints", []) if not taint["key"].startswith("node.kubernetes.io/")
        ]
        return set(each["metadata"]["labels"]), taints

    assert declared(found) == declared(ours)


@pytest.mark.parametrize("node", [CONTROL_PLANE, WORKER])
def test_its_pods_run(joined: Joined, cluster: Cluster, node: str) -> None:
    wanted = {"kube-proxy", *({"etcd", *MANIFESTS} if node == CONTROL_PLANE else ())}

    def running() -> bool:
        pods = cluster.items("pods", "-n", "kube-system", f"--field-selector=spec.nodeName={node}")
        names = {each["metadata"]["name"] for each in pods if ready(each)}
        return all(any(name.startswith(component) for name in names) for component in wanted)

    eventually(running, f"{sorted(wanted)} run on {node}", 90)


def test_its_kubelet_is_configured_as_ours(joined: Joined, hosts: dict[str, Host]) -> None:
    for path in ("/var/lib/kubelet/config.yaml", "/var/lib/kubelet/instance-config.yaml"):
        assert hosts[WORKER].read(path) == hosts["w1"].read(path), path
    # the folder manifests comes with the kubelet's package, which these hosts do not have
    listing = "cd /etc/kubernetes && find . -not -name manifests -printf '%p %y %m %U:%G\\n' | sort"
    assert hosts[WORKER].run(listing) == hosts["w1"].run(listing)


def test_its_manifests_are_those_of_ours(joined: Joined, hosts: dict[str, Host]) -> None:
    """But for its address: what kubeadm makes of the stored configuration is what we made."""
    ours, theirs = hosts["cp1"], hosts[CONTROL_PLANE]
    for name in MANIFESTS:
        text = theirs.read(f"/etc/kubernetes/manifests/{name}.yaml").replace(theirs.address, ours.address)
        assert text == ours.read(f"/etc/kubernetes/manifests/{name}.yaml"), name


def test_shared_certificates_came_whole(joined: Joined, hosts: dict[str, Host]) -> None:
    # their modes differ in kubeadm itself: it makes sa.pub with 0600 and downloads it with 0644
    digests = f"sha256sum {' '.join(SHARED)}"
    assert hosts[CONTROL_PLANE].run(digests) == hosts["cp1"].run(digests)


def test_etcd_has_two_voting_members(joined: Joined, cluster: Cluster) -> None:
    assert etcd_members(cluster) == {"cp1": False, CONTROL_PLANE: False}


def test_the_new_control_plane_serves_our_cluster(joined: Joined) -> None:
    answer = joined.control_plane.host.run("kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes -o name")
    assert set(answer.split()) == {"node/cp1", "node/w1", f"node/{CONTROL_PLANE}", f"node/{WORKER}"}
    expiration = joined.control_plane.json("certs", "check-expiration")
    assert not [each["name"] for each in expiration["certificates"] if each["externallyManaged"]]


def test_reset_takes_them_out_again(joined: Joined, cluster: Cluster) -> None:
    for kubeadm in joined:
        assert_reset(kubeadm, kubeadm("reset", "--force"))
        cluster.kubectl("delete", "node", kubeadm.host.name)
    assert etcd_members(cluster) == {"cp1": False}
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"


def assert_reset(kubeadm: Kubeadm, said: str) -> None:
    assert "Deleting contents of directories" in said
    left = kubeadm.host.run(f"find {' '.join(EMPTIED)} -mindepth 1; ls /etc/kubernetes/*.conf 2>&1 || true").strip()
    assert re.fullmatch(r"ls: cannot access .*", left), left
    assert kubeadm.host.run("systemctl is-active kubelet || true").strip() == "inactive"


def test_reset_of_our_own_worker_and_its_return(
    client: Kubeadm, cluster: Cluster, hosts: dict[str, Host], playbooks: Playbooks
) -> None:
    worker = Kubeadm.client(LAB, hosts["w1"])
    assert_reset(worker, worker("reset", "--force", IGNORED))
    cluster.kubectl("delete", "node", "w1")
    worker.host.run(f"rm {BINARY}")
    again = playbooks.site()
    assert again.code == 0, again.output
    eventually(lambda: ready(cluster.get("node", "w1")), "node w1 is Ready")
    assert playbooks.site().changed == {"cp1": 0, "w1": 0}
