# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories with other hosts in their groups, and what etcd and a power failure say while a control plane joins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import DIRECTORY, LAB
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks

ETCDCTL = (
    "etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt "
    "--cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key -w json"
)


def with_groups(directory: Path, **groups: list[str]) -> Playbooks:
    """Plays with the lab's inventory, but these hosts in these groups and no others anywhere."""
    found = yaml.safe_load((DIRECTORY / "inventory.yml").read_text())
    children = found["all"]["children"]
    known = {name: entry for group in children.values() for name, entry in (group.get("hosts") or {}).items()}
    found["all"]["children"] = {
        group: {"hosts": {name: known[name] for name in names}} for group, names in groups.items()
    }
    path = directory / f"{'-'.join(name for names in groups.values() for name in names)}.yml"
    path.write_text(yaml.safe_dump(found))
    return Playbooks(path)


def etcd_members(cluster: Cluster, pod: str) -> dict[str, bool]:
    """By name: whether it is only a learner. One that has not started yet is named by its peer URL."""
    said = cluster.kubectl("exec", "-n", "kube-system", pod, "--", *ETCDCTL.split(), "member", "list")
    return {one.get("name") or one["peerURLs"][0]: bool(one.get("isLearner")) for one in json.loads(said)["members"]}


def remove_member(cluster: Cluster, pod: str, name: str) -> None:
    """As an administrator does before a host goes."""
    said = cluster.kubectl("exec", "-n", "kube-system", pod, "--", *ETCDCTL.split(), "member", "list")
    found = [one["ID"] for one in json.loads(said)["members"] if one.get("name") == name]
    for member in found:
        cluster.kubectl("exec", "-n", "kube-system", pod, "--", *ETCDCTL.split(), "member", "remove", f"{member:x}")


def power(what: str, host: Host) -> None:
    """``kill`` is a power failure, ``start`` the boot after it."""
    command = [sys.executable, "-m", "lab", what, host.name, "--topology", LAB, "--directory", str(DIRECTORY)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, timeout=120)
