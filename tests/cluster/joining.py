# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries to join a host to a cluster, with a token, a CA pin and an endpoint of the test's choice."""

from __future__ import annotations

import datetime
import re
import secrets
import string
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from tests.cluster import authority
from tests.cluster.authority import HOUR
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks, Run, roles

STATE = ("/etc/kubernetes", "/var/lib/kubelet", "/etc/cni/net.d")
PATIENCE = {"discovery": 20, "token": 2, "kubelet": 60, "api": 20, "tls_bootstrap": 60}


class Way(NamedTuple):
    """How somebody tries to join."""

    endpoint: str
    token: str
    pins: list[str]


@dataclass(frozen=True)
class Joiner:
    """A host that has everything a worker has before it joins, and the cluster that it may not get into."""

    host: Host
    cluster: Cluster
    playbooks: Playbooks
    directory: Path

    def prepare(self) -> None:
        run = self.playbooks.play(roles(self.directory, self.host.name, "node", "container_runtime", "kubelet"))
        assert run.code == 0, run.output

    def attempt(self, way: Way) -> Run:
        return self.playbooks.play(
            roles(self.directory, self.host.name, "join"),
            join_api_server_endpoint=way.endpoint,
            join_token=way.token,
            join_ca_cert_hashes=way.pins,
            join_timeouts=PATIENCE,
        )

    def is_refused(self, way: Way, message: str) -> None:
        """It fails with an error that matches ``message``, and nothing of host and cluster has changed."""
        before = self.host.fingerprint(*STATE)
        run = self.attempt(way)
        assert run.code != 0, run.output
        assert re.search(message, run.error), run.output
        assert run.failed == [self.host.name]
        assert way.token.partition(".")[2] not in run.output
        assert self.host.fingerprint(*STATE) == before
        assert self.host.run("systemctl is-active kubelet || true").strip() != "active"
        assert self.host.name not in self.cluster.kubectl("get", "nodes", "-o", "name")


def pins_of(control_plane: Host) -> list[str]:
    ca = x509.load_pem_x509_certificate(control_plane.read("/etc/kubernetes/pki/ca.crt").encode())
    return [authority.pin(ca)]


def some_token() -> str:
    letters = string.ascii_lowercase + string.digits
    return ".".join("".join(secrets.choice(letters) for _ in range(length)) for length in (6, 16))


def make_token(cluster: Cluster, ends: datetime.timedelta = HOUR) -> str:
    """A bootstrap token, as any Kubernetes administrator makes one."""
    token = some_token()
    token_id, secret = token.split(".")
    data = {
        "token-id": token_id,
        "token-secret": secret,
        "expiration": (authority.now() + ends).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    metadata = {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"}
    kind = "bootstrap.kubernetes.io/token"
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": data})
    if ends > HOUR * 0:
        signed = f"jws-kubeconfig-{token_id}"
        eventually(lambda: signed in cluster.get("configmap", "-n", "kube-public", "cluster-info")["data"], signed)
    return token


def make_anew(lab: str, host: Host) -> None:
    """A lab host as if just installed."""
    subprocess.run([sys.executable, "-m", "lab", "reset", "--topology", lab, host.name], cwd=CHECKOUT, check=True)
