# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An etcd on hosts of its own: asked with etcdctl, and what real kubeadm makes of its guide's configuration."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cluster.hosts import Host
from tests.cluster.kubeadm import RELEASE, Kubeadm

ETCD_HOSTS = ("etcd1", "etcd2", "etcd3")
CONTROL_PLANES = ("cp1", "cp2")
HOLDER = ETCD_HOSTS[0]
PKI = "/etc/kubernetes/pki"
LEAVES = ("etcd/server", "etcd/peer", "etcd/healthcheck-client")
CLIENT = "apiserver-etcd-client"
PHASES = ("certs etcd-server", "certs etcd-peer", "certs etcd-healthcheck-client", f"certs {CLIENT}", "etcd local")
#: kubeadm's guide "Set up a High Availability etcd Cluster with kubeadm"
GUIDE = """apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration:
  name: {name}
localAPIEndpoint:
  advertiseAddress: {address}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v{version}
etcd:
  local:
    serverCertSANs:
    - {address}
    peerCertSANs:
    - {address}
    extraArgs:
    - name: initial-cluster
      value: {cluster}
    - name: initial-cluster-state
      value: new
    - name: name
      value: {name}
    - name: listen-peer-urls
      value: https://{address}:2380
    - name: listen-client-urls
      value: https://{address}:2379
    - name: advertise-client-urls
      value: https://{address}:2379
    - name: initial-advertise-peer-urls
      value: https://{address}:2380
"""


def etcdctl(host: Host, *arguments: str) -> Any:
    """Upstream's client, from the image that runs on the host."""
    files = (
        f"--cacert={PKI}/etcd/ca.crt --cert={PKI}/etcd/healthcheck-client.crt --key={PKI}/etcd/healthcheck-client.key"
    )
    command = f"etcdctl --endpoints=https://{host.address}:2379 {files} -w json {' '.join(arguments)}"
    return json.loads(host.run(f"nsenter -m -t $(pgrep -x etcd) {command}"))


def members(host: Host) -> dict[str, bool]:
    """By name: whether it votes."""
    return {one.get("name", ""): not one.get("isLearner") for one in etcdctl(host, "member", "list")["members"]}


def health(host: Host) -> dict[str, bool]:
    """By client URL, of all that vote."""
    return {one["endpoint"]: one["health"] for one in etcdctl(host, "endpoint", "health", "--cluster")}


def initial_cluster(hosts: Sequence[Host]) -> str:
    return ",".join(f"{host.name}=https://{host.address}:2380" for host in hosts)


def by_kubeadm(kubeadm: Kubeadm, hosts: Sequence[Host]) -> dict[str, dict[str, str]]:
    """What kubeadm writes for each host, by file below /etc/kubernetes. It is run on the host with the authority's key."""
    made = {}
    for host in hosts:
        config = GUIDE.format(
            name=host.name, address=host.address, version=RELEASE.version, cluster=initial_cluster(hosts)
        )
        folder = f"/root/guide/{host.name}"
        phases = " && ".join(
            f"{kubeadm.binary} init phase {phase} --config=/etc/kubernetes/guide.yaml" for phase in PHASES
        )
        kubeadm.host.run(f"mkdir -p {folder}/pki/etcd && cp {PKI}/etcd/ca.* {folder}/pki/etcd/")
        kubeadm.host.write(f"{folder}/guide.yaml", config)
        kubeadm.host.run(f"unshare -m sh -c 'mount --bind {folder} /etc/kubernetes && {phases}'")
        files = ["manifests/etcd.yaml", *(f"pki/{leaf}.crt" for leaf in (*LEAVES, CLIENT))]
        made[host.name] = {path: kubeadm.host.read(f"{folder}/{path}") for path in files}
    kubeadm.host.run("rm -r /root/guide")
    return made


def outline(certificate: str) -> str:
    """What a certificate says but for key, serial number and dates."""
    extensions = "keyUsage,extendedKeyUsage,basicConstraints,subjectAltName,authorityKeyIdentifier"
    command = ["openssl", "x509", "-noout", "-subject", "-issuer", "-ext", extensions]
    return subprocess.run(command, input=certificate, capture_output=True, text=True, check=True).stdout


def verify(certificate: str, authority: str, directory: Path) -> str:
    """openssl's word on it."""
    for name, text in (("ca.crt", authority), ("leaf.crt", certificate)):
        (directory / name).write_text(text)
    command = ["openssl", "verify", "-CAfile", str(directory / "ca.crt"), str(directory / "leaf.crt")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
