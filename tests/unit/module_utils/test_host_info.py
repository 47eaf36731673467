# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's files laid out in a temporary directory; addresses also from the real kernel."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _host_info

ROUTES = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t00000000\tFE0200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n"
)
ROUTES_6 = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 28} 00000400 00000001 00000000 00000003     eth0\n"
ADDRESSES = [
    ("lo", "127.0.0.1"),
    ("lo", "203.0.113.7"),
    ("eth1", "10.0.0.5"),
    ("eth0", "169.254.1.1"),
    ("eth0", "192.0.2.10"),
    ("eth0", "192.0.2.11"),
    ("eth0", "fe80::1"),
    ("eth0", "2001:db8::10"),
]


def lay(root: Path, path: str, text: str = "") -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_the_default_routes_address_is_taken(tmp_path: Path) -> None:
    lay(tmp_path, "/proc/net/route", ROUTES)
    lay(tmp_path, "/proc/net/ipv6_route", ROUTES_6)
    assert _host_info.default_address(tmp_path, 4, ADDRESSES) == "192.0.2.10"
    assert _host_info.default_address(tmp_path, 6, ADDRESSES) == "2001:db8::10"


def test_an_unnumbered_interface_lends_an_address_of_loopback(tmp_path: Path) -> None:
    lay(tmp_path, "/proc/net/route", "\n".join(ROUTES.splitlines()[:2]) + "\n")
    assert _host_info.default_address(tmp_path, 4, ADDRESSES) == "203.0.113.7"


def test_without_a_default_route_there_is_no_address(tmp_path: Path) -> None:
    assert _host_info.default_address(tmp_path, 4, ADDRESSES) == ""
    lay(tmp_path, "/proc/net/ipv6_route", ROUTES_6.replace("eth0", "  lo"))
    assert _host_info.default_address(tmp_path, 6, ADDRESSES) == ""


