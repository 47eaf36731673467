# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where settings come from, how faults are reported, what kubeadm does not cover."""

from __future__ import annotations

import json
import time
from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseErrors

Resolve = Callable[..., dict[str, Any]]
Fault = Callable[..., str]

CLUSTER = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
INIT = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
JOIN = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n"
TOKEN = "abcdef.0123456789abcdef"
KEY = "f" * 64


def test_later_sources_win(fact: Resolve) -> None:
    text = (
        CLUSTER
        + "clusterName: file\nnetworking: {podSubnet: 10.1.0.0/16, dnsDomain: file.test}\nkubernetesVersion: v1.36.3\n"
    )
    assert fact(text)["cluster"]["clusterName"] == "file"
    assert fact(text)["version"]["gitVersion"] == "v1.36.3"
    found = fact(
        text,
        cluster_configuration={"clusterName": "variable", "networking": {"podSubnet": "10.2.0.0/16"}},
        pod_subnet="10.3.0.0/16",
        dns_domain="",
    )["cluster"]
    assert found["clusterName"] == "variable"
    assert found["networking"] == {
        "podSubnet": "10.3.0.0/16",
        "dnsDomain": "file.test",
        "serviceSubnet": "10.96.0.0/12",
    }


def test_null_empties_what_a_lower_layer_said(fact: Resolve) -> None:
    found = fact(CLUSTER + "clusterName: file\n", cluster_configuration={"clusterName": None})
    assert found["cluster"]["clusterName"] == "kubernetes"


def test_lists_are_replaced(fact: Resolve) -> None:
    text = CLUSTER + "apiServer: {certSANs: [a.test, b.test]}\n"
    found = fact(text, cluster_configuration={"apiServer": {"certSANs": ["c.test"]}})
    assert found["cluster"]["apiServer"] == {"certSANs": ["c.test"]}


def test_a_whole_kubeadm_file(fact: Resolve) -> None:
    text = "---\n".join(
        [
            CLUSTER + "networking: {podSubnet: 10.244.0.0/16}\n",
            INIT
            + f"bootstrapTokens: [{{token: {TOKEN}}}]\nlocalAPIEndpoint: {{bindPort: 8443}}\nnodeRegistration: {{taints: []}}\n",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 50\n",
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n",
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\n",
        ]
    )
    found = fact(text, control_plane_endpoint="lb.test")
    assert found["local_api_endpoint"]["bindPort"] == 8443
    assert found["cluster"]["controlPlaneEndpoint"] == "lb.test:8443"
    assert found["node_registration"]["taints"] == []
    assert found["kubelet"]["maxPods"] == 50
    assert found["kube_proxy"]["mode"] == "nftables"
    assert found["kubelet_user_supplied"] and found["kube_proxy_user_supplied"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "kubeadm.yaml: document 1: wrong type (got [1]; accepted: a mapping)"),
        ("kind: Pod\n", "kubeadm.yaml: document 1.apiVersion: missing"),
        ("kind: [x]\n", "kubeadm.yaml: document 1.kind: missing"),
        ("kind: Other\napiVersion: kubelet.config.k8s.io/v1beta1\n", "kubeadm.yaml: document 1.kind: unknown kind"),
        (CLUSTER + "---\n" + CLUSTER, "kubeadm.yaml: document 2: there is more than one ClusterConfiguration"),
        ("kind: ClusterConfiguration\n", "kubeadm.yaml: document 1.apiVersion: missing"),
        (CLUSTER.replace("v1beta4", "v1beta3"), "kubeadm 1.37 does not read this version any more"),
        (CLUSTER.replace("v1beta4", "v1beta2"), "Convert it with `kubeadm config migrate`"),
        (CLUSTER.replace("v1beta4", "v1"), "kubeadm's v1 is experimental"),
        (CLUSTER + "a: [\n", "kubeadm.yaml: not valid YAML"),
        (
            CLUSTER + "apiServer: {certSANs: [a_b]}\n",
            "kubeadm.yaml: ClusterConfiguration.apiServer.certSANs[0]: cannot stand",
        ),
    ],
)
def test_faults_of_a_file_name_the_file(fault: Fault, text: str, message: str) -> None:
    assert message in fault(text)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            CLUSTER + "clusterName: a\nclusterName: b\n",
            "kubeadm.yaml line 4: key 'clusterName' appears twice, the last",
        ),
        (
            CLUSTER + "clusterNam: a\n",
            "kubeadm.yaml: ClusterConfiguration.clusterNam: unknown field, ignored as kubeadm does. Did you mean",
        ),
        (CLUSTER + "---\napiVersion: v1/x\nkind: Pod\n", "kubeadm.yaml: document 2: unknown kind 'Pod', ignored"),
        (
            CLUSTER + "kubernetesVersion: v1.34.1\netcd: {external: {endpoints: [a://b], httpEndpoints: [c://d]}}\n",
            "etcd.external.httpEndpoints: Kubernetes 1.34 has no such field, ignored",
        ),
        (
            CLUSTER.replace("v1beta4", "v1beta3") + "kubernetesVersion: v1.36.1\n",
            "kubeadm.yaml: ClusterConfiguration: kubeadm.k8s.io/v1beta3 is deprecated",
        ),
    ],
)
def test_a_file_is_read_as_leniently_as_kubeadm_reads_it(host: dict[str, Any], text: str, warning: str) -> None:
    fact, warnings = resolve({"config_file": "kubeadm.yaml"}, host, text.encode())
    assert any(warning in one for one in warnings), warnings
    assert fact["cluster"]["clusterName"] in ("b", "kubernetes")
    assert "httpEndpoints" not in fact["cluster"]["etcd"].get("external", {})


