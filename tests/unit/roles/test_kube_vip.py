# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of kube-vip against what its own generator writes."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml

from tests.parity import playing
from tests.unit.roles.bare_host import FACTS

#: kube-vip manifest pod --interface eth0 --address 192.0.2.10 --controlplane --arp --leaderElection
GENERATED = """
apiVersion: v1
kind: Pod
metadata: {name: kube-vip, namespace: kube-system}
spec:
  containers:
  - args: [manager]
    env:
    - {name: vip_arp, value: "true"}
    - {name: port, value: "6443"}
    - {name: vip_nodename, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: vip_interface, value: eth0}
    - {name: vip_subnet, value: "32"}
    - {name: dns_mode, value: first}
    - {name: cp_enable, value: "true"}
    - {name: cp_namespace, value: kube-system}
    - {name: vip_leaderelection, value: "true"}
    - {name: vip_leasename, value: plndr-cp-lock}
    - {name: vip_leaseduration, value: "5"}
    - {name: vip_renewdeadline, value: "3"}
    - {name: vip_retryperiod, value: "1"}
    - {name: address, value: 192.0.2.10}
    - {name: prometheus_server, value: ":2112"}
    image: ghcr.io/kube-vip/kube-vip:v1.2.4
    imagePullPolicy: IfNotPresent
    name: kube-vip
    resources: {}
    securityContext: {capabilities: {add: [NET_ADMIN, NET_RAW], drop: [ALL]}}
    volumeMounts:
    - {mountPath: /etc/kubernetes/admin.conf, name: kubeconfig}
  hostAliases:
  - {hostnames: [kubernetes], ip: 127.0.0.1}
  hostNetwork: true
  volumes:
  - {hostPath: {path: /etc/kubernetes/admin.conf}, name: kubeconfig}
status: {}
"""
GIVEN = {"kubephase_node_role": "control_plane", "kubephase_control_plane_endpoint": "192.0.2.10:6443"}


@cache
def loaded() -> playing.Loaded:
    return playing.load([{"role": "kube_vip"}], [], {})


def play(**variables: Any) -> dict[str, Any]:
    """The only file that is written."""
    calls: list[dict[str, Any]] = []

    def answer(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == "host_info":
            return {"changed": False, "host": FACTS}
        assert module == "template_set"
        calls.append(arguments)
        return {"changed": False, "files": [], "unit": [], "installed": []}

    playing.play(loaded(), {**GIVEN, **variables}, answer)
    (call,) = calls
    (entry,) = call["files"]
    return dict(entry)


def environment(entry: dict[str, Any]) -> dict[str, Any]:
    """The container's, by name."""
    container = yaml.safe_load(entry["content"])["spec"]["containers"][0]
    return {each["name"]: each.get("value") for each in container["env"]}


def test_the_manifest_is_the_generators() -> None:
    entry = play(kube_vip_interface="eth0")
    assert yaml.safe_load(entry["content"]) == yaml.safe_load(GENERATED)
    assert (entry["path"], entry["mode"]) == ("/etc/kubernetes/manifests/kube-vip.yaml", "0600")
    order = [line.split(":")[1] for line in entry["content"].splitlines() if line.startswith("    - name:")]
    assert order == [f" {each['name']}" for each in yaml.safe_load(GENERATED)["spec"]["containers"][0]["env"]]


def test_a_first_control_plane_uses_the_kubeconfig_that_may_do_something_already() -> None:
    other = play()["instead"]
    assert other["present"] == ["/etc/kubernetes/super-admin.conf"]
    container = yaml.safe_load(other["content"])["spec"]
    assert container["volumes"][0]["hostPath"]["path"] == "/etc/kubernetes/super-admin.conf"
    assert container["containers"][0]["volumeMounts"][0]["mountPath"] == "/etc/kubernetes/admin.conf"


def test_ipv6() -> None:
    found = environment(play(kubephase_control_plane_endpoint="[2001:db8::10]:6443"))
    assert (found["address"], found["vip_subnet"]) == ("2001:db8::10", "128")
    assert "vip_interface" not in found


def test_a_name_as_endpoint() -> None:
    found = environment(play(kubephase_control_plane_endpoint="k8s.example.org", kube_vip_address="192.0.2.9"))
    assert found["address"] == "192.0.2.9"


def test_no_metrics() -> None:
    assert "prometheus_server" not in environment(play(kube_vip_metrics_address=""))


def test_it_goes_again() -> None:
    entry = play(kube_vip_state="absent", kube_vip_address="")
    assert (entry["state"], entry["content"]) == ("absent", "")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"kube_vip_address": "192.0.2.11"},
            "kube_vip_address: clients are told controlPlaneEndpoint 192.0.2.10:6443 (got 192.0.2.11;",
        ),
        ({"kubephase_control_plane_endpoint": "k8s.example.org"}, "(got no address;"),
        ({"kubephase_control_plane_endpoint": "192.0.2.10:443"}, "kube_vip_port: kube-vip moves an address, no port (got 6443;"),
    ],
)  # fmt: skip
def test_what_is_refused(variables: dict[str, Any], said: str) -> None:
    with pytest.raises(playing.TaskFailed) as raised:
        play(**variables)
    assert said in " ".join(str(raised.value).split())
