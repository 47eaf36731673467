# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the machine, the kernel, the cgroups and the kubelet."""

from __future__ import annotations

import os
import time

import pytest

from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    OPTIONS,
    V1_CONTROLLERS,
    FakeHost,
    configuration,
    message,
    outcome,
    problems,
    request,
)


@pytest.mark.parametrize(("cpus", "result"), [(1, "error"), (2, "ok")])
def test_cpus(fake: FakeHost, cpus: int, result: str) -> None:
    fake.changes["cpus"] = cpus
    assert outcome(fake.run(request()), "NumCPU").result == result


@pytest.mark.parametrize(("kilobytes", "result"), [(1700 * 1024 - 1, "error"), (1700 * 1024, "ok")])
def test_memory(fake: FakeHost, kilobytes: int, result: str) -> None:
    fake.write("proc/meminfo", f"MemTotal: {kilobytes} kB\n")
    assert outcome(fake.run(request()), "Mem").result == result


@pytest.mark.parametrize(
    ("release", "result"),
    [
        ("5.4.0-1", "ok"),
        ("5.10.1", "ok"),
        ("5.15.0", "ok"),
        ("6.18.5+", "ok"),
        ("10.0.1", "ok"),
        ("4.19.0", "warning"),
        ("5.11.0", "warning"),
        ("3.10.0-1160.el7", "warning"),
    ],
)
def test_kernel_version(fake: FakeHost, release: str, result: str) -> None:
    fake.changes["release"] = release
    assert outcome(fake.run(request()), "SystemVerification").result == result


def test_missing_kernel_options_are_named(fake: FakeHost) -> None:
    fake.kernel([name for name in OPTIONS if name not in ("MEMCG", "CGROUP_BPF")])
    report = fake.run(request())
    assert outcome(report, "SystemVerification").result == "error"
    assert "CONFIG_MEMCG CONFIG_CGROUP_BPF" in message(report, "SystemVerification")


def test_an_option_may_have_its_old_name(fake: FakeHost) -> None:
    fake.kernel([name for name in OPTIONS if name != "NETFILTER_XT_TARGET_REDIRECT"] + ["IP_NF_TARGET_REDIRECT"])
    assert outcome(fake.run(request()), "SystemVerification").result == "ok"


def test_the_kernel_configuration_is_found_in_boot_and_missed_nowhere(fake: FakeHost) -> None:
    (fake.root / "proc/config.gz").unlink()
    assert "configuration cannot be found" in message(fake.run(request()), "SystemVerification")
    fake.write("boot/config-6.1.0-test", "".join(f"CONFIG_{name}=y\n" for name in OPTIONS))
    assert outcome(fake.run(request()), "SystemVerification").result == "ok"


def test_the_kernel_configuration_may_be_a_module(fake: FakeHost) -> None:
    packed = fake.root / "proc/config.gz"
    hidden = packed.rename(fake.root / "config.gz")
    fake.program("modprobe", f"case $1 in -r) /bin/rm {packed};; configs) /bin/cp {hidden} {packed};; esac")
    assert outcome(fake.run(request()), "SystemVerification").result == "ok"
    assert not packed.exists()


@pytest.mark.parametrize(
    ("kubernetes", "kubelet", "result"),
    [
        ("v1.34.4", "v1.34.4", "warning"),
        ("v1.35.4", "v1.34.4", "warning"),
        ("v1.35.4", "v1.35.0-alpha.1", "error"),
        ("v1.37.2", "v1.37.2", "error"),
    ],
)
def test_cgroup_v1_is_an_error_from_kubelet_1_35_on(fake: FakeHost, kubernetes: str, kubelet: str, result: str) -> None:
    fake.cgroup_v1(V1_CONTROLLERS)
    fake.kubelet(f"Kubernetes {kubelet}")
    report = fake.run(request(cluster=configuration(kubernetesVersion=kubernetes)))
    assert outcome(report, "SystemVerification").result == result
    assert "cgroup v1" in message(report, "SystemVerification")


def test_missing_controllers_of_v1(fake: FakeHost) -> None:
    fake.cgroup_v1([name for name in V1_CONTROLLERS if name not in ("pids", "blkio")])
    text = message(fake.run(request()), "SystemVerification")
    assert "which the kubelet needs, are not enabled: pids" in text
    assert "can do without, are not enabled: blkio" in text


