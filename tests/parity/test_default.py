# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that site.yml made, against what real kubeadm left on hosts of the same names and addresses.

Files are compared byte for byte, certificates field by field, API objects as the API server gives them out. The golden
side is what lab/golden.py stored; this side is collected by the same code.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import golden, kubeadm, pins, topology
from lab.masking import mask_object, mask_token

LAB = topology.load(os.environ.get("KUBEPHASE_LAB", "molecule-default"))
GOLDEN = Path(__file__).parent / "golden" / pins.DEFAULT_MINOR / "default"
HOSTS = ("cp1", "w1")
OBJECTS = sorted(path.name for path in (GOLDEN / "stored").glob("*.yaml"))
TEXTS = [
    (host, str(path.relative_to(GOLDEN / host)))
    for host in HOSTS
    for path in sorted((GOLDEN / host).rglob("*"))
    if path.is_file() and path.parent != GOLDEN / host
]


def recorded(host: str, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / host / f"{part}.json").read_text())
    return found


@pytest.fixture(scope="module")
def collected() -> dict[str, dict[str, Any]]:
    return {host: golden.collect(LAB, LAB.host(host)) for host in HOSTS}


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    """Everything of the kinds that kubeadm makes, by the name of its golden file."""
    found = kubeadm.objects(LAB, LAB.host("cp1"), golden.KINDS)
    nodes = kubeadm.objects(LAB, LAB.host("cp1"), "nodes")
    every = [mask_object(golden.bare(each)) for each in found] + [golden.bare_node(each) for each in nodes]
    return {golden.file_name(each): each for each in every}


@pytest.mark.parametrize(("host", "path"), TEXTS)
def test_file_is_the_same(collected: dict[str, dict[str, Any]], host: str, path: str) -> None:
    assert mask_token(collected[host]["texts"][f"/{path}"]) == (GOLDEN / host / path).read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_files_and_modes_are_the_same(collected: dict[str, dict[str, Any]], host: str) -> None:
    assert collected[host]["files"] == recorded(host, "files")


@pytest.mark.parametrize("host", HOSTS)
def test_keys_are_of_the_same_kind(collected: dict[str, dict[str, Any]], host: str) -> None:
    assert collected[host]["keys"] == recorded(host, "keys")


@pytest.mark.parametrize(("host", "name"), [(host, name) for host in HOSTS for name in recorded(host, "certificates")])
def test_certificate_is_the_same(collected: dict[str, dict[str, Any]], host: str, name: str) -> None:
    ours, theirs = collected[host]["certificates"][name], recorded(host, "certificates")[name]
    # a leaf begins with its CA and ends a year from when it is made: the time between the two is not kubeadm's to the second
    spans = [[each.pop("not_before_to_not_after_seconds") for each in side.get("chain", [])] for side in (ours, theirs)]
    assert spans[0] == pytest.approx(spans[1], abs=60)
    assert ours == theirs


@pytest.mark.parametrize("name", OBJECTS)
def test_object_is_the_same(objects: dict[str, dict[str, Any]], name: str) -> None:
    assert unsigned(objects[name]) == unsigned(yaml.safe_load((GOLDEN / "stored" / name).read_text()))


def unsigned(item: dict[str, Any]) -> dict[str, Any]:
    """Without the signatures that kube-controller-manager adds to cluster-info when it comes to it."""
    data = item.get("data", {})
    kept = {key: value for key, value in data.items() if not key.startswith("jws-kubeconfig-")}
    return {**item, "data": kept} if data else item
