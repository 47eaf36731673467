# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ResetConfiguration, UpgradeConfiguration and documents of v1beta3."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve

Resolve = Callable[..., dict[str, Any]]
Fault = Callable[..., str]
HOST = {"hostname": "cp1", "default_ipv4": "192.0.2.10"}
SECONDS = {
    "controlPlaneComponentHealthCheck": 240,
    "kubeletHealthCheck": 240,
    "kubernetesAPICall": 60,
    "etcdAPICall": 120,
    "tlsBootstrap": 300,
    "discovery": 300,
    "upgradeManifests": 300,
}


def test_reset_has_kubeadms_defaults(fact: Resolve) -> None:
    assert fact()["reset"] == {
        "certificatesDir": "/etc/kubernetes/pki",
        "cleanupTmpDir": False,
        "criSocket": "unix:///var/run/containerd/containerd.sock",
        "dryRun": False,
        "force": False,
        "ignorePreflightErrors": [],
        "skipPhases": [],
        "unmountFlags": [],
        "timeouts": SECONDS,
    }


def test_reset_says_what_was_said(fact: Resolve) -> None:
    given = {
        "certificatesDir": "/a",
        "cleanupTmpDir": True,
        "criSocket": "/run/a.sock",
        "force": True,
        "ignorePreflightErrors": ["all"],
        "skipPhases": ["cleanup-node"],
        "unmountFlags": ["MNT_FORCE"],
        "timeouts": {"etcdAPICall": "90s"},
    }
    wanted = {**given, "criSocket": "unix:///run/a.sock", "dryRun": False, "timeouts": {**SECONDS, "etcdAPICall": 90}}
    assert fact(reset_configuration=given)["reset"] == wanted


def test_reset_uses_the_hosts_socket(fact: Resolve) -> None:
    assert fact(cri_socket="/run/b.sock")["reset"]["criSocket"] == "unix:///run/b.sock"


def test_upgrade_has_kubeadms_defaults(fact: Resolve) -> None:
    images = {"imagePullPolicy": "IfNotPresent", "imagePullSerial": True}
    common = {
        "certificateRenewal": True,
        "etcdUpgrade": True,
        "dryRun": False,
        "ignorePreflightErrors": [],
        "skipPhases": [],
    }
    version = {
        "kubernetesVersion": "",
        "allowExperimentalUpgrades": False,
        "allowRCUpgrades": False,
        "printConfig": False,
    }
    patches = {"patches": {"directory": ""}}
    assert fact()["upgrade"] == {
        "apply": {**common, **images, **version, **patches, "forceUpgrade": False},
        "node": {**common, **images, **patches},
        "plan": {**version, "dryRun": False, "etcdUpgrade": True, "ignorePreflightErrors": []},
        "diff": {"kubernetesVersion": "", "contextLines": 0},
        "timeouts": SECONDS,
    }


def test_upgrade_says_what_was_said(fact: Resolve) -> None:
    given = {
        "apply": {
            "kubernetesVersion": "v1.37.2",
            "etcdUpgrade": False,
            "patches": {"directory": "/p"},
            "skipPhases": ["addon"],
        },
        "node": {"imagePullPolicy": "Never", "imagePullSerial": False},
        "plan": {"allowRCUpgrades": True},
        "diff": {"contextLines": 5},
        "timeouts": {"upgradeManifests": "10m"},
    }
    found = fact(upgrade_configuration=given)["upgrade"]
    assert found["apply"]["kubernetesVersion"] == "v1.37.2"
    assert found["apply"]["etcdUpgrade"] is False
    assert found["apply"]["patches"] == {"directory": "/p"}
    assert found["apply"]["skipPhases"] == ["addon", "addon/coredns", "addon/kube-proxy"]
    assert (found["node"]["imagePullPolicy"], found["node"]["imagePullSerial"]) == ("Never", False)
    assert found["plan"]["allowRCUpgrades"] is True
    assert found["diff"]["contextLines"] == 5
    assert found["timeouts"]["upgradeManifests"] == 600


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"reset_configuration": {"ignorePreflightErrors": ["all", "Swap"]}}, "'all' stands alone"),
        ({"reset_configuration": {"timeouts": {"discovery": "0s"}}}, "must be longer than nothing"),
        ({"upgrade_configuration": {"apply": {"kubernetesVersion": "newest"}}}, "apply.kubernetesVersion: neither a Kubernetes"),
        ({"upgrade_configuration": {"plan": {"ignorePreflightErrors": ["ALL", "x"]}}}, "plan.ignorePreflightErrors: 'all'"),
        ({"upgrade_configuration": {"node": {"patches": {"directory": "p"}}}}, "node.patches.directory: not an absolute path"),
        ({"upgrade_configuration": {"aply": {}}}, "aply: unknown field. Did you mean apply?"),
    ],
)  # fmt: skip
def test_what_is_refused(fault: Fault, inputs: dict[str, Any], message: str) -> None:
    assert message in fault(**inputs)


