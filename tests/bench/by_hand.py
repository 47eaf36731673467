# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as a person makes it with kubeadm: over SSH, with everything that kubeadm needs in place."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab import artifacts, pins
from tests.cluster.hosts import Host

CONFIG = "/root/kubeadm.yaml"
KUBECTL = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"
TOKEN = "abcdef.0123456789abcdef"
JOIN = re.compile(r"--discovery-token-ca-cert-hash (sha256:[0-9a-f]{64})")
KEY = re.compile(r"--certificate-key ([0-9a-f]{64})")
#: what says of each that it is available
WORKLOADS = (
    "rollout status daemonset/kube-proxy",
    "wait --for=condition=Available deployment/coredns",
)


def everywhere(hosts: Iterable[Host], act: Callable[[Host], Any]) -> list[Any]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(act, hosts))


def provide(hosts: Iterable[Host], variables: dict[str, Any]) -> None:
    """Puts kubeadm and its configuration, the inventory's in kubeadm's own format, on the hosts."""
    binary = (artifacts.commands(pins.release(pins.DEFAULT_MINOR)) / "kubeadm").read_bytes()
    documents = configuration(variables)

    def put(host: Host) -> None:
        host.run("cat > /usr/bin/kubeadm && chmod 0755 /usr/bin/kubeadm", stdin=binary)
        host.write(CONFIG, documents, "0600")

    everywhere(hosts, put)


def configuration(variables: dict[str, Any]) -> str:
    registration = variables.get("kubephase_node_registration", {})
    kubeadm = "kubeadm.k8s.io/v1beta4"
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": kubeadm,
            "kind": "InitConfiguration",
            "bootstrapTokens": [{"token": TOKEN}],
            "nodeRegistration": registration,
        },
        {
            "apiVersion": kubeadm,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": variables["kubephase_kubernetes_version"],
            "networking": {"podSubnet": variables["kubephase_pod_subnet"]},
            "controlPlaneEndpoint": variables.get("kubephase_control_plane_endpoint", ""),
        },
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            **variables.get("kubephase_kubelet_configuration", {}),
        },
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            **variables.get("kubephase_kube_proxy_configuration", {}),
        },
    ]
    return "\n---\n".join(json.dumps(each, indent=2) for each in documents) + "\n"


def make(control_planes: list[Host], workers: list[Host], variables: dict[str, Any]) -> dict[str, float]:
    """init, the joins, CNI configuration and routes; seconds by step. Ends as site.yml does.

    Further control planes join one after the other, as kubeadm wants it, and get their certificates from init.
    """
    first, *others = control_planes
    ignored = ",".join(variables.get("kubephase_node_registration", {}).get("ignorePreflightErrors", []))
    seconds: dict[str, float] = {}

    def timed(step: str, act: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return act()
        finally:
            seconds[step] = time.monotonic() - began

    upload = " --upload-certs" if others else ""
    printed = timed(f"kubeadm init{upload}", lambda: first.run(f"kubeadm init --config {CONFIG}{upload}", timeout=600))
    found = JOIN.search(printed)
    assert found, printed
    join = (
        f"kubeadm join {first.address}:6443 --token {TOKEN} --discovery-token-ca-cert-hash {found[1]} "
        f"--ignore-preflight-errors={ignored}"
    )
    for host in others:
        key = KEY.search(printed)
        assert key, printed
        words = f"{join} --control-plane --certificate-key {key[1]}"
        timed(f"kubeadm join --control-plane on {host.name}", functools.partial(host.run, words, timeout=600))
    if workers:
        timed(
            "kubeadm join, all workers at once", lambda: everywhere(workers, lambda host: host.run(join, timeout=600))
        )
    timed("CNI configuration and routes", lambda: connect(first, [*control_planes, *workers]))
    timed("until Ready", lambda: wait(first))
    return seconds


def connect(control_plane: Host, hosts: list[Host]) -> None:
    """The same network as site.yml makes: a bridge on each node and routes between them."""
    template = '{range .items[*]}{.metadata.name} {.spec.podCIDR}{"\\n"}{end}'
    listed = control_plane.run(f"{KUBECTL} get nodes -o jsonpath='{template}'")
    ranges = dict(line.split() for line in listed.splitlines())

    def configure(host: Host) -> None:
        bridge = {
            "type": "bridge",
            "bridge": "cni0",
            "isDefaultGateway": True,
            "hairpinMode": True,
            "ipMasq": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": ranges[host.name]}]]},
        }
        plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
        text = json.dumps({"cniVersion": "1.0.0", "name": "kubephase", "plugins": plugins})
        others = [f"ip route replace {ranges[other.name]} via {other.address}" for other in hosts if other != host]
        host.run(
            "mkdir -p /etc/cni/net.d && cat > /etc/cni/net.d/10-hand.conflist && " + " && ".join(others),
            stdin=text.encode(),
        )

    everywhere(hosts, configure)


def wait(control_plane: Host) -> None:
    """Until every node is Ready and the addons are available."""
    control_plane.run(f"{KUBECTL} wait --for=condition=Ready nodes --all --timeout=300s", timeout=320)
    for workload in WORKLOADS:
        control_plane.run(f"{KUBECTL} -n kube-system {workload} --timeout=300s", timeout=320)


def reset(hosts: Iterable[Host]) -> None:
    """kubeadm reset, and what it leaves to the person: CNI configuration, links, routes, packet filter rules.

    Binaries, container runtime and images stay.
    """
    script = Path(__file__).with_name("reset.sh").read_text()
    everywhere(hosts, lambda host: host.run(script, timeout=300))
