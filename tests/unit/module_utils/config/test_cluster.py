# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClusterConfiguration and the host's parts. The verdicts are kubeadm 1.37.2's (`kubeadm config validate`)."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump
from tests.unit.module_utils.config.golden import KUBEADM_CONFIG

Resolve = Callable[..., dict[str, Any]]
Fault = Callable[..., str]


def nested(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    return dict(value)


def test_defaults_are_kubeadms(fact: Resolve) -> None:
    found = fact(control_plane_endpoint="lb.example.org", pod_subnet="10.244.0.0/16")
    assert dump(found["cluster"]) == KUBEADM_CONFIG
    wanted = {"gitVersion": "v1.37.2", "major": 1, "minor": 37, "patch": 2, "ci": False, "label": ""}
    assert found["version"] == wanted
    assert found["server"] == {"cluster": "https://lb.example.org:6443", "local": "https://192.0.2.10:6443"}
    assert (found["service_ip"], found["dns_ip"]) == ("10.96.0.1", "10.96.0.10")
    assert found["timeouts"] == {
        "controlPlaneComponentHealthCheck": 240, "kubeletHealthCheck": 240, "kubernetesAPICall": 60, "etcdAPICall": 120,
        "tlsBootstrap": 300, "discovery": 300, "upgradeManifests": 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "normal"),
    [
        ("kubernetesVersion", "1.36.3", "v1.36.3"),
        ("controlPlaneEndpoint", "fd00::1", "[fd00::1]:6443"),
        ("controlPlaneEndpoint", "[fd00::1]:8443", "[fd00::1]:8443"),
        ("controlPlaneEndpoint", "1.2.3.4", "1.2.3.4:6443"),
        ("certificateValidityPeriod", "24h", "24h0m0s"),
        ("apiServer.certSANs", ["LB.Example.org", "*.x.y", "1.2.3.4"], ["lb.example.org", "*.x.y", "1.2.3.4"]),
        ("etcd.local.imageTag", "3.5.24-0", "3.5.24-0"),
        ("dns", {"disabled": True}, {"disabled": True}),
        ("dns", {"disabled": False}, {}),
        ("clusterName", "", "kubernetes"),
        ("networking", None, {"dnsDomain": "cluster.local", "serviceSubnet": "10.96.0.0/12"}),
        ("networking.serviceSubnet", "fd00::/108,10.0.0.0/16", "fd00::/108,10.0.0.0/16"),
        (
            "apiServer.extraArgs",
            [{"name": "v", "value": "2"}, {"name": "v"}],
            [{"name": "v", "value": "2"}, {"name": "v", "value": ""}],
        ),
        (
            "scheduler.extraEnvs",
            [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            [{"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
        ),
    ],
)
def test_normal_form(fact: Resolve, path: str, value: Any, normal: Any) -> None:
    found: Any = fact(cluster_configuration=nested(path, value))["cluster"]
    for step in path.split("."):
        found = found[step]
    assert found == normal


def test_external_etcd(fact: Resolve) -> None:
    external = {"endpoints": ["https://a:2379"], "caFile": "/ca", "certFile": "/c", "keyFile": "/k"}
    found = fact(cluster_configuration={"etcd": {"external": external}})["cluster"]["etcd"]
    assert found == {"external": {**external, "httpEndpoints": ["https://a:2379"]}}
    older = fact(kubernetes_version="v1.34.4", cluster_configuration={"etcd": {"external": external}})["cluster"][
        "etcd"
    ]
    assert older == {"external": external}


REFUSED = [
    ("kubernetesVersion", "v1.33.9", "unsupported Kubernetes version (got 'v1.33.9'; accepted: v1.34.x to v1.37.x)"),
    ("kubernetesVersion", "v1.38.0", "unsupported Kubernetes version"),
    ("kubernetesVersion", "stable_1", "neither a Kubernetes version nor a label"),
    ("kubernetesVersion", "1.37", "neither a Kubernetes version nor a label"),
    ("kubernetesVersion", "1.37.0x", "not a Kubernetes version"),
    ("kubernetesVersion", "1.37.0-01", "not a Kubernetes version"),
    ("kubernetesVersion", "other/v1.37.0", "not a Kubernetes version"),
    *[
        ("controlPlaneEndpoint", text, "not an endpoint")
        for text in ("A.b", "a.b:0", "a.b:99999", "[fd00::1]", "a_b", "1.2.3.4:x")
    ],
    *[("networking.serviceSubnet", text, "too large") for text in ("10.96.0.0/11", "fd00::/107")],
    ("networking.serviceSubnet", "10.0.0.0/29", "too small"),
    *[
        ("networking.serviceSubnet", text, "not a CIDR")
        for text in ("10.0.0.0", "x", "10.0.0.0/16,", "10.0.0.0/255.0.0.0")
    ],
    ("networking.serviceSubnet", "10.0.0.0/16,10.1.0.0/16", "wrong number of CIDRs"),
    *[
        ("networking.podSubnet", text, "does not fit the nodes' networks")
        for text in ("10.244.0.0/25", "fd01::/47", "fd01::/65")
    ],
    ("networking.podSubnet", "10.100.0.0/16", "the Pod network overlaps the service network 10.96.0.0/12"),
    *[("networking.dnsDomain", text, "not a DNS name") for text in ("A", "a_b", "a-.b", "x" * 64 + ".")],
    *[("apiServer.certSANs", [text], "cannot stand in a certificate") for text in ("a_b", "", "*", "a b")],
    ("etcd.local.serverCertSANs", ["A.b"], "cannot stand in a certificate"),
    ("apiServer.extraArgs", [{"value": "x"}], "an argument needs a name"),
    ("etcd.local.dataDir", "x", "not an absolute path"),
    ("etcd.external", {"endpoints": []}, "at least one endpoint"),
    ("etcd.external", {"endpoints": ["a"]}, "not a usable URL"),
    ("etcd.external", {"endpoints": ["http://a"], "caFile": "/a"}, "not a usable URL"),
    ("etcd.external", {"endpoints": ["https://a"], "caFile": "/a", "certFile": "/b"}, "given together"),
    ("etcd.external", {"endpoints": ["https://a"], "certFile": "/b", "keyFile": "/c"}, "need a caFile"),
    ("etcd", {"local": {}, "external": {"endpoints": ["https://a"]}}, "exclude each other"),
    *[("imageRepository", text, "not an image repository") for text in ("a//b", "a/B", "x@y", "a-/b", "a/b___c")],
    ("certificatesDir", "x", "not an absolute path"),
    ("encryptionAlgorithm", "rsa", "RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384"),
    (
        "featureGates",
        {"PublicKeysECDSA": True},
        "kubeadm 1.37 has no such feature gate (accepted: RootlessControlPlane)",
    ),
    ("certificateValidityPeriod", "1d", "not a duration"),
    ("certificateValidityPeriod", "-1h", "must be longer than nothing"),
]


@pytest.mark.parametrize(("path", "value", "problem"), REFUSED, ids=str)
def test_what_is_refused_is_named(fault: Fault, path: str, value: Any, problem: str) -> None:
    message = fault(cluster_configuration=nested(path, value))
    assert problem in message
    assert f"kubephase_cluster_configuration.{path}" in message
    assert "\n" not in message


def test_node_masks_follow_the_controller_manager(fact: Resolve) -> None:
    for name, value in (("node-cidr-mask-size-ipv4", "26"), ("allocate-node-cidrs", "false")):
        args = {"extraArgs": [{"name": name, "value": value}]}
        fact(pod_subnet="10.244.0.0/25", cluster_configuration={"controllerManager": args})


@pytest.mark.parametrize(
    ("given", "address"),
    [("", "192.0.2.10"), ("0.0.0.0", "192.0.2.10"), ("::", "2001:db8::10"), ("203.0.113.5", "203.0.113.5")],
)
def test_advertise_address(fact: Resolve, given: str, address: str) -> None:
    assert fact(local_api_endpoint={"advertiseAddress": given})["local_api_endpoint"]["advertiseAddress"] == address


@pytest.mark.parametrize("given", ["x", "127.0.0.1", "224.0.0.1", "169.254.1.1", "fe80::1", "::1"])
def test_addresses_that_cannot_be_advertised(fault: Fault, given: str) -> None:
    assert "kubephase_local_api_endpoint.advertiseAddress" in fault(local_api_endpoint={"advertiseAddress": given})


def test_a_host_without_default_route_is_named(fault: Fault, fact: Resolve, host: dict[str, Any]) -> None:
    host.update(default_ipv4="", default_ipv6="")
    assert "no default route" in fault()
    assert fact(node_role="worker")["local_api_endpoint"]["advertiseAddress"] == ""


def test_node_registration_defaults(fact: Resolve) -> None:
    assert fact()["node_registration"] == {
        "name": "cp1", "criSocket": "unix:///var/run/containerd/containerd.sock", "taints": None, "kubeletExtraArgs": [],
        "ignorePreflightErrors": [], "imagePullPolicy": "IfNotPresent", "imagePullSerial": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "taints", [None, [], [{"key": "a", "effect": "NoSchedule"}], [{"key": "a", "value": "b", "effect": "NoExecute"}]]
)
def test_null_empty_and_listed_taints_stay_different(fact: Resolve, taints: Any) -> None:
    assert fact(node_registration={"taints": taints})["node_registration"]["taints"] == taints
    below = {"nodeRegistration": {"taints": [{"key": "below", "effect": "NoSchedule"}]}}
    found = fact(init_configuration=below, node_registration={"taints": taints})
    assert found["node_registration"]["taints"] == taints
    assert fact(init_configuration=below)["node_registration"]["taints"] == [{"key": "below", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("where", "value", "problem"),
    [
        ("nodeRegistration.name", "a_b", "not a node name"),
        ("nodeRegistration.imagePullPolicy", "Sometimes", "not one of the accepted values"),
        ("nodeRegistration.ignorePreflightErrors", ["all", "Swap"], "'all' stands alone"),
        ("nodeRegistration.kubeletExtraArgs", [{"name": "", "value": "1"}], "an argument needs a name"),
        ("localAPIEndpoint.bindPort", 65536, "not a port"),
        ("localAPIEndpoint.bindPort", "6443", "Write it without quotes"),
        ("timeouts.discovery", "0s", "must be longer than nothing"),
    ],
)
def test_init_configuration_is_checked(fault: Fault, where: str, value: Any, problem: str) -> None:
    message = fault(init_configuration=nested(where, value))
    assert problem in message
    assert f"kubephase_init_configuration.{where}" in message


def test_timeouts_in_seconds(fact: Resolve) -> None:
    found = fact(init_configuration={"timeouts": {"etcdAPICall": "90s", "tlsBootstrap": "2.5s"}})["timeouts"]
    assert (found["etcdAPICall"], found["tlsBootstrap"], found["discovery"]) == (90, 3, 300)


def test_labels_are_checked(fault: Fault, fact: Resolve) -> None:
    assert fact(node_labels={"example.org/zone": "a", "x": ""})["node_labels"] == {"example.org/zone": "a", "x": ""}
    assert "kubephase_node_labels.a b" in fault(node_labels={"a b": "x"})
    assert "not a label's value" in fault(node_labels={"a": "x y"})
