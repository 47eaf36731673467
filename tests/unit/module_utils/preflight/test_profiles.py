# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks are made, in which order, and how their results are told."""

from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import Stub
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    FakeHost,
    configuration,
    names,
    outcome,
    problems,
    request,
)

MANIFESTS = [
    f"FileAvailable--etc-kubernetes-manifests-{name}.yaml"
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
]
CONTROL_PLANE = ["NumCPU", "Mem", "KubernetesVersion", "Firewalld", "Port-6443", "Port-10259", "Port-10257", *MANIFESTS]
PROXY = ["HTTPProxy", "HTTPProxyCIDR", "HTTPProxyCIDR"]
FILES = ["FileExisting-losetup", "FileExisting-mount", "FileExisting-cp"]
KUBELET = ["SystemVerification", "Hostname", "KubeletVersion", "Service-kubelet", "Port-10250"]
COMMON = ["CRI", "ContainerRuntimeVersion", "Swap", *FILES, *KUBELET]
IPV4, IPV6 = "FileContent--proc-sys-net-ipv4-ip_forward", "FileContent--proc-sys-net-ipv6-conf-default-forwarding"
ETCD = ["Port-2379", "Port-2380", "DirAvailable--var-lib-etcd"]
DATA = "EtcdData--var-lib-etcd"
JOIN = ["FileAvailable--etc-kubernetes-kubelet.conf", "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf"]
ENDPOINT = {"advertiseAddress": "127.0.0.1", "bindPort": 6443}


def test_init_makes_kubeadms_checks_in_kubeadms_order(fake: FakeHost, runtime: Stub) -> None:
    report = fake.run(request(runtime.path, local_api_endpoint=ENDPOINT))
    assert names(report) == ["IsPrivilegedUser", *CONTROL_PLANE, *PROXY, *COMMON, IPV4, *ETCD, DATA]
    assert problems(report) == {}
    report.raise_errors()
    assert report.result()["changed"] is False


def test_minor_34_has_no_runtime_version_and_another_name_for_the_unit(fake: FakeHost, runtime: Stub) -> None:
    fake.kubelet("Kubernetes v1.34.4")
    found = names(fake.run(request(runtime.path, configuration(kubernetesVersion="v1.34.4"))))
    assert "ContainerRuntimeVersion" not in found
    assert "Service-Kubelet" in found
    assert "Service-kubelet" not in found


def test_a_worker_has_fewer_checks(fake: FakeHost, runtime: Stub) -> None:
    report = fake.run(request(runtime.path, profile="join", discovery_endpoint="127.0.0.1:6443"))
    authority = "FileAvailable--etc-kubernetes-pki-ca.crt"
    assert names(report) == ["IsPrivilegedUser", *JOIN, *COMMON, authority, "HTTPProxy", IPV4]
    assert problems(report) == {}


def test_a_control_plane_that_joins_has_both(fake: FakeHost, runtime: Stub) -> None:
    made = request(
        runtime.path,
        profile="join_control_plane",
        discovery_endpoint="https://k8s.example.org:6443",
        local_api_endpoint=ENDPOINT,
    )
    found = names(fake.run(made))
    assert found == ["IsPrivilegedUser", *JOIN, *COMMON, "HTTPProxy", *CONTROL_PLANE, *PROXY, *ETCD, DATA]


@pytest.mark.parametrize(
    ("service", "pod", "address", "expected"),
    [
        ("10.96.0.0/12", "", "192.0.2.1", {IPV4}),
        ("fd00::/108", "fd01::/64", "2001:db8::1", {IPV6}),
        ("10.96.0.0/12,fd00::/108", "10.244.0.0/16,fd01::/64", "192.0.2.1", {IPV4, IPV6}),
        ("fd00::/108", "", "192.0.2.1", {IPV4, IPV6}),
    ],
)
def test_forwarding_is_wanted_for_the_families_in_use(
    fake: FakeHost, service: str, pod: str, address: str, expected: set[str]
) -> None:
    cluster = configuration(networking={"serviceSubnet": service, "podSubnet": pod})
    report = fake.run(request(cluster=cluster, local_api_endpoint={"advertiseAddress": address, "bindPort": 6443}))
    assert {name for name in names(report) if name.startswith("FileContent")} == expected


