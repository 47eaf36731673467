# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody changed by hand is shown by check mode and mended by a run."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
WANTED, EDITED = "--requestheader-group-headers=X-Remote-Group", "--requestheader-group-headers=X-Drift-Group"
BINDING = "kubeadm:get-nodes"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


class Drift(NamedTuple):
    plan: Run
    still_there: dict[str, str]
    mended: Run
    after: Run


def state(cluster: Cluster, hosts: dict[str, Host]) -> dict[str, str]:
    return {
        "flag": hosts["cp1"].read(MANIFEST),
        "mode": hosts["cp1"].run("stat -c %a /etc/kubernetes/admin.conf").strip(),
        "binding": cluster.kubectl("get", "clusterrolebinding", "--ignore-not-found", "-o", "name", BINDING).strip(),
        "kubelet flags": hosts["w2"].read(FLAGS),
        "node": cluster.kubectl("get", "node", "--ignore-not-found", "-o", "name", "w1").strip(),
    }


@pytest.fixture(scope="module")
def right(cluster: Cluster, hosts: dict[str, Host]) -> dict[str, str]:
    return state(cluster, hosts)


@pytest.fixture(scope="module")
def drift(right: dict[str, str], cluster: Cluster, hosts: dict[str, Host], playbooks: Playbooks) -> Drift:
    start(cluster, "before")
    cluster.kubectl("delete", "clusterrolebinding", BINDING)
    cluster.kubectl("delete", "node", "w1")
    hosts["w2"].run(f"sed -i 's/\"$/ --v=3\"/' {FLAGS} && systemctl restart kubelet")
    hosts["cp1"].run("chmod 0644 /etc/kubernetes/admin.conf")
    hosts["cp1"].run(f"sed -i s/{WANTED}/{EDITED}/ {MANIFEST}")
    eventually(lambda: EDITED in running_command(hosts["cp1"]), "the API server runs with the edited flag", 120)
    eventually(lambda: cluster.call("get", "--raw", "/readyz").returncode == 0, "the API server answers", 120)
    plan = playbooks.site("--check", "--diff")
    still_there = state(cluster, hosts)
    return Drift(plan, still_there, playbooks.site(), playbooks.site())


def start(cluster: Cluster, name: str) -> None:
    """A Pod on w1, which brings the node's bridge."""
    cluster.apply(pod(name, "w1", command=["sleep", "3600"]))
    eventually(lambda: ready(cluster.get("pod", name)), f"Pod {name} is Ready", 60)


def running_command(host: Host) -> str:
    return host.run("for p in $(pgrep -x kube-apiserver); do tr '\\0' ' ' < /proc/$p/cmdline; done")


def test_every_run_succeeds(drift: Drift) -> None:
    assert (drift.plan.code, drift.mended.code, drift.after.code) == (0, 0, 0), drift.plan.output + drift.mended.output


@pytest.mark.parametrize(
    "shown",
    [
        f"-    - {EDITED}",
        f"+    - {WANTED}",
        BINDING,
        "/etc/kubernetes/admin.conf",
        "0644",
        "--v=3",
        "+register node w1 again",
    ],
)
def test_check_mode_shows_it(drift: Drift, shown: str) -> None:
    assert shown in drift.plan.output


def test_check_mode_mends_nothing(drift: Drift, right: dict[str, str]) -> None:
    assert all(drift.still_there[name] != value for name, value in right.items())


@pytest.mark.parametrize("what", ["flag", "mode", "binding", "kubelet flags", "node"])
def test_a_run_mends_it(
    drift: Drift, right: dict[str, str], cluster: Cluster, hosts: dict[str, Host], what: str
) -> None:
    assert state(cluster, hosts)[what] == right[what]


def test_what_runs_is_what_is_written(drift: Drift, hosts: dict[str, Host]) -> None:
    assert WANTED in running_command(hosts["cp1"])
    assert "--v=3" not in hosts["w2"].run("tr '\\0' ' ' < /proc/$(pgrep -x kubelet)/cmdline")


def test_then_nothing_is_left_to_do(drift: Drift) -> None:
    assert not any(drift.after.changed.values()), drift.after.output


def test_a_pod_starts_on_the_node_that_came_back(drift: Drift, cluster: Cluster) -> None:
    """The node was given other podCIDRs than the bridge was made for."""
    try:
        start(cluster, "after")
    finally:
        cluster.kubectl("delete", "pod", "--now", "--ignore-not-found", "before", "after")