def test_faults_are_reported_together_and_name_their_source(host: dict[str, Any]) -> None:
    inputs = {
        "pod_subnet": "x",
        "cluster_configuration": {"networkin": {}, "apiServer": ["x"], "dns": {"disabled": "yes"}},
        "kubernetes_version": "1.30.1",
        "no_such": 1,
    }
    with pytest.raises(KubephaseErrors) as caught:
        resolve(inputs, host)
    assert [error.where for error in caught.value.errors] == [
        "kubephase_cluster_configuration.networkin",
        "kubephase_cluster_configuration.apiServer",
        "kubephase_cluster_configuration.dns.disabled",
        "kubephase_no_such",
        "kubephase_kubernetes_version",
        "kubephase_pod_subnet",
    ]


def test_unknown_fields_name_what_is_close(fault: Fault) -> None:
    assert fault(cluster_configuration={"networking": {"podsubnet": "x"}}).endswith(
        "unknown field. Did you mean podSubnet?"
    )
    assert "accepted: disabled, imageRepository, imageTag" in fault(cluster_configuration={"dns": {"zzz": 1}})


def test_overlap_names_both_networks(fault: Fault) -> None:
    message = fault(pod_subnet="10.96.128.0/17", service_subnet="10.96.0.0/12")
    assert message == (
        "kubephase_pod_subnet: the Pod network overlaps the service network 10.96.0.0/12 (got '10.96.128.0/17')."
        " Change it or kubephase_service_subnet"
    )


SECRETS = [
    {"init_configuration": {"bootstrapTokens": [{"token": TOKEN}], "certificateKey": KEY}},
    {
        "join_configuration": {
            "discovery": {
                "bootstrapToken": {"token": TOKEN, "unsafeSkipCAVerification": True},
                "tlsBootstrapToken": TOKEN,
            },
            "controlPlane": {"certificateKey": KEY},
        }
    },
]


@pytest.mark.parametrize("inputs", SECRETS, ids=["init", "join"])
@pytest.mark.parametrize("role", ["control_plane", "worker"])
def test_the_fact_holds_no_secret(host: dict[str, Any], inputs: dict[str, Any], role: str) -> None:
    text = json.dumps(resolve({**inputs, "node_role": role}, host))
    assert "0123456789abcdef" not in text
    assert KEY not in text


