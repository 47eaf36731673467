# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second cluster, of one node, on the spare host: it works, its run gives away no secret, and its token opens only it."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, pod, ready
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.joining import Joiner, Way, make_anew, make_token, pins_of
from tests.cluster.playbook import CHECKOUT, Playbooks, Run

KEY_FILES = "find /etc/kubernetes /var/lib/kubelet -name '*.key' -o -name '*.pem' -o -name '*.conf'"


class Other(NamedTuple):
    run: Run
    cluster: Cluster
    began: float


@pytest.fixture(scope="module")
def other(spare: Host, playbooks: Playbooks, tmp_path_factory: pytest.TempPathFactory) -> Other:
    make_anew(LAB, spare)
    directory = tmp_path_factory.mktemp("other")
    variables = playbooks.variables(spare.name)
    registration = {**variables.get("kubephase_node_registration", {}), "taints": []}
    inventory = {
        "all": {
            "vars": {**variables, "kubephase_node_registration": registration},
            "children": {"control_plane": {"hosts": {spare.name: {}}}, "workers": {"hosts": {}}},
        }
    }
    (directory / "inventory.json").write_text(json.dumps(inventory))
    began = time.time()
    run = Playbooks(directory / "inventory.json").site("--diff", verbosity=3)
    assert run.code == 0, run.output[-20000:]
    return Other(run, Cluster.of(spare, directory), began)


def test_single_node_cluster_works(other: Other, spare: Host) -> None:
    eventually(lambda: ready(other.cluster.get("node", spare.name)), "the node is Ready")
    other.cluster.apply(pod("any"))
    eventually(lambda: ready(other.cluster.get("pod", "any")), "a Pod without toleration runs")


@pytest.fixture(scope="module")
def secrets(other: Other, spare: Host) -> list[str]:
    """Every secret there is, as it could show up in text: lines of keys (plain and as base64), and token secrets."""
    found = []
    for path in spare.run(KEY_FILES).split():
        text = spare.read(path)
        text += "".join(base64.b64decode(each).decode() for each in re.findall(r"client-key-data: (\S+)", text))
        for block in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", text, re.DOTALL):
            found += block.split()[1:]  # the first line is the same for all keys of a kind
        found += [each[200:264] for each in re.findall(r"client-key-data: (\S+)", text)]
    tokens = other.cluster.items(
        "secrets", "-n", "kube-system", "--field-selector", "type=bootstrap.kubernetes.io/token"
    )
    found += [base64.b64decode(each["data"]["token-secret"]).decode() for each in tokens]
    assert len(found) > 100
    return [each for each in found if len(each) >= 16]


def test_most_verbose_output_has_no_secret(other: Other, secrets: list[str]) -> None:
    assert "PRIVATE KEY" not in other.run.output
    assert not [each for each in secrets if each in other.run.output]


def test_controller_keeps_no_secret(other: Other, secrets: list[str]) -> None:
    """Nothing that the controller wrote since the run began holds one; the test's own kubeconfig is left out."""
    guilty = []
    for top in (Path.home() / ".ansible", Path("/tmp"), CHECKOUT / ".ansible", CHECKOUT / ".lab"):
        for path in recent_files(top, other.began):
            try:
                text = path.read_bytes().decode(errors="replace")
            except FileNotFoundError:
                continue  # somebody else's, and not kept
            if path != other.cluster.kubeconfig and any(each in text for each in secrets):
                guilty.append(path)
    assert guilty == []


def recent_files(top: Path, began: float) -> list[Path]:
    found = []
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if name != "proc"]
        for name in files:
            path = Path(directory) / name
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= began:
                found.append(path)
    return found


def test_its_token_does_not_open_the_first_cluster(
    other: Other, cluster: Cluster, spare: Host, control_plane: Host, playbooks: Playbooks, tmp_path: Path
) -> None:
    token = make_token(other.cluster)
    make_anew(LAB, spare)
    joiner = Joiner(spare, cluster, playbooks, tmp_path)
    joiner.prepare()
    way = Way(f"{control_plane.address}:6443", token, pins_of(control_plane))
    joiner.is_refused(way, rf"token ID {token[:6]} is not known there: it is expired, deleted, or another cluster's")