def test_missing_controllers_of_v2(fake: FakeHost) -> None:
    fake.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory hugetlb\n")
    (fake.root / "sys/fs/cgroup/init.scope/cgroup.freeze").unlink()
    text = message(fake.run(request()), "SystemVerification")
    assert "which the kubelet needs, are not enabled: freezer pids" in text
    assert "can do without, are not enabled: io" in text


def test_no_cgroups(fake: FakeHost) -> None:
    fake.write("proc/mounts", "proc /proc proc rw 0 0\n")
    assert message(fake.run(request()), "SystemVerification") == "cgroups are not mounted"


@pytest.mark.parametrize(
    ("output", "code", "profile", "result", "text"),
    [
        ("Kubernetes v1.37.9", 0, "init", "ok", ""),
        ("Kubernetes v1.34.0", 0, "init", "ok", ""),
        ("Kubernetes v1.33.9", 0, "init", "error", "too old; 1.34.0 is the oldest"),
        ("Kubernetes v1.34.0-rc.1", 0, "init", "error", "too old"),
        ("Kubernetes v1.38.0", 0, "init", "error", "newer than the control plane 1.37.2"),
        ("Kubernetes v1.38.0", 0, "join", "ok", ""),
        ("Kubernetes v1.37.2+vendor.1", 0, "init", "ok", ""),
        ("nonsense", 0, "init", "error", "does not tell a version"),
        ("Kubernetes v1.37.2", 3, "init", "error", "exit code 3"),
    ],
)
def test_kubelet_version(fake: FakeHost, output: str, code: int, profile: str, result: str, text: str) -> None:
    fake.kubelet(output, code)
    report = fake.run(request(profile=profile))
    assert outcome(report, "KubeletVersion").result == result
    assert text in message(report, "KubeletVersion")


@pytest.mark.parametrize(
    ("version", "minor", "result"),
    [
        ("v1.37.2", None, "ok"),
        ("v1.38.0-alpha.0", None, "warning"),
        ("v1.36.3", 35, "warning"),
        ("v1.36.3", 36, "ok"),
        ("one", None, "error"),
    ],
)
def test_kubernetes_version(fake: FakeHost, version: str, minor: int | None, result: str) -> None:
    report = fake.run(request(cluster=configuration(kubernetesVersion=version), minor=minor))
    assert outcome(report, "KubernetesVersion").result == result


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("active", "enabled", "active", "enabled"), {"Firewalld": "warning"}),
        (("inactive", "disabled", "inactive", "disabled"), {"Service-kubelet": "warning"}),
        (("active", "enabled", "failed", "enabled"), {}),
    ],
)
def test_units(fake: FakeHost, states: tuple[str, ...], expected: dict[str, str]) -> None:
    fake.units(*states)
    found = problems(fake.run(request()))
    assert {name: found[name] for name in ("Firewalld", "Service-kubelet") if name in found} == expected


def test_without_systemd_the_unit_cannot_be_checked(fake: FakeHost) -> None:
    (fake.bin / "systemctl").unlink()
    report = fake.run(request())
    assert "systemd does not answer" in message(report, "Service-kubelet")
    assert outcome(report, "Firewalld").result == "ok"


def free_mebibytes(path: str) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize // (1 << 20)


def test_disk_space_is_that_of_the_nearest_directory_that_exists(fake: FakeHost) -> None:
    free = free_mebibytes(str(fake.root))
    report = fake.run(request(free_disk={"/var/lib/kubelet": free // 2, "/srv/x.y": free * 2}, free_disk_etcd=free * 3))
    assert outcome(report, "DiskSpace--var-lib-kubelet").result == "ok"
    assert outcome(report, "DiskSpace--srv-x.y").result == "error"
    assert f"{free * 2} MiB are needed" in message(report, "DiskSpace--srv-x.y")
    assert outcome(report, "DiskSpace--var-lib-etcd").result == "error"


def test_a_full_disk_of_a_node_only_warns(fake: FakeHost) -> None:
    fake.write("etc/kubernetes/kubelet.conf", "{}")
    report = fake.run(request(free_disk={"/var": 1 << 40}, profile="join"))
    assert outcome(report, "DiskSpace--var").result == "warning"


@pytest.mark.parametrize(("offset", "result"), [(0, "ok"), (290, "ok"), (310, "error"), (-290, "ok"), (-310, "error")])
def test_clock_skew(fake: FakeHost, offset: int, result: str) -> None:
    report = fake.run(request(controller_time=time.time() + offset))
    assert outcome(report, "ClockSkew").result == result
    assert ("behind" if offset > 0 else "ahead of") in message(report, "ClockSkew") or result == "ok"