@pytest.mark.parametrize(
    "inputs",
    [
        {"init_configuration": {"bootstrapTokens": [{"token": TOKEN + "HIDDEN"}]}},
        {"init_configuration": {"bootstrapTokens": [TOKEN + "HIDDEN"]}},
        {"init_configuration": {"bootstrapTokens": {"token": TOKEN + "HIDDEN"}}},
        {"init_configuration": {"certificateKey": [KEY + "HIDDEN"]}},
        {"init_configuration": [TOKEN + "HIDDEN"]},
        {"join_configuration": {"discovery": {"bootstrapToken": TOKEN + "HIDDEN"}}},
        {"join_configuration": {"discovery": {"tlsBootstrapToken": TOKEN + "HIDDEN"}}},
        {"join_configuration": {"controlPlane": {"certificateKey": KEY + "HIDDEN"}}},
        {"downloads_proxy": {"https_proxy": "ftp://user:HIDDEN@proxy.test"}},
    ],
    ids=str,
)
def test_an_error_shows_no_secret(fault: Fault, inputs: dict[str, Any]) -> None:
    message = fault(**inputs)
    assert "HIDDEN" not in message
    assert "kubephase_" in message


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ({"token": TOKEN, "usages": ["x", "authentication"]}, "not a usage"),
        ({"token": TOKEN, "usages": ["signing"]}, "needs the usage authentication"),
        ({"token": TOKEN, "groups": ["x"]}, "not a bootstrap group"),
        ({"token": TOKEN, "expires": "2030-01-02T03:04:05Z"}, "a token always has a ttl"),
    ],
)
def test_bootstrap_tokens_are_checked(fault: Fault, token: dict[str, Any], problem: str) -> None:
    assert problem in fault(init_configuration={"bootstrapTokens": [token]})


def test_discovery_is_checked_and_returned_without_the_token(fact: Resolve, fault: Fault) -> None:
    token = {"token": TOKEN, "apiServerEndpoint": "10.0.0.1:6443", "caCertHashes": ["sha256:" + "a" * 64]}
    found = fact(join_configuration={"discovery": {"bootstrapToken": token}}, node_role="worker")
    assert found["discovery"]["apiServerEndpoint"] == "10.0.0.1:6443"
    assert found["discovery"]["caCertHashes"] == ["sha256:" + "a" * 64]
    assert found["server"]["cluster"] == "https://10.0.0.1:6443"
    assert "needs the CA's hash" in fault(
        join_configuration={"discovery": {"bootstrapToken": {**token, "caCertHashes": []}}}
    )
    assert "not a CA's hash" in fault(
        join_configuration={"discovery": {"bootstrapToken": {**token, "caCertHashes": ["x"]}}}
    )
    both = {"bootstrapToken": token, "file": {"kubeConfigPath": "/x"}}
    assert "not both" in fault(join_configuration={"discovery": both})


def test_init_speaks_for_control_planes_and_join_for_workers(fact: Resolve, host: dict[str, Any]) -> None:
    inputs = {
        "init_configuration": {"nodeRegistration": {"taints": []}, "localAPIEndpoint": {"bindPort": 8443}},
        "join_configuration": {"nodeRegistration": {"kubeletExtraArgs": [{"name": "v", "value": "2"}]}},
        "control_plane_endpoint": "lb.test",
    }
    first, worker = fact(**inputs), fact(**inputs, node_role="worker")
    assert (first["node_role"], first["node_registration"]["taints"]) == ("control_plane", [])
    assert worker["node_registration"]["taints"] is None
    assert worker["node_registration"]["kubeletExtraArgs"] == [{"name": "v", "value": "2"}]
    assert worker["cluster"] == first["cluster"]
    host["member"] = "worker"
    assert fact(**inputs)["node_role"] == "worker"


def test_own_sections_have_defaults(fact: Resolve) -> None:
    found = fact()
    assert found["network"] == {"mode": "none", "manifests": []}
    assert found["container_runtime"] == {
        "source": "release", "containerd_version": "2.4.2", "runc_version": "1.5.2", "cni_plugins_version": "1.9.1",
        "cri_socket": "unix:///var/run/containerd/containerd.sock", "cgroup_driver": "systemd",
        "sandbox_image": "registry.k8s.io/pause:3.10.2", "registry_mirrors": {}, "proxy": {}, "restrict_oom_score_adj": False,
    }  # fmt: skip
    assert found["downloads"]["kubernetes_url"] == "https://dl.k8s.io/release"
    assert found["node"] == {"swap": "disable", "hosts_entries": True, "extra_sysctls": {}}


