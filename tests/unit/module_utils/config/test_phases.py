# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phases that are skipped, feature gates, and which document speaks for a host."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config import phases

Resolve = Callable[..., dict[str, Any]]
Fault = Callable[..., str]
MIRROR = Path.home() / ".cache/kubephase/mirror/release"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], []),
        (["addon"], ["addon", "addon/coredns", "addon/kube-proxy"]),
        (["addon/kube-proxy", "etcd"], ["etcd", "etcd/local", "addon/kube-proxy"]),
        (["certs/ca", "certs/ca"], ["certs/ca"]),
        (["control-plane"], ["control-plane", *(f"control-plane/{name}" for name in ("apiserver", "controller-manager", "scheduler"))]),
    ],
)  # fmt: skip
def test_a_skipped_phase_skips_its_children(fact: Resolve, given: list[str], wanted: list[str]) -> None:
    assert fact(init_configuration={"skipPhases": given})["skip_phases"] == wanted


@pytest.mark.parametrize(
    ("skipped", "dns", "proxy"),
    [
        (["addon"], True, True),
        (["addon/coredns"], True, None),
        (["addon/kube-proxy"], None, True),
        (["etcd"], None, None),
    ],
)
def test_a_skipped_addon_is_one_that_is_off(fact: Resolve, skipped: list[str], dns: Any, proxy: Any) -> None:
    found = fact(init_configuration={"skipPhases": skipped})["cluster"]
    assert (found["dns"].get("disabled"), found["proxy"].get("disabled")) == (dns, proxy)


def test_an_addon_that_is_off_is_a_skipped_phase(fact: Resolve) -> None:
    found = fact(cluster_configuration={"dns": {"disabled": True}})
    assert found["skip_phases"] == ["addon/coredns"]
    found = fact(cluster_configuration={"dns": {"disabled": True}}, node_role="worker")
    assert found["skip_phases"] == []


def test_the_addons_of_a_cluster_are_the_same_on_every_host(fact: Resolve) -> None:
    inputs = {"init_configuration": {"skipPhases": ["addon"]}}
    assert fact(**inputs, node_role="worker")["cluster"] == fact(**inputs)["cluster"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"init_configuration": {"skipPhases": ["addon/dashboard"]}}, "skipPhases[0]: kubeadm init of 1.37 has no such phase"),
        ({"init_configuration": {"skipPhases": ["Addon"]}}, "has no such phase (got 'Addon'"),
        ({"join_configuration": {"skipPhases": ["certs"]}, "node_role": "worker"}, "kubeadm join of 1.37 has no such phase"),
        (
            {"join_configuration": {"skipPhases": ["control-plane-join/etcd"]}, "joins": True, "kubernetes_version": "v1.36.0"},
            "kubeadm join of 1.36 has no such phase",
        ),
        ({"reset_configuration": {"skipPhases": ["certs"]}}, "kubeadm reset of 1.37 has no such phase"),
        ({"upgrade_configuration": {"apply": {"skipPhases": ["x"]}}}, "kubeadm upgrade apply of 1.37 has no such phase"),
        ({"upgrade_configuration": {"node": {"skipPhases": ["bootstrap-token"]}}}, "kubeadm upgrade node of 1.37 has no"),
    ],
)  # fmt: skip
def test_an_unknown_phase_is_an_error(fault: Fault, inputs: dict[str, Any], message: str) -> None:
    assert message in fault(**inputs)


def test_a_phase_that_older_versions_have(fact: Resolve) -> None:
    wanted = {"skipPhases": ["control-plane-join/etcd"]}
    found = fact(join_configuration=wanted, joins=True, kubernetes_version="v1.35.0")
    assert found["skip_phases"] == ["control-plane-join/etcd"]


@pytest.mark.parametrize("program", sorted(MIRROR.glob("v1.*/bin/linux/*/kubeadm")), ids=lambda path: path.parts[-5])
@pytest.mark.parametrize("workflow", ["init", "join", "reset", "upgrade apply", "upgrade node"])
def test_the_names_are_kubeadms(program: Path, workflow: str) -> None:
    """Hidden phases are not in its help, and are not in the list here that is compared."""
    shown = subprocess.run([program, *workflow.split(), "--help"], capture_output=True, text=True, check=True).stdout
    block = shown.split("```")[1]
    found, parent = [], ""
    for line in filter(None, block.splitlines()):
        name = line.split()[0]
        parent = parent if name.startswith("/") else name
        found.append(parent + name if name.startswith("/") else name)
    hidden = (
        {"check-etcd", "kubelet-wait-bootstrap", "control-plane-join/etcd"} if workflow == "join" else {"kubeconfig"}
    )
    hidden = set() if workflow in ("init", "reset") else hidden
    known = phases.names(workflow, int(program.parts[-5].split(".")[1]))
    assert [name for name in known if name not in hidden or name in found] == found


