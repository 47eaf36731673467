# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-N with ports that are really listened on, by this process and by others under a component's name."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight import ports
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    configuration,
    free_port,
    request,
)

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(root=str(tmp_path), proc="/proc")


@contextmanager
def listening(name: str, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A process whose executable has this name; its pid and the port it listens on."""
    program = tmp_path / name
    shutil.copy2(os.path.realpath(sys.executable), program)
    environment = {**os.environ, "PYTHONHOME": sys.base_prefix}
    with subprocess.Popen(
        [program, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.communicate("")


def messages(host: Host, number: int, component: str, manifest: str = MANIFEST, address: str = "") -> list[str]:
    return [finding.message for finding in ports.port(host, number, address, component, manifest)]


def test_a_free_port(host: Host) -> None:
    assert messages(host, free_port(), "kube-apiserver") == []


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_of_this_process(host: Host, family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        number = listener.getsockname()[1]
        found = messages(host, number, "kube-apiserver")
        assert len(found) == 1
        assert f"port {number}, which kube-apiserver needs, is in use by python" in found[0]
        assert f"(pid {os.getpid()})" in found[0]


def test_only_the_address_that_is_wanted_counts(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        assert messages(host, number, "kube-scheduler", address="127.0.0.2") == []
        assert len(messages(host, number, "kube-scheduler", address="127.0.0.1")) == 1


def test_an_address_that_is_not_this_hosts(host: Host) -> None:
    found = messages(host, free_port(), "etcd", address="192.0.2.1")
    assert len(found) == 1
    assert "etcd cannot listen on 192.0.2.1:" in found[0]
    assert "Cannot assign requested address" in found[0]


def test_the_component_itself_is_fine_when_its_manifest_is_here(host: Host, tmp_path: Path) -> None:
    with listening("kube-apiserver", tmp_path) as (pid, number):
        found = messages(host, number, "kube-apiserver")
        assert len(found) == 1
        assert f"kube-apiserver (pid {pid})" in found[0]
        assert f"which {MANIFEST} of this host did not start" in found[0]
        (tmp_path / MANIFEST.lstrip("/")).parent.mkdir(parents=True)
        (tmp_path / MANIFEST.lstrip("/")).touch()
        assert messages(host, number, "kube-apiserver") == []
        # another component on the port of this one
        assert f"is in use by kube-apiserver (pid {pid})" in messages(host, number, "kube-scheduler")[0]


def test_a_name_longer_than_comm(host: Host, tmp_path: Path) -> None:
    with listening("kube-controller-manager", tmp_path) as (pid, number):
        assert ports.listeners(host, number) == [(pid, "kube-controller-manager")]


def test_a_kubelet_that_is_not_the_units(host: Host, tmp_path: Path) -> None:
    with listening("kubelet", tmp_path) as (pid, number):
        assert f"kubelet (pid {pid}), which the unit kubelet.service" in messages(host, number, "kubelet", "")[0]


def test_a_kubelet_whose_cgroup_is_another(tmp_path: Path) -> None:
    with listening("kubelet", tmp_path) as (pid, number):
        systemctl = tmp_path / "systemctl"
        systemctl.write_text(f"#!/bin/sh\nprintf 'LoadState=loaded\\nMainPID={pid}\\n\\nLoadState=not-found\\n'\n")
        systemctl.chmod(0o755)
        host = Host(root=str(tmp_path), proc="/proc", environ={"PATH": str(tmp_path)}, search=())
        assert messages(host, number, "kubelet", "") == []


def process(root: Path, pid: int, name: str, inode: int, cgroup: str) -> None:
    directory = root / "proc" / str(pid)
    (directory / "fd").mkdir(parents=True)
    (directory / "fd/7").symlink_to(f"socket:[{inode}]")
    (directory / "exe").symlink_to(f"/usr/bin/{name}")
    (directory / "cgroup").write_text(cgroup)


def test_the_kubelet_of_the_unit(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        process(tmp_path, 4711, "kubelet (deleted)", 99, "0::/system.slice/kubelet.service\n")
        (tmp_path / "proc/net").mkdir()
        row = f" 0: 00000000:{number:04X} 00000000:0000 0A 0:0 00:0 0 0 0 99 1\n"
        (tmp_path / "proc/net/tcp6").write_text("  sl  local_address\n" + row)
        assert messages(Host(root=str(tmp_path)), number, "kubelet", "") == []


@pytest.mark.parametrize(
    ("cgroup", "member", "belongs"),
    [
        ("/kubepods.slice/kubepods-pod1.slice", True, True),
        ("/kubepods.slice", False, False),
        ("/user.slice", True, False),
    ],
)
def test_the_pod_of_a_member_whose_manifest_was_deleted(
    tmp_path: Path, cgroup: str, member: bool, belongs: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        process(tmp_path, 4711, "etcd", 99, f"0::{cgroup}\n")
        (tmp_path / "proc/net").mkdir()
        row = f" 0: 00000000:{number:04X} 00000000:0000 0A 0:0 00:0 0 0 0 99 1\n"
        (tmp_path / "proc/net/tcp").write_text("  sl  local_address\n" + row)
        if member:
            (tmp_path / "etc/kubernetes").mkdir(parents=True)
            (tmp_path / "etc/kubernetes/kubelet.conf").touch()
        manifest = "/etc/kubernetes/manifests/etcd.yaml"
        assert (messages(Host(root=str(tmp_path)), number, "etcd", manifest) == []) == belongs


def test_a_process_that_cannot_be_seen(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = messages(Host(root=str(tmp_path)), listener.getsockname()[1], "etcd")
        assert "by a process that cannot be seen from here" in found[0]


def arguments(value: str) -> dict[str, object]:
    return {"extraArgs": [{"name": "bind-address", "value": "192.0.2.9"}, {"name": "bind-address", "value": value}]}


@pytest.mark.parametrize(("version", "expected"), [("v1.37.2", "192.0.2.1"), ("v1.36.3", "")])
def test_bind_addresses_count_from_1_37_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, expected: str
) -> None:
    asked: dict[int, str] = {}
    monkeypatch.setattr(ports, "try_to_listen", lambda number, address: asked.__setitem__(number, address))
    from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.report import preflight

    flags = {name: arguments("192.0.2.1") for name in ("apiServer", "scheduler", "controllerManager")}
    host = Host(root=str(tmp_path), environ={"PATH": ""}, search=())
    host.uid = 0
    preflight(host, request(cluster=configuration(kubernetesVersion=version, **flags), minor=None))
    etcd = "127.0.0.1" if expected else ""
    assert {asked[number] for number in (10257, 10259)} == {expected}
    assert (asked[2379], asked[2380], asked[10250]) == (etcd, etcd, "")