def test_the_kernel_tells_its_addresses() -> None:
    found = _host_info.interface_addresses()
    assert ("lo", "127.0.0.1") in found
    assert all(name and ipaddress.ip_address(address) for name, address in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID=debian\nVERSION_ID="12"\n', {"id": "debian", "version_id": "12", "family": "debian"}),
        ("# ID=x\nID=linuxmint\nID_LIKE='ubuntu debian'\n", {"id": "linuxmint", "version_id": "", "family": "debian"}),
        (
            'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID=9.4\n',
            {"id": "rocky", "version_id": "9.4", "family": "redhat"},
        ),
        ("ID=arch\n", {"id": "arch", "version_id": "", "family": ""}),
    ],
)
def test_distribution(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    lay(tmp_path, "/usr/lib/os-release", text)
    assert _host_info.distribution(tmp_path) == expected


def test_membership_is_read_from_the_files_a_member_has(tmp_path: Path) -> None:
    assert _host_info.member(tmp_path) == ""
    lay(tmp_path, "/etc/kubernetes/manifests/kube-apiserver.yaml")
    assert _host_info.member(tmp_path) == ""
    lay(tmp_path, "/etc/kubernetes/kubelet.conf")
    assert _host_info.member(tmp_path) == "control_plane"
    (tmp_path / "etc/kubernetes/manifests/kube-apiserver.yaml").unlink()
    assert _host_info.member(tmp_path) == "worker"


def test_a_kubelet_that_waits_for_its_certificate_is_no_member_yet(tmp_path: Path) -> None:
    """It has written its kubeconfig already then: a join that died there is not over."""
    current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    text = f"users:\n- name: default-auth\n  user:\n    client-certificate: {current}\n    client-key: {current}\n"
    lay(tmp_path, "/etc/kubernetes/kubelet.conf", text)
    assert _host_info.member(tmp_path) == ""
    lay(tmp_path, current)
    assert _host_info.member(tmp_path) == "worker"


def test_a_control_plane_whose_join_died_before_etcd_is_no_member_yet(tmp_path: Path) -> None:
    """Where its kubelet bootstraps at the other API servers, it has its certificate before etcd has the member."""
    current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    lay(tmp_path, "/etc/kubernetes/kubelet.conf", f"users:\n- user:\n    client-certificate: {current}\n")
    lay(tmp_path, current)
    lay(tmp_path, "/etc/kubernetes/bootstrap-kubelet.conf")
    assert _host_info.member(tmp_path) == "worker"
    lay(tmp_path, "/etc/kubernetes/manifests/kube-apiserver.yaml")
    assert _host_info.member(tmp_path) == ""
    (tmp_path / "etc/kubernetes/bootstrap-kubelet.conf").unlink()
    assert _host_info.member(tmp_path) == "control_plane"


def test_a_cluster_is_founded_until_the_kubelets_kubeconfig_names_its_rotated_certificate(tmp_path: Path) -> None:
    def told() -> tuple[str, bool]:
        return _host_info.member(tmp_path), _host_info.founding(tmp_path)

    assert told() == ("", False)
    lay(tmp_path, "/etc/kubernetes/kubelet.conf", "users:\n- user:\n    client-certificate-data: LS0t\n")
    assert told() == ("worker", True)
    lay(tmp_path, "/etc/kubernetes/manifests/kube-apiserver.yaml")
    assert told() == ("control_plane", True)
    lay(tmp_path, "/etc/kubernetes/kubelet.conf", "users:\n- user:\n    client-certificate: /var/lib/kubelet/x.pem\n")
    assert told() == ("", False)
    lay(tmp_path, "/var/lib/kubelet/x.pem")
    assert told() == ("control_plane", False)


def test_members_that_etcd_started_with(tmp_path: Path) -> None:
    def told() -> tuple[str, str]:
        found = _host_info.etcd_manifest(tmp_path)
        return found["etcd_initial_cluster"], found["etcd_initial_cluster_state"]

    assert told() == ("", "")
    both = "cp1=https://192.0.2.10:2380,cp2=https://192.0.2.11:2380"
    lay(tmp_path, "/etc/kubernetes/manifests/etcd.yaml", f"    - --initial-cluster={both}\n")
    assert told() == (both, "")
    joined = f"    - --initial-cluster={both}\n    - --initial-cluster-state=existing\n"
    lay(tmp_path, "/etc/kubernetes/manifests/etcd.yaml", joined)
    assert told() == (both, "existing")


def test_what_there_is_of_the_authority_of_etcd(tmp_path: Path) -> None:
    assert _host_info.etcd_authority(tmp_path) == ""
    lay(tmp_path, "/etc/kubernetes/pki/etcd/ca.crt", "")
    assert _host_info.etcd_authority(tmp_path) == "certificate"
    lay(tmp_path, "/etc/kubernetes/pki/etcd/ca.key", "")
    assert _host_info.etcd_authority(tmp_path) == "key"


def test_where_the_authority_of_etcd_is_is_told_by_its_manifest(tmp_path: Path) -> None:
    lay(tmp_path, "/srv/pki/etcd/ca.key")
    assert _host_info.etcd_authority(tmp_path) == ""
    assert _host_info.etcd_authority(tmp_path, "/srv/pki") == "key"
    told = "    - --peer-trusted-ca-file=/x/ca.crt\n    - --trusted-ca-file=/srv/pki/etcd/ca.crt\n"
    lay(tmp_path, "/etc/kubernetes/manifests/etcd.yaml", told)
    assert _host_info.etcd_authority(tmp_path) == "key"
    assert _host_info.etcd_authority(tmp_path, "/srv/other") == "key"


def test_which_certificates_the_api_server_is_run_with(tmp_path: Path) -> None:
    assert _host_info.certificates_dirs(tmp_path) == []
    told = (
        "    - --client-ca-file=/srv/pki/ca.crt\n    - --tls-cert-file=/own/server.crt\n    - --etcd-cafile=/x/ca.crt\n"
    )
    lay(tmp_path, "/etc/kubernetes/manifests/kube-apiserver.yaml", told)
    assert _host_info.certificates_dirs(tmp_path) == ["/own", "/srv/pki"]


def test_the_cluster_is_known_by_its_authorities(tmp_path: Path) -> None:
    """Inline as kubeadm writes it, or in a file; both of a bundle, in whatever order."""
    one, two = (f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n" for text in ("QUJD", "REVG"))
    hashes = sorted(hashlib.sha256(text).hexdigest() for text in (b"ABC", b"DEF"))

    def told(text: str) -> list[str]:
        lay(tmp_path, "/etc/kubernetes/kubelet.conf", text)
        return _host_info.authorities(tmp_path)

    assert _host_info.authorities(tmp_path) == []
    inline = base64.b64encode((two + one).encode()).decode()
    assert told(f"clusters:\n- cluster:\n    certificate-authority-data: {inline}\n") == hashes
    lay(tmp_path, "/etc/kubernetes/pki/ca.crt", one + two)
    assert told("clusters:\n- cluster:\n    certificate-authority: /etc/kubernetes/pki/ca.crt\n") == hashes
    assert told("    certificate-authority-data: QUJD=Q\n") == []


def test_the_etcd_is_known_by_its_authority(tmp_path: Path) -> None:
    """What its manifest names comes first, then what the API server trusts it by."""

    def authority(path: str, text: str) -> list[str]:
        encoded = base64.b64encode(text.encode()).decode()
        lay(tmp_path, path, f"-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n")
        return [hashlib.sha256(text.encode()).hexdigest()]

    def manifest(name: str, flag: str) -> None:
        lay(tmp_path, f"/etc/kubernetes/manifests/{name}.yaml", f"    - {flag}\n    - --other\n")

    assert _host_info.etcd_authorities(tmp_path) == []
    own = authority("/etc/kubernetes/pki/etcd/ca.crt", "own")
    assert _host_info.etcd_authorities(tmp_path) == own
    external = authority("/srv/external.crt", "external")
    manifest("kube-apiserver", "--etcd-cafile=/srv/external.crt")
    assert _host_info.etcd_authorities(tmp_path) == external
    manifest("etcd", "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt")
    assert _host_info.etcd_authorities(tmp_path) == own


def test_all_facts_of_an_empty_host(tmp_path: Path) -> None:
    found = _host_info.gather(str(tmp_path), lambda: [])
    assert set(found) == {
        "hostname", "default_ipv4", "default_ipv6", "architecture", "distribution", "cgroup_version", "systemd_resolved",
        "extra_ca_directories", "python_cryptography", "python_yaml", "kernel", "member", "memory_mib", "cpus",
        "founding", "etcd_initial_cluster", "etcd_initial_cluster_state", "etcd_authority", "authorities",
        "ca_key", "etcd_authorities", "super_admin", "certificates_dirs",
    }  # fmt: skip
    assert (found["cgroup_version"], found["systemd_resolved"], found["extra_ca_directories"]) == (1, False, [])
    assert found["python_cryptography"] and not found["ca_key"]
    lay(tmp_path, "/srv/pki/ca.key")
    assert _host_info.gather(str(tmp_path), lambda: [], "/srv/pki")["ca_key"]
    assert not _host_info.gather(str(tmp_path), lambda: [])["ca_key"]
    lay(tmp_path, "/sys/fs/cgroup/cgroup.controllers", "cpu\n")
    lay(tmp_path, "/proc/meminfo", "MemTotal:        2097152 kB\n")
    (tmp_path / "usr/share/ca-certificates").mkdir(parents=True)
    found = _host_info.gather(str(tmp_path), lambda: [])
    assert (found["cgroup_version"], found["memory_mib"]) == (2, 2048)
    assert found["extra_ca_directories"] == ["/usr/share/ca-certificates"]
