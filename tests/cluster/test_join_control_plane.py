# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of ours grows: site.yml joins further control planes, is interrupted by a power failure, and goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import etcd_members, power, remove_member, with_groups
from tests.cluster.hosts import Host
from tests.cluster.joining import make_anew
from tests.cluster.playbook import Playbooks, Run

FIRST, SECOND, THIRD = "cp1", "k2", "k3"
#: what a second run costs a control plane that has joined
SECOND_RUN = 14
SHARED = " ".join(
    f"/etc/kubernetes/pki/{name}"
    for name in ("ca.crt", "ca.key", "etcd/ca.crt", "etcd/ca.key", "front-proxy-ca.key", "sa.key", "sa.pub")
)
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


class Grown(NamedTuple):
    plan: Run
    joined: Run
    again: Run
    interrupted: Run
    resumed: Run
    last: Run


@pytest.fixture(scope="module")
def grown(hosts: dict[str, Host], cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    directory = tmp_path_factory.mktemp("grown")
    two, three = (
        with_groups(directory, control_plane=names, workers=[]) for names in ([FIRST, SECOND], [FIRST, SECOND, THIRD])
    )
    plan = two.site("--check", "--diff")
    joined = two.site(verbosity=4)
    again = two.site()
    interrupted = _interrupted(three, hosts[THIRD], cluster)
    resumed = three.site()
    yield Grown(plan, joined, again, interrupted, resumed, three.site())
    for name in (THIRD, SECOND):
        remove_member(cluster, f"etcd-{FIRST}", name)
        cluster.kubectl("delete", "node", name, "--ignore-not-found")
        make_anew(LAB, hosts[name])


def _interrupted(playbooks: Playbooks, host: Host, cluster: Cluster) -> Run:
    """A run whose third control plane loses its power as soon as etcd knows it."""
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(playbooks.site()))
    thread.start()
    eventually(lambda: len(etcd_members(cluster, f"etcd-{FIRST}")) > 2, "the third member is added", 600)
    power("kill", host)
    thread.join()
    power("start", host)
    eventually(lambda: host.shell("systemctl is-system-running --wait").stdout, f"{host.name} is up again", 60)
    return runs[0]


def test_plan_on_a_bare_host(grown: Grown) -> None:
    assert grown.plan.code == 0, grown.plan.output
    assert grown.plan.changed[SECOND] > 0
    assert grown.plan.changed[FIRST] <= 1, "only a token"


def test_joins(grown: Grown) -> None:
    assert grown.joined.code == 0, grown.joined.output


def test_second_run_changes_nothing_and_is_cheap(grown: Grown) -> None:
    assert grown.again.code == 0, grown.again.output
    assert grown.again.changed == {FIRST: 0, SECOND: 0}
    assert grown.again.calls[SECOND] <= SECOND_RUN


def test_no_secret_is_shown(grown: Grown, hosts: dict[str, Host]) -> None:
    output = grown.joined.output
    assert "PRIVATE KEY" not in output
    for path in ("/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/sa.key"):
        line = hosts[SECOND].read(path).splitlines()[1]
        assert line not in output


def test_a_power_failure_in_the_middle_is_healed_by_the_next_run(grown: Grown) -> None:
    assert grown.interrupted.code != 0, grown.interrupted.output
    assert grown.resumed.code == 0, grown.resumed.output
    assert grown.last.code == 0, grown.last.output
    assert grown.last.changed == {FIRST: 0, SECOND: 0, THIRD: 0}


def test_etcd_has_three_voters(grown: Grown, cluster: Cluster) -> None:
    assert etcd_members(cluster, f"etcd-{FIRST}") == {FIRST: False, SECOND: False, THIRD: False}


def test_every_component_runs_on_each(grown: Grown, cluster: Cluster) -> None:
    wanted = {f"{component}-{node}" for component in COMPONENTS for node in (FIRST, SECOND, THIRD)}

    def running() -> bool:
        found = {one["metadata"]["name"] for one in cluster.items("pods", "-n", "kube-system") if ready(one)}
        return wanted <= found

    eventually(running, "the static Pods of three control planes are ready", 120)


@pytest.mark.parametrize("node", [SECOND, THIRD])
def test_nodes_are_marked(grown: Grown, cluster: Cluster, node: str) -> None:
    first, other = cluster.get("node", FIRST), cluster.get("node", node)
    assert set(other["metadata"]["labels"]) == set(first["metadata"]["labels"])
    control_plane = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
    assert control_plane in other["spec"]["taints"]


@pytest.mark.parametrize("node", [SECOND, THIRD])
def test_files_are_those_of_a_control_plane_that_joined(grown: Grown, hosts: dict[str, Host], node: str) -> None:
    first, other = hosts[FIRST], hosts[node]
    assert other.run(f"sha256sum {SHARED}") == first.run(f"sha256sum {SHARED}")
    conf = other.run("cd /etc/kubernetes && ls *.conf").split()
    assert conf == ["admin.conf", "controller-manager.conf", "kubelet.conf", "scheduler.conf"]
    for component in COMPONENTS[1:]:
        path = f"/etc/kubernetes/manifests/{component}.yaml"
        assert other.read(path).replace(other.address, first.address) == first.read(path)
    assert f"server: https://{other.address}:6443" in other.read("/etc/kubernetes/kubelet.conf")
    assert "--initial-cluster-state=existing" in other.read("/etc/kubernetes/manifests/etcd.yaml")


@pytest.mark.parametrize("node", [SECOND, THIRD])
def test_each_serves_the_cluster(grown: Grown, hosts: dict[str, Host], node: str) -> None:
    server = f"--server=https://{hosts[node].address}:6443"
    answer = hosts[node].run(f"kubectl --kubeconfig=/etc/kubernetes/admin.conf {server} get --raw /readyz")
    assert answer == "ok"