@pytest.mark.parametrize("ignored", [["all"], ["ALL", "all"], ["Swap", "swap", "Port-6443"], []])
def test_checks_that_can_be_ignored(fact: Resolve, ignored: list[str]) -> None:
    found = fact(node_registration={"ignorePreflightErrors": ignored})["node_registration"]
    assert found["ignorePreflightErrors"] == ignored


OLD_CLUSTER = {
    "apiVersion": "kubeadm.k8s.io/v1beta3",
    "kind": "ClusterConfiguration",
    "kubernetesVersion": "v1.36.1",
    "apiServer": {"extraArgs": {"v": "2", "a": "b"}, "timeoutForControlPlane": "7m0s", "certSANs": ["A.test"]},
    "etcd": {"local": {"extraArgs": {"z": "1", "b": "2"}, "dataDir": "/e"}},
}


def test_an_old_document_is_converted(fact: Resolve) -> None:
    found = fact(
        cluster_configuration=OLD_CLUSTER,
        init_configuration={
            "apiVersion": "kubeadm.k8s.io/v1beta3",
            "nodeRegistration": {"kubeletExtraArgs": {"v": "2", "a": "b"}},
        },
    )
    assert found["cluster"]["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    assert found["cluster"]["apiServer"] == {
        "certSANs": ["a.test"],
        "extraArgs": [{"name": "a", "value": "b"}, {"name": "v", "value": "2"}],
    }
    assert found["cluster"]["etcd"]["local"]["extraArgs"] == [{"name": "b", "value": "2"}, {"name": "z", "value": "1"}]
    assert found["node_registration"]["kubeletExtraArgs"] == [{"name": "a", "value": "b"}, {"name": "v", "value": "2"}]
    assert found["timeouts"]["controlPlaneComponentHealthCheck"] == 420


def test_an_old_joinconfiguration_is_converted(fact: Resolve) -> None:
    given = {"apiVersion": "kubeadm.k8s.io/v1beta3", "discovery": {"timeout": "90s"}}
    found = fact(join_configuration=given, node_role="worker", kubernetes_version="v1.34.1")
    assert found["timeouts"]["discovery"] == 90


def test_what_was_given_is_not_changed(fact: Resolve) -> None:
    fact(cluster_configuration=OLD_CLUSTER)
    assert OLD_CLUSTER["apiServer"] == {
        "extraArgs": {"v": "2", "a": "b"},
        "timeoutForControlPlane": "7m0s",
        "certSANs": ["A.test"],
    }


def test_an_old_document_is_warned_of() -> None:
    _fact, warnings = resolve({"cluster_configuration": OLD_CLUSTER}, HOST)
    assert warnings == [
        "kubephase_cluster_configuration: kubeadm.k8s.io/v1beta3 is deprecated, see `kubeadm config migrate`"
    ]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"cluster_configuration": {**OLD_CLUSTER, "kubernetesVersion": "v1.37.0"}}, "kubeadm 1.37 does not read this version"),
        ({"cluster_configuration": {**OLD_CLUSTER, "encryptionAlgorithm": "RSA-2048"}}, "v1beta3 has no such field"),
        ({"cluster_configuration": {**OLD_CLUSTER, "scheduler": {"extraArgs": []}}}, "a mapping, as v1beta3 has it"),
        ({"cluster_configuration": {**OLD_CLUSTER, "scheduler": {"extraArgs": {"a": 1}}}}, "Quote it to make it a string"),
        ({"reset_configuration": {"apiVersion": "kubeadm.k8s.io/v1beta3"}}, "v1beta3 has no ResetConfiguration"),
    ],
)  # fmt: skip
def test_old_documents_that_are_refused(fault: Fault, inputs: dict[str, Any], message: str) -> None:
    assert message in fault(**inputs)
