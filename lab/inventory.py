"""The inventory of a lab, as one would write it for real servers, and the settings that only a lab needs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import machine, mirror, pins, ssh, yamltext
from lab.topology import Topology


@dataclass(frozen=True)
class Access:
    """How Ansible comes in."""

    key: Path
    known_hosts: Path
    control_folder: Path


@dataclass(frozen=True)
class Limits:
    """What this machine cannot do and a server can."""

    cgroup_version: int = 2
    kernel_config: bool = True
    swap: bool = False
    raise_limits: bool = True


def of_machine() -> Limits:
    return Limits(machine.cgroup_version(), machine.has_kernel_config(), machine.has_swap(), machine.may_raise_limits())


def downloads(gateway: str) -> dict[str, Any]:
    """The mirror instead of the upstream addresses."""
    files = f"http://{gateway}:{mirror.HTTP_PORT}"
    return {
        "kubephase_kubernetes_url": f"{files}/release",
        "kubephase_containerd_url": f"{files}/containerd/containerd/releases/download",
        "kubephase_runc_url": f"{files}/opencontainers/runc/releases/download",
        "kubephase_cni_plugins_url": f"{files}/containernetworking/plugins/releases/download",
        "kubephase_registry_mirrors": {"registry.k8s.io": [{"url": f"http://{gateway}:{mirror.REGISTRY_PORT}"}]},
    }


def cluster(release: pins.Release, limits: Limits) -> dict[str, Any]:
    """What the cluster of a lab is, and what hosts that share a kernel need."""
    kubelet: dict[str, Any] = {
        # the disk is the machine's: a share of it that is free says nothing of a host
        "evictionHard": {"imagefs.available": "1Gi", "memory.available": "100Mi", "nodefs.available": "1Gi"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        **({"failCgroupV1": False} if limits.cgroup_version == 1 else {}),
        **({"failSwapOn": False} if limits.swap else {}),
    }
    values: dict[str, Any] = {
        "kubephase_kubernetes_version": f"v{release.version}",
        "kubephase_pod_subnet": "10.244.0.0/16",
        "kubephase_network_mode": "bridge",
        # the conntrack table belongs to the machine, no host may resize it
        "kubephase_kube_proxy_configuration": {"conntrack": {"maxPerCore": 0}},
        "kubephase_kubelet_configuration": kubelet,
    }
    if limits.cgroup_version == 1 or not limits.kernel_config:
        values["kubephase_node_registration"] = {"ignorePreflightErrors": ["SystemVerification"]}
    if not limits.raise_limits:
        values["kubephase_containerd_restrict_oom_score_adj"] = True
    return values


def build(topology: Topology, access: Access, values: Mapping[str, Any]) -> dict[str, Any]:
    connection = {
        "ansible_user": ssh.USER,
        "ansible_ssh_private_key_file": str(access.key),
        "ansible_ssh_common_args": shlex.join(ssh.arguments(access.known_hosts)),
        "ansible_control_path_dir": str(access.control_folder),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    groups: dict[str, Any] = {
        name: {"hosts": {host.name: {"ansible_host": host.address} for host in topology.group(name)}}
        for name in ("control_plane", "workers", "etcd", "load_balancer")
    }
    if spare := topology.group("spare"):
        groups["spare"] = {"hosts": {host.name: {"ansible_host": host.address} for host in spare}}
    return {"all": {"children": groups, "vars": {**connection, **values}}}


def render(topology: Topology, access: Access, release: pins.Release, limits: Limits) -> str:
    values = {**downloads(topology.gateway), **cluster(release, limits), **topology.variables}
    return (
        f"# Written by the lab (python -m lab up); not to be edited.\n{yamltext.dump(build(topology, access, values))}"
    )
