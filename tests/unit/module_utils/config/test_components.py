# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump
from tests.unit.module_utils.config.golden import KUBE_PROXY_CONFIG, KUBELET_CONFIG

Resolve = Callable[..., dict[str, Any]]


def test_kubelet_configuration_is_what_kubeadm_uploads(fact: Resolve) -> None:
    found = fact()
    assert dump(found["kubelet"]) == KUBELET_CONFIG
    assert found["kubelet_user_supplied"] is False


def test_kube_proxy_configuration_is_what_kubeadm_uploads(fact: Resolve) -> None:
    found = fact(pod_subnet="10.244.0.0/16")
    assert dump(found["kube_proxy"]) == KUBE_PROXY_CONFIG
    assert found["kube_proxy_user_supplied"] is False


def test_defaults_follow_the_cluster(fact: Resolve) -> None:
    found = fact(
        service_subnet="fd00::/112,10.0.0.0/16",
        dns_domain="k8s.test",
        cluster_configuration={"certificatesDir": "/pki"},
        local_api_endpoint={"advertiseAddress": "2001:db8::10"},
    )
    assert found["kubelet"]["clusterDNS"] == ["fd00::a"]
    assert found["kubelet"]["clusterDomain"] == "k8s.test"
    assert found["kubelet"]["authentication"]["x509"]["clientCAFile"] == "/pki/ca.crt"
    assert found["kube_proxy"]["bindAddress"] == "::"
    assert found["server"]["cluster"] == "https://[2001:db8::10]:6443"


def test_users_fields_are_merged(fact: Resolve) -> None:
    kubelet = {
        "rotateCertificates": False, "readOnlyPort": 0, "failSwapOn": False, "clusterDNS": ["1.2.3.4"], "resolvConf": "",
        "authentication": {"webhook": {"cacheTTL": "2m"}}, "logging": {"options": {"json": {"infoBufferSize": "1024Ki"}}},
    }  # fmt: skip
    found = fact(
        kubelet_configuration=kubelet, kube_proxy_configuration={"conntrack": {"maxPerCore": 0}, "mode": "nftables"}
    )
    assert found["kubelet"]["rotateCertificates"] is True
    assert "readOnlyPort" not in found["kubelet"]
    assert found["kubelet"]["failSwapOn"] is False
    assert found["kubelet"]["resolvConf"] == ""
    assert found["kubelet"]["clusterDNS"] == ["1.2.3.4"]
    assert found["kubelet"]["authentication"]["webhook"] == {"enabled": True, "cacheTTL": "2m0s"}
    assert found["kubelet"]["logging"]["options"]["json"]["infoBufferSize"] == "1Mi"
    assert found["kube_proxy"]["conntrack"]["maxPerCore"] == 0
    assert found["kube_proxy"]["mode"] == "nftables"
    assert found["kubelet_user_supplied"] and found["kube_proxy_user_supplied"]


def test_differing_values_are_warned_of(host: dict[str, Any]) -> None:
    _fact, warnings = resolve({"kubelet_configuration": {"healthzPort": 1, "rotateCertificates": False}}, host)
    assert [text.split(":")[0] for text in warnings] == [
        "kubephase_kubelet_configuration.healthzPort",
        "kubephase_kubelet_configuration.rotateCertificates",
    ]


@pytest.mark.parametrize(
    ("minor", "mode", "resolv_conf", "etcd", "pause", "coredns"),
    [
        ("v1.34.4", "", True, "3.6.5-0", "3.10.1", "v1.12.1"),
        ("v1.35.4", "", True, "3.6.6-0", "3.10.1", "v1.13.1"),
        ("v1.36.3", "", True, "3.6.8-0", "3.10.2", "v1.14.2"),
        ("v1.37.2", "iptables", False, "3.7.0-0", "3.10.2", "v1.14.6"),
    ],
)
def test_minor_versions(
    fact: Resolve, host: dict[str, Any], minor: str, mode: str, resolv_conf: bool, etcd: str, pause: str, coredns: str
) -> None:
    host["systemd_resolved"] = True
    found = fact(kubernetes_version=minor)
    assert found["kube_proxy"]["mode"] == mode
    assert ("resolvConf" in found["kubelet"]) is resolv_conf
    assert found["images"] == {
        **{
            name: f"registry.k8s.io/{name}:{minor}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
        },
        "etcd": f"registry.k8s.io/etcd:{etcd}",
        "pause": f"registry.k8s.io/pause:{pause}",
        "coredns": f"registry.k8s.io/coredns/coredns:{coredns}",
    }


def test_images_of_other_repositories(fact: Resolve) -> None:
    cluster = {"dns": {"imageTag": "v9"}, "etcd": {"local": {"imageRepository": "e.test", "imageTag": "1"}}}
    images = fact(kubernetes_version="v1.37.3-rc.1+x", image_repository="r.test/k8s", cluster_configuration=cluster)[
        "images"
    ]
    assert images["coredns"] == "r.test/k8s/coredns:v9"
    assert images["etcd"] == "e.test/etcd:1"
    assert images["pause"].startswith("r.test/k8s/pause:")
    assert images["kube-proxy"] == "r.test/k8s/kube-proxy:v1.37.3-rc.1_x"


def test_fields_of_newer_kubelets_are_refused(fault: Callable[..., str], fact: Resolve) -> None:
    newer = {"defaultPodSysctls": {"net.ipv4.tcp_keepalive_time": "600"}}
    assert fact(kubelet_configuration=newer)["kubelet"]["defaultPodSysctls"] == newer["defaultPodSysctls"]
    message = fault(kubelet_configuration=newer, kubernetes_version="v1.36.3")
    assert message == "kubephase_kubelet_configuration.defaultPodSysctls: Kubernetes 1.36 has no such field"
