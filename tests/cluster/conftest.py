# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab, named by KUBEPHASE_LAB (molecule-default unless told), and the cluster that runs on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cluster import hosts as lab_hosts
from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT, Playbooks

LAB = os.environ.get("KUBEPHASE_LAB", "molecule-default")
DIRECTORY = CHECKOUT / ".lab" / ("" if LAB == "default" else LAB)


@pytest.fixture(scope="session")
def hosts() -> dict[str, Host]:
    return lab_hosts.of_lab(LAB, DIRECTORY)


@pytest.fixture(scope="session")
def control_plane(hosts: dict[str, Host]) -> Host:
    return hosts["cp1"]


@pytest.fixture(scope="session")
def workers(hosts: dict[str, Host]) -> list[Host]:
    return [hosts["w1"], hosts["w2"]]


@pytest.fixture(scope="session")
def members(control_plane: Host, workers: list[Host]) -> list[Host]:
    return [control_plane, *workers]


@pytest.fixture(scope="session")
def spare(hosts: dict[str, Host]) -> Host:
    """A host that belongs to no cluster."""
    return hosts["spare1"]


@pytest.fixture(scope="session")
def playbooks() -> Playbooks:
    return Playbooks(DIRECTORY / "inventory.yml")


@pytest.fixture(scope="session")
def cluster(control_plane: Host, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster.of(control_plane, tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def probes(cluster: Cluster, members: list[Host]) -> Iterator[dict[str, str]]:
    """A Pod on every node that answers HTTP with its own name, by node."""
    names = {host.name: f"probe-{host.name}" for host in members}
    serve = "mkdir /tmp/www; hostname > /tmp/www/index.html; echo started; exec httpd -f -p 8080 -h /tmp/www"
    everywhere = [{"operator": "Exists"}]
    cluster.apply(
        *(pod(names[node], node, command=["sh", "-c", serve], tolerations=everywhere) for node in names),
    )
    eventually(lambda: all(ready(cluster.get("pod", name)) for name in names.values()), "every probe is Ready", 120)
    yield names
    cluster.kubectl("delete", "pod", "--now", *names.values())