def test_own_sections_are_taken_over(fact: Resolve) -> None:
    found = fact(
        registry_mirrors={"registry.k8s.io": [{"url": "http://10.0.0.1:5000"}]},
        container_runtime_proxy={"https_proxy": "http://proxy.test:3128", "no_proxy": "10.0.0.0/8"},
        containerd_restrict_oom_score_adj="true",
        kubelet_configuration={"cgroupDriver": "cgroupfs"},
        extra_sysctls={"net.ipv4.ip_forward": 1},
        proxy_env={"https_proxy": "http://p", "NO_PROXY": "x", "HTTP_PROXY": ""},
        checksums={"kubelet": "sha256:" + "0" * 64},
        kubernetes_url="http://mirror.test/release/",
    )
    assert found["container_runtime"]["registry_mirrors"] == {"registry.k8s.io": [{"url": "http://10.0.0.1:5000"}]}
    assert found["container_runtime"]["proxy"] == {"https_proxy": "http://proxy.test:3128", "no_proxy": "10.0.0.0/8"}
    assert found["container_runtime"]["restrict_oom_score_adj"] is True
    assert found["container_runtime"]["cgroup_driver"] == "cgroupfs"
    assert found["node"]["extra_sysctls"] == {"net.ipv4.ip_forward": "1"}
    assert found["proxy_env"] == [{"name": "NO_PROXY", "value": "x"}, {"name": "https_proxy", "value": "http://p"}]
    assert found["downloads"]["kubernetes_url"] == "http://mirror.test/release"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"network_mode": "bridge"}, "kubephase_pod_subnet: network mode bridge needs a Pod network"),
        ({"network_mode": "manifest"}, "kubephase_network_manifests: network mode manifest needs at least one"),
        ({"network_mode": "flannel"}, "kubephase_network_mode: not one of the accepted values"),
        (
            {"network_manifests": [{"url": "https://a/b"}]},
            "kubephase_network_manifests[0].checksum: a download needs a checksum",
        ),
        ({"network_manifests": [{}]}, "kubephase_network_manifests[0]: needs a url or a path"),
        ({"containerd_version": "v2.4.2"}, "kubephase_containerd_version: not a version"),
        ({"containerd_version": "1.7.0"}, "kubephase_containerd_version: too old"),
        ({"registry_mirrors": {"a": [{"url": "x"}]}}, "kubephase_registry_mirrors.a[0].url: not a usable URL"),
        ({"registry_mirrors": {"a": "x"}}, "kubephase_registry_mirrors.a: wrong type"),
        ({"kubernetes_url": "dl.k8s.io"}, "kubephase_kubernetes_url: not a usable URL"),
        ({"checksums": {"kubelet": "abc"}}, "kubephase_checksums.kubelet: not a checksum"),
        ({"swap": "maybe"}, "kubephase_swap: not one of the accepted values (got 'maybe'; accepted: disable, keep)"),
        ({"extra_sysctls": {"net.ipv4.ip_forward": [1]}}, "kubephase_extra_sysctls.net.ipv4.ip_forward: wrong type"),
        ({"proxy_env": {"FOO": "x"}}, "kubephase_proxy_env.FOO: not a proxy variable"),
        ({"hosts_entries": "perhaps"}, "kubephase_hosts_entries: wrong type"),
    ],
    ids=str,
)
def test_own_sections_are_checked(fault: Fault, inputs: dict[str, Any], message: str) -> None:
    assert message in fault(**inputs)


def test_a_host_is_resolved_in_less_than_50_ms(host: dict[str, Any]) -> None:
    text = (CLUSTER + "networking: {podSubnet: 10.244.0.0/16}\n---\n" + INIT).encode()
    inputs = {"config_file": "f", "kubelet_configuration": {"maxPods": 10}}
    begun = time.perf_counter()
    for _ in range(10):
        resolve(inputs, host, text)
    assert (time.perf_counter() - begun) / 10 < 0.05
