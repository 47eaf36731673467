# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a Linux host that the configuration depends on, read from the kernel and from files."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import ipaddress
import os
import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

CERTIFICATES = "/etc/kubernetes/pki"
_EXTRA_CA_DIRECTORIES = (
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_FAMILIES = {"debian": "debian", "ubuntu": "debian", "rhel": "redhat", "fedora": "redhat", "centos": "redhat"}
_CLIENT_CERTIFICATE = re.compile(r"^ *client-certificate: *[\"']?(/[^\s\"']+)", re.MULTILINE)
_CA_DATA = re.compile(r"^ *certificate-authority-data: *[\"']?([A-Za-z0-9+/=]+)", re.MULTILINE)
_CA_FILE = re.compile(r"^ *certificate-authority: *[\"']?(/[^\s\"']+)", re.MULTILINE)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_INITIAL_CLUSTER = re.compile(r"--initial-cluster=(\S+)")
_TRUSTED_CA = re.compile(r"[^-]--trusted-ca-file=[\"']?(/[^\s\"']+)")
_ETCD_CA = re.compile(r"--etcd-cafile=(/[^\s\"']+)")
_SERVER_FILES = re.compile(r"--(?:client-ca-file|tls-cert-file|service-account-signing-key-file)=[\"']?(/[^\s\"']+)")
_ROUTE_UP = 0x1
_NLMSG_DONE, _NLMSG_ERROR, _RTM_NEWADDR, _RTM_GETADDR = 3, 2, 20, 22
_REQUEST_DUMP = 0x301
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

Addresses = list[tuple[str, str]]


def gather(
    root: str = "/", addresses: Callable[[], Addresses] | None = None, certificates_dir: str = CERTIFICATES
) -> dict[str, Any]:
    """All facts. ``root`` and ``addresses`` (interface, address) can be replaced in tests."""
    machine = os.uname()
    found = addresses() if addresses else interface_addresses()
    return {
        "hostname": machine.nodename.strip(),
        "default_ipv4": default_address(Path(root), 4, found),
        "default_ipv6": default_address(Path(root), 6, found),
        "architecture": _ARCHITECTURES.get(machine.machine, machine.machine),
        "distribution": distribution(Path(root)),
        "cgroup_version": 2 if _exists(root, "/sys/fs/cgroup/cgroup.controllers") else 1,
        "systemd_resolved": _exists(root, "/run/systemd/resolve/resolv.conf") and _is_active("systemd-resolved"),
        "extra_ca_directories": [path for path in _EXTRA_CA_DIRECTORIES if _exists(root, path)],
        "python_cryptography": _installed("cryptography"),
        "python_yaml": _installed("PyYAML"),
        "kernel": machine.release,
        "member": member(Path(root)),
        "founding": founding(Path(root)),
        **etcd_manifest(Path(root)),
        "certificates_dirs": certificates_dirs(Path(root)),
        "super_admin": _exists(root, "/etc/kubernetes/super-admin.conf"),
        "ca_key": _exists(root, f"{certificates_dir}/ca.key"),
        "etcd_authority": etcd_authority(Path(root), certificates_dir),
        "authorities": authorities(Path(root)),
        "etcd_authorities": etcd_authorities(Path(root)),
        "memory_mib": _memory_mib(Path(root)),
        "cpus": len(os.sched_getaffinity(0)),
    }


def _exists(root: str, path: str) -> bool:
    return (Path(root) / path.lstrip("/")).exists()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def default_address(root: Path, version: int, addresses: Addresses) -> str:
    """kubeadm's choice: the first global unicast address of the first default route's interface that has one.

    Where that interface has none, one of the loopback interface is taken (unnumbered links); without a default route
    there is no answer.
    """
    routes = _default_routes_4(root) if version == 4 else _default_routes_6(root)
    for interface in [*routes, *(["lo"] if routes else [])]:
        for name, text in addresses:
            if name == interface and _is_global_unicast(text, version):
                return text
    return ""


def _default_routes_4(root: Path) -> list[str]:
    interfaces = []
    for line in _read(root / "proc/net/route").splitlines()[1:]:
        parts = line.split()
        if len(parts) >= 8 and parts[1] == parts[7] == "00000000" and int(parts[3], 16) & _ROUTE_UP:
            interfaces.append(parts[0])
    return interfaces


def _default_routes_6(root: Path) -> list[str]:
    interfaces = []
    for line in _read(root / "proc/net/ipv6_route").splitlines():
        parts = line.split()
        if len(parts) >= 10 and parts[0] == "0" * 32 and parts[1] == "00" and int(parts[8], 16) & _ROUTE_UP:
            interfaces.append(parts[9])
    return [name for name in interfaces if name != "lo"]


def _is_global_unicast(text: str, version: int) -> bool:
    address = ipaddress.ip_address(text)
    unusable = (
        address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    ) or text == "255.255.255.255"
    return address.version == version and not unusable


def interface_addresses() -> Addresses:
    """Interface and address of every address of this host, in the kernel's order."""
    names = dict(socket.if_nameindex())
    found: Addresses = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(5)
        body = struct.pack("=BBBBI", socket.AF_UNSPEC, 0, 0, 0, 0)
        kernel.send(struct.pack("=IHHII", 16 + len(body), _RTM_GETADDR, _REQUEST_DUMP, 1, 0) + body)
        while True:
            data = kernel.recv(1 << 18)
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                if kind == _NLMSG_DONE:
                    return found
                if kind == _NLMSG_ERROR or length < 16:
                    raise KubephaseError("the kernel does not tell the host's addresses", where="netlink")
                if kind == _RTM_NEWADDR:
                    found += _address_of(data[16:length], names)
                data = data[(length + 3) & ~3 :]


def _address_of(message: bytes, names: dict[int, str]) -> Addresses:
    family, _prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", message)
    attributes, position = {}, 8
    while position + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, position)
        if length < 4:
            break
        attributes[kind] = message[position + 4 : position + length]
        position += (length + 3) & ~3
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed is None or family not in (socket.AF_INET, socket.AF_INET6):
        return []
    return [(names.get(index, ""), socket.inet_ntop(family, packed))]