GATES = {
    "ControlPlaneKubeletLocalMode": True,
    "NodeLocalCRISocket": True,
    "PublicKeysECDSA": False,
    "RootlessControlPlane": False,
    "WaitForAllControlPlaneComponents": True,
}


@pytest.mark.parametrize("minor", [34, 35, 36, 37])
def test_the_gates_defaults(fact: Resolve, minor: int) -> None:
    assert fact(kubernetes_version=f"v1.{minor}.0")["feature_gates"] == GATES


@pytest.mark.parametrize(
    ("minor", "gate", "value", "effective"),
    [
        (34, "ControlPlaneKubeletLocalMode", False, False),
        (35, "ControlPlaneKubeletLocalMode", False, True),
        (34, "NodeLocalCRISocket", False, False),
        (36, "NodeLocalCRISocket", False, False),
        (34, "WaitForAllControlPlaneComponents", False, True),
        (37, "RootlessControlPlane", True, True),
        (36, "PublicKeysECDSA", True, True),
    ],
)
def test_a_gate_counts_as_with_kubeadm(fact: Resolve, minor: int, gate: str, value: bool, effective: bool) -> None:
    found = fact(kubernetes_version=f"v1.{minor}.0", cluster_configuration={"featureGates": {gate: value}})
    assert found["feature_gates"][gate] is effective
    assert found["cluster"]["featureGates"] == {gate: value}


@pytest.mark.parametrize(("value", "algorithm"), [(True, "ECDSA-P256"), (False, "RSA-2048")])
def test_the_older_word_for_the_algorithm_wins(fact: Resolve, value: bool, algorithm: str) -> None:
    given = {"featureGates": {"PublicKeysECDSA": value}, "encryptionAlgorithm": "RSA-4096"}
    found = fact(kubernetes_version="v1.36.0", cluster_configuration=given)
    assert found["encryption_algorithm"] == algorithm
    assert found["cluster"]["encryptionAlgorithm"] == "RSA-4096"
    assert fact(cluster_configuration={"encryptionAlgorithm": "RSA-4096"})["encryption_algorithm"] == "RSA-4096"


JOIN = {
    "nodeRegistration": {"name": "joined", "taints": []},
    "controlPlane": {"localAPIEndpoint": {"advertiseAddress": "192.0.2.77", "bindPort": 7443}},
    "discovery": {"bootstrapToken": {"apiServerEndpoint": "LB.test:6443"}},
    "skipPhases": ["check-etcd"],
    "patches": {"directory": "/join"},
    "timeouts": {"tlsBootstrap": "7m"},
}
INIT = {"nodeRegistration": {"name": "first"}, "patches": {"directory": "/init"}, "timeouts": {"tlsBootstrap": "1m"}}


@pytest.mark.parametrize(
    ("inputs", "joins"),
    [
        ({}, False),
        ({"node_role": "worker"}, True),
        ({"joins": True}, True),
        ({"joins": "true"}, True),
        ({"joins": "no"}, False),
        ({"joins": True, "node_role": "worker"}, True),
    ],
)
def test_which_document_speaks_for_the_host(fact: Resolve, inputs: dict[str, Any], joins: bool) -> None:
    found = fact(init_configuration=INIT, join_configuration=JOIN, **inputs)
    assert found["joins"] is joins
    assert found["node_registration"]["name"] == ("joined" if joins else "first")
    assert found["local_api_endpoint"]["bindPort"] == (7443 if joins else 6443)
    assert found["skip_phases"] == (["check-etcd"] if joins else [])
    assert found["patches"] == {"directory": "/join" if joins else "/init", "controller_directory": ""}
    assert found["timeouts"]["tlsBootstrap"] == (420 if joins else 60)
    assert found["server"]["cluster"] == ("https://LB.test:6443" if joins else "https://192.0.2.10:6443")


def test_a_worker_always_joins(fault: Fault) -> None:
    assert "kubephase_joins: a worker always joins" in fault(joins=False, node_role="worker")
