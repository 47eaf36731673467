# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on hosts where nothing is installed: a complete plan, and nothing done."""

from __future__ import annotations

import pytest

from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run

PLACES = ("/etc", "/usr/local", "/opt", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/containerd")
CONTROL_PLANE_FILES = (
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/pki/apiserver.crt",
    "/etc/kubernetes/pki/etcd/server.crt",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-scheduler.yaml",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/containerd/config.toml",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
)
OBJECTS = ("kubeadm-config", "kubelet-config", "cluster-info", "kubeadm:get-nodes", "coredns", "kube-proxy")


@pytest.fixture(scope="module")
def before(members: list[Host]) -> dict[str, str]:
    return {host.name: host.fingerprint(*PLACES) for host in members}


@pytest.fixture(scope="module")
def plan(before: dict[str, str], playbooks: Playbooks) -> Run:
    return playbooks.site("--check", "--diff")


def test_succeeds(plan: Run) -> None:
    assert plan.code == 0, plan.output


def test_plans_for_every_host(plan: Run, members: list[Host]) -> None:
    assert {host for host, changed in plan.changed.items() if changed} >= {host.name for host in members}


@pytest.mark.parametrize("what", CONTROL_PLANE_FILES + OBJECTS)
def test_names_what_it_would_make(plan: Run, what: str) -> None:
    assert what in plan.output


def test_does_nothing(plan: Run, before: dict[str, str], members: list[Host]) -> None:
    assert {host.name: host.fingerprint(*PLACES) for host in members} == before