def distribution(root: Path) -> dict[str, str]:
    """Identity of the distribution and the family its package manager belongs to (empty where unknown)."""
    values = {}
    text = _read(root / "etc/os-release") or _read(root / "usr/lib/os-release")
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.startswith("#"):
            values[key.strip()] = value.strip().strip("\"'")
    name = values.get("ID", "").lower()
    like = values.get("ID_LIKE", "").lower().split()
    family = next((_FAMILIES[word] for word in [name, *like] if word in _FAMILIES), "")
    return {"id": name, "version_id": values.get("VERSION_ID", ""), "family": family}


def member(root: Path) -> str:
    """What the host is in a cluster: ``control_plane``, ``worker`` or nothing.

    A kubelet writes its kubeconfig before it has the certificate that this names, so the kubeconfig alone tells nothing.
    A control plane whose kubelet still has its bootstrap kubeconfig joins: its etcd may not be a member yet.
    """
    directory = root / "etc/kubernetes"
    path = directory / "kubelet.conf"
    named = _CLIENT_CERTIFICATE.search(_read(path))
    if not path.exists() or (named and not (root / named[1].lstrip("/")).exists()):
        return ""
    if not (directory / "manifests/kube-apiserver.yaml").exists():
        return "worker"
    return "" if (directory / "bootstrap-kubelet.conf").exists() else "control_plane"


def founding(root: Path) -> bool:
    """Whether the host begins a cluster that does not stand yet.

    Its kubelet.conf still holds the certificate that was made with it: the last step lets it name the one that the
    kubelet rotates.
    """
    text = _read(root / "etc/kubernetes/kubelet.conf")
    return bool(text) and not _CLIENT_CERTIFICATE.search(text)


def authorities(root: Path) -> list[str]:
    """Which cluster the host belongs to: SHA-256 of the authorities that its kubelet trusts the API server by."""
    text = _read(root / "etc/kubernetes/kubelet.conf")
    inline, named = _CA_DATA.search(text), _CA_FILE.search(text)
    try:
        pem = base64.b64decode(inline[1]).decode("ascii") if inline else ""
        if not inline and named:
            pem = _read(root / named[1].lstrip("/"))
    except ValueError:
        return []
    return _hashes(pem)


def _hashes(pem: str) -> list[str]:
    try:
        return sorted({hashlib.sha256(base64.b64decode(body)).hexdigest() for body in _PEM.findall(pem)})
    except ValueError:
        return []


def etcd_authorities(root: Path) -> list[str]:
    """Which etcd the host belongs to or works with: SHA-256 of the authorities that it trusts members by."""
    manifests = root / "etc/kubernetes/manifests"
    for name, pattern in (("etcd", _TRUSTED_CA), ("kube-apiserver", _ETCD_CA)):
        named = pattern.search(_read(manifests / f"{name}.yaml"))
        if named:
            return _hashes(_read(root / named[1].lstrip("/")))
    return _hashes(_read(root / "etc/kubernetes/pki/etcd/ca.crt"))


def etcd_manifest(root: Path) -> dict[str, str]:
    """What the manifest of etcd says of the members it starts with."""
    text = _read(root / "etc/kubernetes/manifests/etcd.yaml")
    found = _INITIAL_CLUSTER.search(text)
    return {
        "etcd_initial_cluster": found[1] if found else "",
        "etcd_initial_cluster_state": "existing" if "--initial-cluster-state=existing" in text else "",
    }


def certificates_dirs(root: Path) -> list[str]:
    """Directories of the files that the API server is run with: one of them is the cluster's, others are the user's."""
    text = _read(root / "etc/kubernetes/manifests/kube-apiserver.yaml")
    return sorted({os.path.dirname(path) for path in _SERVER_FILES.findall(text)})


def etcd_authority(root: Path, certificates_dir: str = CERTIFICATES) -> str:
    """What the host has of etcd's certificate authority: its ``key``, its ``certificate`` alone, or nothing.

    Where it is, etcd's manifest tells before the configuration, which may be another one by now.
    """
    named = _TRUSTED_CA.search(_read(root / "etc/kubernetes/manifests/etcd.yaml"))
    folder = root / (os.path.dirname(named[1]) if named else f"{certificates_dir}/etcd").lstrip("/")
    if (folder / "ca.key").exists():
        return "key"
    return "certificate" if (folder / "ca.crt").exists() else ""


def _memory_mib(root: Path) -> int:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 0


def _is_active(unit: str) -> bool:
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return False
    try:
        answer = subprocess.run([systemctl, "is-active", unit], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() in (b"active", b"activating")


def _installed(package: str) -> str:
    """The version of a Python package, without importing it; empty where it is not installed."""
    try:
        return str(importlib.metadata.version(package))
    except importlib.metadata.PackageNotFoundError:
        return ""
