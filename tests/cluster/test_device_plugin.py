# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real device plugin, upstream's sample, registers with the kubelet of a node of ours, and a Pod gets its device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab import pins
from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.hosts import Host

NODE = "w1"
RESOURCE, DEVICES = "example.com/resource", {"Dev-1", "Dev-2"}
PLUGIN, USER, WAITING = "sample-device-plugin", "device-user", "device-waiting"
SOCKETS = "/var/lib/kubelet/device-plugins"
#: as kubelet and containerd use them where kubeadm configured the node: mode and owner
PLACES = {
    "/var/lib/kubelet/plugins": "750 root:root",
    "/var/lib/kubelet/plugins_registry": "750 root:root",
    SOCKETS: "755 root:root",
    "/etc/cni/net.d": "755 root:root",
    "/opt/cni/bin": "755 root:root",
}


def plugin() -> dict[str, Any]:
    """As upstream's manifest has it."""
    container = {
        "name": PLUGIN,
        "image": "registry.k8s.io/{}:{}".format(*pins.DEVICE_PLUGIN_IMAGE),
        "securityContext": {"privileged": True},
        "env": [{"name": "PLUGIN_SOCK_DIR", "value": SOCKETS}],
        "volumeMounts": [{"name": "sockets", "mountPath": SOCKETS}, {"name": "devices", "mountPath": "/tmp"}],
    }
    spec = {
        "nodeSelector": {"kubernetes.io/hostname": NODE},
        "terminationGracePeriodSeconds": 2,
        "containers": [container],
        "volumes": [
            {"name": "sockets", "hostPath": {"path": SOCKETS}},
            {"name": "devices", "hostPath": {"path": "/tmp"}},
        ],
    }
    labels = {"app": PLUGIN}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": PLUGIN, "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


def user(name: str, count: int) -> dict[str, Any]:
    made = pod(name, NODE)
    made["spec"]["containers"][0]["resources"] = {"limits": {RESOURCE: str(count)}}
    return made


def allocatable(cluster: Cluster) -> int:
    return int(cluster.get("node", NODE)["status"]["allocatable"].get(RESOURCE, 0))


@pytest.fixture(scope="module")
def registered(cluster: Cluster) -> Iterator[None]:
    cluster.apply(plugin())
    eventually(lambda: allocatable(cluster) == len(DEVICES), f"node {NODE} offers {len(DEVICES)} of {RESOURCE}", 120)
    yield
    cluster.kubectl("delete", "pod", "--now", "--ignore-not-found", USER, WAITING)
    cluster.kubectl("delete", "daemonset", "-n", "kube-system", PLUGIN)


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("name", ["cp1", NODE])
def test_place_is_as_kubeadm_leaves_it(hosts: dict[str, Host], name: str, path: str) -> None:
    assert hosts[name].run(f"stat -c '%a %U:%G' {path}").strip() == PLACES[path]


def test_kubelet_offers_its_devices(registered: None, cluster: Cluster) -> None:
    assert int(cluster.get("node", NODE)["status"]["capacity"][RESOURCE]) == len(DEVICES)


def test_pod_gets_its_device(registered: None, cluster: Cluster) -> None:
    cluster.apply(user(USER, 1))
    eventually(lambda: ready(cluster.get("pod", USER)), "the Pod with a device is Ready", 90)
    found = set(cluster.kubectl("exec", USER, "--", "ls", "/tmp").split()) & DEVICES
    assert len(found) == 1


def test_pod_that_wants_more_than_is_left_waits(registered: None, cluster: Cluster) -> None:
    cluster.apply(user(WAITING, 2))

    def refused() -> bool:
        conditions = cluster.get("pod", WAITING)["status"].get("conditions", [])
        return any(f"Insufficient {RESOURCE}" in each.get("message", "") for each in conditions)

    eventually(refused, "the scheduler finds too few devices")
    cluster.kubectl("delete", "pod", "--now", USER)
    eventually(lambda: ready(cluster.get("pod", WAITING)), "the Pod gets both devices when they are free", 90)
    assert set(cluster.kubectl("exec", WAITING, "--", "ls", "/tmp").split()) >= DEVICES


def test_it_registers_again_with_a_restarted_kubelet(
    registered: None, cluster: Cluster, hosts: dict[str, Host]
) -> None:
    hosts[NODE].run("systemctl restart kubelet")
    assert ready(cluster.get("pod", WAITING))
    eventually(lambda: allocatable(cluster) == len(DEVICES), f"node {NODE} offers {RESOURCE} again", 90)
