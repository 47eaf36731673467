# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's tree laid out in a temporary directory; the kernel itself is the real thing only on the lab's hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._node import Node, Wanted

FSTAB = "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n# /dev/sdb1 none swap sw 0 0\n"
DPKG = (
    "Package: socat\nStatus: install ok installed\nVersion: 1\n\n"
    "Package: conntrack\nStatus: deinstall ok config-files\nVersion: 1\n\n"
    "Package: nftables\nStatus: install ok installed\nProvides: firewall, iptables (= 1.8)\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, content in {
        "proc/filesystems": "nodev\toverlay\n\text4\n",
        "proc/swaps": "Filename Type Size Used Priority\n",
        "proc/sys/net/ipv4/ip_forward": "0\n",
        "proc/sys/net/bridge/bridge-nf-call-iptables": "1\n",
        "sys/module/nf_conntrack/version": "",
        "etc/fstab": FSTAB,
        "etc/hosts": "127.0.0.1 localhost",
        "var/lib/dpkg/status": DPKG,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


def apply(root: Path, check_mode: bool = False, **wanted: Any) -> dict[str, Any]:
    return Node(check_mode, str(root)).apply(Wanted(**wanted))


def test_sysctls_now_and_at_boot(root: Path) -> None:
    wanted = {"sysctls": {"net.ipv4.ip_forward": 1, "net.bridge.bridge-nf-call-iptables": 1}, "swap": "keep"}
    planned = apply(root, check_mode=True, **wanted)
    assert planned["changed"] and (root / "proc/sys/net/ipv4/ip_forward").read_text() == "0\n"
    result = apply(root, **wanted)
    changed = {entry["before_header"] for entry in result["diff"]}
    assert "sysctl net.ipv4.ip_forward" in changed
    assert "sysctl net.bridge.bridge-nf-call-iptables" not in changed
    assert (root / "proc/sys/net/ipv4/ip_forward").read_text() == "1\n"
    assert "net.ipv4.ip_forward = 1\n" in (root / "etc/sysctl.d/99-kubephase.conf").read_text()
    assert not apply(root, **wanted)["changed"]


def test_a_sysctl_that_the_kernel_lacks_is_a_warning(root: Path) -> None:
    result = apply(root, sysctls={"net.ipv6.conf.all.forwarding": 1}, swap="keep")
    assert result["warnings"] == [
        "sysctl net.ipv6.conf.all.forwarding does not exist on this kernel, so it was not set"
    ]


def test_built_in_and_loaded_modules_are_not_loaded_again(root: Path) -> None:
    result = apply(root, kernel_modules=["overlay", "br_netfilter", "nf-conntrack"], swap="keep")
    assert [entry["before_header"] for entry in result["diff"]][0].endswith("modules-load.d/kubephase.conf")
    assert not any("kernel module" in entry["before_header"] for entry in result["diff"])
    assert result["warnings"] == []


def test_a_module_that_cannot_be_loaded_is_a_warning(root: Path) -> None:
    result = apply(root, kernel_modules=["kubephase_no_such_module"], swap="keep")
    assert len(result["warnings"]) == 1 and "kubephase_no_such_module cannot be loaded" in result["warnings"][0]


def test_swap_lines_are_commented_out_once(root: Path) -> None:
    apply(root)
    assert (root / "etc/fstab").read_text() == FSTAB.replace("/dev/sda2", "# /dev/sda2")
    assert not apply(root)["changed"]


def test_swap_kept(root: Path) -> None:
    apply(root, swap="keep")
    assert (root / "etc/fstab").read_text() == FSTAB


def test_hosts_block_is_added_changed_and_removed(root: Path) -> None:
    hosts = root / "etc/hosts"
    apply(root, swap="keep", hosts={"lb.example.org": "192.0.2.1"})
    assert (
        hosts.read_text().startswith("127.0.0.1 localhost\n# BEGIN")
        and "192.0.2.1 lb.example.org\n" in hosts.read_text()
    )
    assert not apply(root, swap="keep", hosts={"lb.example.org": "192.0.2.1"})["changed"]
    apply(root, swap="keep", hosts={"lb.example.org": "192.0.2.2"})
    assert "192.0.2.1" not in hosts.read_text() and "192.0.2.2 lb.example.org\n" in hosts.read_text()
    apply(root, swap="keep")
    assert hosts.read_text() == "127.0.0.1 localhost\n"


def test_missing_packages(root: Path) -> None:
    result = apply(root, swap="keep", packages=["socat", "conntrack", "iptables", "ethtool"])
    assert result["missing_packages"] == ["conntrack", "ethtool"]


def test_own_name_only_where_it_cannot_be_resolved(root: Path) -> None:
    hosts = root / "etc/hosts"
    apply(root, swap="keep", own_names={"localhost": "192.0.2.9"})
    assert hosts.read_text() == "127.0.0.1 localhost"
    wanted = {"swap": "keep", "own_names": {"kubephase-host.invalid": "192.0.2.9"}}
    apply(root, **wanted)
    assert "192.0.2.9 kubephase-host.invalid\n" in hosts.read_text()
    assert not apply(root, **wanted)["changed"]
