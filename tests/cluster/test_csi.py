# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CSI driver registers with the kubelet over its plugin sockets, and a Pod gets its volume.

The driver is the one that the Kubernetes project's own storage tests use (lab/csi). csi-driver-host-path, the registrar and
what the provisioner needs are not to be had as Go modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab import pins
from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.hosts import Host

NODE = "w1"
DRIVER, NAME, CLAIM, USER = "folders.csi.test", "csi-folders", "csi-claim", "csi-user"
PLUGINS, REGISTRY, PODS = (f"/var/lib/kubelet/{name}" for name in ("plugins", "plugins_registry", "pods"))
#: the driver has this one from its start
VOLUME = "1"


def driver() -> list[dict[str, Any]]:
    folders = {"plugins": PLUGINS, "registry": REGISTRY, "pods": PODS}
    container = {
        "name": "driver",
        "image": "registry.k8s.io/{}:{}".format(*pins.CSI_DRIVER_IMAGE),
        "args": [f"--name={DRIVER}", "-v=3"],
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in folders.items()],
    }
    spec = {
        "nodeSelector": {"kubernetes.io/hostname": NODE},
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [{"name": name, "hostPath": {"path": path}} for name, path in folders.items()],
    }
    labels = {"app": NAME}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": DRIVER},
            "spec": {
                "attachRequired": False,
                "podInfoOnMount": True,
                "volumeLifecycleModes": ["Persistent"],
            },
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": NAME, "namespace": "kube-system"},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        },
    ]


def volume() -> list[dict[str, Any]]:
    size, modes = {"storage": "1Gi"}, ["ReadWriteOnce"]
    bound = {"volumeName": CLAIM, "storageClassName": "", "accessModes": modes, "resources": {"requests": size}}
    offered = {
        "capacity": size,
        "accessModes": modes,
        "persistentVolumeReclaimPolicy": "Retain",
        "csi": {"driver": DRIVER, "volumeHandle": VOLUME},
    }
    return [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": CLAIM}, "spec": offered},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": CLAIM}, "spec": bound},
    ]


def user() -> dict[str, Any]:
    made = pod(USER, NODE)
    made["spec"]["volumes"] = [{"name": "kept", "persistentVolumeClaim": {"claimName": CLAIM}}]
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "kept", "mountPath": "/kept"}]
    return made


@pytest.fixture(scope="module")
def registered(cluster: Cluster) -> Iterator[None]:
    cluster.apply(*driver())
    eventually(lambda: DRIVER in drivers(cluster), f"CSINode {NODE} names the driver", 120)
    yield
    cluster.kubectl("delete", "pod", "--now", "--ignore-not-found", USER)
    cluster.kubectl("delete", "persistentvolumeclaim,persistentvolume", "--ignore-not-found", CLAIM)
    cluster.kubectl("delete", "daemonset", "-n", "kube-system", NAME)
    cluster.kubectl("delete", "csidriver", DRIVER)


def drivers(cluster: Cluster) -> list[str]:
    return [each["name"] for each in cluster.get("csinode", NODE)["spec"].get("drivers") or []]


@pytest.fixture(scope="module")
def used(registered: None, cluster: Cluster) -> str:
    """The folder of the Pod's volumes on the node."""
    cluster.apply(*volume(), user())
    eventually(lambda: ready(cluster.get("pod", USER)), "the Pod with volumes is Ready", 120)
    uid = cluster.get("pod", USER)["metadata"]["uid"]
    return f"{PODS}/{uid}/volumes/kubernetes.io~csi"


def test_its_sockets_are_where_the_kubelet_looks(registered: None, hosts: dict[str, Host]) -> None:
    hosts[NODE].run(f"test -S {PLUGINS}/{DRIVER}/csi.sock && test -S {REGISTRY}/{DRIVER}-reg.sock")


def test_persistent_volume_is_mounted(used: str, cluster: Cluster, hosts: dict[str, Host]) -> None:
    cluster.kubectl("exec", USER, "--", "sh", "-c", "echo written by a Pod > /kept/file")
    assert hosts[NODE].read(f"{used}/{CLAIM}/mount/file") == "written by a Pod\n"


def test_the_driver_was_asked_as_the_specification_says(used: str, cluster: Cluster) -> None:
    log = cluster.kubectl("logs", "-n", "kube-system", f"daemonset/{NAME}")
    for call in ("NodeGetInfo", "NodeStageVolume", "NodePublishVolume"):
        assert f"csi.v1.Node/{call}" in log, log
    assert '"csi.storage.k8s.io/pod.name":"csi-user"' in log


def test_volume_goes_with_the_pod(used: str, cluster: Cluster, hosts: dict[str, Host]) -> None:
    cluster.kubectl("delete", "pod", "--now", USER)
    eventually(lambda: hosts[NODE].shell(f"test -e {used}").returncode, "the kubelet removed the Pod's volumes")
    log = cluster.kubectl("logs", "-n", "kube-system", f"daemonset/{NAME}")
    assert "csi.v1.Node/NodeUnpublishVolume" in log
