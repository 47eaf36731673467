# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on bare hosts, some of which are to run etcd: a complete plan, and nothing done."""

from __future__ import annotations

import pytest

from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run

PLACES = ("/etc", "/usr/local", "/opt", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/containerd")
#: in none of the groups
SPARE = "s1"
FILES = (
    "/etc/kubernetes/pki/etcd/server.crt",
    "/etc/kubernetes/pki/apiserver-etcd-client",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/systemd/system/kubelet.service.d/20-etcd-service-manager.conf",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
)


@pytest.fixture(scope="module")
def before(hosts: dict[str, Host]) -> dict[str, str]:
    return {name: host.fingerprint(*PLACES) for name, host in hosts.items()}


@pytest.fixture(scope="module")
def plan(before: dict[str, str], playbooks: Playbooks) -> Run:
    return playbooks.site("--check", "--diff")


def test_plans_for_every_host(plan: Run, before: dict[str, str]) -> None:
    assert plan.code == 0, plan.output
    assert {name for name, changed in plan.changed.items() if changed} == set(before) - {SPARE}


@pytest.mark.parametrize("what", FILES)
def test_names_what_it_would_make(plan: Run, what: str) -> None:
    assert what in plan.output


def test_does_nothing(plan: Run, before: dict[str, str], hosts: dict[str, Host]) -> None:
    assert {name: host.fingerprint(*PLACES) for name, host in hosts.items()} == before