def test_external_etcd_has_other_checks(fake: FakeHost) -> None:
    external = {"endpoints": [], "caFile": "/e/ca.crt", "certFile": "/e/c.crt", "keyFile": ""}
    found = names(fake.run(request(cluster=configuration(etcd={"external": external}))))
    assert [name for name in found if "tcd" in name] == [
        MANIFESTS[3],
        "ExternalEtcdVersion",
        "ExternalEtcdClientCertificates",
        "ExternalEtcdClientCertificates",
    ]
    assert "Port-2379" not in found
    joining = request(cluster=configuration(etcd={"external": external}), profile="join_control_plane")
    assert "ExternalEtcdClientCertificates" not in names(fake.run(joining))


def test_all_that_is_wrong_is_reported_together(fake: FakeHost, runtime: Stub) -> None:
    fake.changes["cpus"] = 1
    fake.write("proc/sys/net/ipv4/ip_forward", "0\n")
    (fake.bin / "losetup").unlink()
    fake.write("proc/swaps", "Filename Type\n/dev/sda2 partition\n")
    report = fake.run(request(runtime.path))
    assert problems(report) == {
        "NumCPU": "error",
        "Swap": "warning",
        "FileExisting-losetup": "error",
        IPV4: "error",
    }
    with pytest.raises(KubephaseError) as caught:
        report.raise_errors()
    lines = str(caught.value).splitlines()
    assert lines[0] == "preflight: this host fails 3 checks"
    assert [line.split(":")[0] for line in lines[1:-1]] == [
        "[ERROR NumCPU]",
        "[ERROR FileExisting-losetup]",
        f"[ERROR {IPV4}]",
    ]
    assert "ignorePreflightErrors" in lines[-1]
    assert [line.split(":")[0] for line in report.warnings()] == ["[WARNING Swap]"]


@pytest.mark.parametrize("by_registration", [True, False])
def test_an_ignored_error_is_a_warning(fake: FakeHost, runtime: Stub, by_registration: bool) -> None:
    fake.changes["cpus"] = 1
    if by_registration:
        made = request(runtime.path, node_registration={"ignorePreflightErrors": ["numcpu"]})
    else:
        made = request(runtime.path, ignore=["NUMCPU"])
    report = fake.run(made)
    assert problems(report) == {"NumCPU": "ignored"}
    report.raise_errors()
    assert report.warnings() == ["[WARNING NumCPU]: the host has 1 CPU; a control plane needs 2"]


def test_all_ignores_everything(fake: FakeHost) -> None:
    fake.changes.update(cpus=1, uid=1000)
    report = fake.run(request(ignore=["all"]))
    assert not report.failed
    assert {"IsPrivilegedUser", "NumCPU", "CRI"} <= set(problems(report))


def test_all_stands_alone() -> None:
    with pytest.raises(KubephaseError, match="'all' may not be combined"):
        request(ignore=["all"], node_registration={"ignorePreflightErrors": ["Swap"]})


def test_without_root_nothing_else_is_checked(fake: FakeHost) -> None:
    fake.changes["uid"] = 1000
    report = fake.run(request())
    assert names(report) == ["IsPrivilegedUser"]
    with pytest.raises(KubephaseError, match=r"\[ERROR IsPrivilegedUser\].*become"):
        report.raise_errors()
    assert len(names(fake.run(request(ignore=["IsPrivilegedUser"])))) > 20


def test_a_bare_host_in_check_mode(fake: FakeHost) -> None:
    for program in ("kubelet", "losetup", "mount", "cp"):
        (fake.bin / program).unlink()
    fake.units("inactive", "", "inactive", "")
    fake.program("systemctl", "printf 'LoadState=not-found\\nActiveState=inactive\\n\\nLoadState=not-found\\n'")
    fake.write("proc/sys/net/ipv4/ip_forward", "0\n")
    fake.check_mode = True
    made = request(images=["a:1", "b:1"], pull=True)
    report = fake.run(made)
    assert report.result()["skipped_checks"] == [
        "CRI",
        "ContainerRuntimeVersion",
        *FILES,
        "SystemVerification",
        "KubeletVersion",
        "Service-kubelet",
        IPV4,
        "ImagePull",
    ]
    assert not report.failed
    assert report.warnings() == []
    assert (report.missing_images, bool(report.changes)) == (["a:1", "b:1"], True)
    fake.check_mode = False
    assert {name for name, result in problems(fake.run(made)).items() if result == "error"} == {
        "CRI",
        "ContainerRuntimeVersion",
        *FILES,
        "SystemVerification",
        "KubeletVersion",
        IPV4,
    }


def test_what_check_mode_cannot_excuse(fake: FakeHost) -> None:
    fake.check_mode = True
    fake.changes["cpus"] = 1
    assert outcome(fake.run(request()), "NumCPU").result == "error"
