"""Real kubeadm on hosts of the lab, by hand: the judge of what the collection makes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from lab import hosts, mirror, pins
from lab.podman import execute
from lab.topology import Host, Topology

CONFIG = "--kubeconfig=/etc/kubernetes/admin.conf"
#: official builds of 1.34 are made with Go 1.24, which takes SHA-1 of the public key where newer ones take SHA-256
ENVIRONMENT = {"1.34": {"GODEBUG": "x509sha256skid=0"}}
IGNORED = "--ignore-preflight-errors=SystemVerification"


def prepare(topology: Topology, host: Host, release: pins.Release) -> None:
    """Container runtime, kubelet and kubeadm from the mirror."""
    gateway = topology.gateway
    arguments = [
        f"http://{gateway}:{mirror.HTTP_PORT}",
        f"http://{gateway}:{mirror.REGISTRY_PORT}",
        pins.architecture(),
        release.version,
        pins.CONTAINERD,
        pins.RUNC,
        pins.CNI_PLUGINS,
        release.pause_tag,
    ]
    script = Path(__file__).with_name("kubeadm-host.sh").read_text()
    execute(hosts.container(topology, host), "sh", "-s", "--", *arguments, stdin=script)


def fetch(topology: Topology, host: Host, release: pins.Release) -> str:
    """Only kubeadm, from the mirror; several releases may be on a host. Returns its path there."""
    path = f"/usr/local/bin/kubeadm-{release.version}"
    url = f"http://{topology.gateway}:{mirror.HTTP_PORT}/release/v{release.version}/bin/linux/{pins.architecture()}/kubeadm"
    execute(hosts.container(topology, host), "curl", "-sSf", "-o", path, url)
    execute(hosts.container(topology, host), "chmod", "0755", path)
    return path


def init(topology: Topology, host: Host, config: str, release: pins.Release) -> None:
    settings = [f"{name}={value}" for name, value in ENVIRONMENT.get(release.minor, {}).items()]
    execute(hosts.container(topology, host), "env", *settings, "kubeadm", "init", f"--config={config}")


def join(topology: Topology, control_plane: Host, host: Host) -> None:
    """As a worker, with a fresh token."""
    create = ["kubeadm", "token", "create", "--print-join-command"]
    command = execute(hosts.container(topology, control_plane), *create).split()
    execute(hosts.container(topology, host), *command, IGNORED)


def objects(topology: Topology, control_plane: Host, kinds: str) -> list[dict[str, Any]]:
    command = ["kubectl", CONFIG, "get", kinds, "--all-namespaces", "--show-managed-fields", "-o", "json"]
    found: list[dict[str, Any]] = json.loads(execute(hosts.container(topology, control_plane), *command))["items"]
    return found


def parse_dry_run(output: str) -> list[dict[str, Any]]:
    """The objects kubeadm would have created, in order, from what its dry run prints."""
    found = re.findall(
        r"^\[dryrun\] Would perform action CREATE on .*\n\[dryrun\] Attached object:\n((?:(?:[ -].*|\w+:.*)?\n)+)",
        output,
        re.MULTILINE,
    )
    return [yaml.safe_load(text) for text in found]
