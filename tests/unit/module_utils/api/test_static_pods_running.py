# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manifest says of a component, and whether a process is that component."""

from __future__ import annotations

import os
import time

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._static_pods_running import (
    Component,
    Process,
    processes,
    read,
)


@pytest.mark.parametrize(
    ("name", "flags", "url"),
    [
        ("kube-apiserver", [], "https://192.0.2.1:6443/livez"),
        ("kube-apiserver", ["--advertise-address=2001:db8::1", "--secure-port=443"], "https://[2001:db8::1]:443/livez"),
        ("kube-controller-manager", [], "https://127.0.0.1:10257/healthz"),
        ("kube-controller-manager", ["--secure-port=0"], ""),
        (
            "kube-scheduler",
            ["--bind-address=0.0.0.0", "--secure-port=1", "--secure-port=2"],
            "https://127.0.0.1:2/livez",
        ),
        ("kube-scheduler", ["--bind-address=::"], "https://[::1]:10259/livez"),
        ("etcd", ["--listen-metrics-urls=http://127.0.0.1:2381,http://192.0.2.1:2381"], "http://127.0.0.1:2381/readyz"),
        ("etcd", [], ""),
    ],
)
def test_where_a_component_answers(name, flags, url):
    assert Component(name, (name, *flags)).health_url("192.0.2.1") == url


@pytest.mark.parametrize(
    ("command", "running", "same"),
    [
        (["etcd", "--a=1"], ["etcd", "--a=1"], True),
        (["etcd", "--a=1"], ["etcd", "--a=2"], False),
        (["etcd", "--a=1"], ["etcd", "--a=1", "--b"], False),
        (["etcd", "--a=$(HOST)/x"], ["etcd", "--a=10.0.0.1/x"], True),
        (["etcd", "--a=$(HOST)/x"], ["etcd", "--a=10.0.0.1/y"], False),
        (["etcd", "--a=.*"], ["etcd", "--a=1"], False),
        (["/usr/local/bin/etcd"], ["/usr/local/bin/etcd"], True),
        (["/bin/sh", "-c", "exec etcd"], ["etcd"], True),
    ],
)
def test_whether_a_process_is_the_manifests(command, running, same):
    component = Component("etcd", tuple(command))
    assert (component.is_wrapped or bool(component.own([Process(1, tuple(running), 0.0)]))) is same


@pytest.mark.parametrize(
    ("age", "started", "replaced"),
    [
        (5, 100, True),
        (5, 0, False),
        # at the same moment, as ticks tell it
        (5, 5.5, False),
        # what the kubelet did not replace until now stays
        (90, 100, False),
    ],
)
def test_a_process_is_replaced_soon_after_its_manifest_was_written(age, started, replaced):
    now = time.time()
    component = Component("etcd", ("etcd",), written=now - age)
    assert component.is_to_be_replaced(Process(1, ("etcd",), now - started)) is replaced


def test_manifest_with_a_container_beside_the_component(tmp_path):
    containers = [{"name": "log", "command": ["tail"]}, {"name": "etcd", "command": ["etcd"], "args": ["--a"]}]
    (tmp_path / "etcd.yaml").write_text(_kube_yaml.dump({"spec": {"containers": containers}}))
    found = read(str(tmp_path), "etcd")
    assert found.command == ("etcd", "--a") and found.written == (tmp_path / "etcd.yaml").stat().st_mtime
    (tmp_path / "etcd.yaml").write_text("spec: {}\n")
    with pytest.raises(KubephaseError, match=r"etcd\.yaml: the Pod has no container etcd"):
        read(str(tmp_path), "etcd")
    assert read(str(tmp_path), "kube-apiserver") is None


def test_the_processes_of_a_node_in_a_container_are_another_clusters(tmp_path):
    for pid, namespaces in (("1", "1"), ("2", "2\t1"), ("3", "3\t20\t1")):
        folder = tmp_path / pid
        folder.mkdir()
        (folder / "cmdline").write_bytes(b"etcd\0--name=a\0")
        (folder / "status").write_text(f"Name:\tetcd\nNSpid:\t{namespaces}\n")
        (folder / "stat").write_text(f"{pid} (a ) b) S {' '.join(['0'] * 18)} 700 0\n")
    (tmp_path / "self").mkdir()
    found = processes(["etcd"], str(tmp_path))
    assert sorted(process.pid for process in found) == [1, 2]
    assert {process.command for process in found} == {("etcd", "--name=a")}
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert abs(time.time() - now + 700 / os.sysconf("SC_CLK_TCK") - found[0].started) < 5
