# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches against what Kubernetes' own libraries made of them.

``vectors.json`` holds results of ``k8s.io/apimachinery`` 0.37.2 (strategicpatch), ``gopkg.in/evanphx/json-patch.v4`` 4.13.0
and the decoder of ``k8s.io/client-go`` 0.37.2, without the ``status`` of workloads.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import patching
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.applying import Patcher
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.encoding import quantity, reencoded

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
GOLDEN = Path(__file__).resolve().parents[3] / "parity/golden"


def patcher(*files: tuple[str, Any], version: str = "v1.37.2", directory: str = "") -> Patcher:
    given = [{"name": name, "content": text if isinstance(text, str) else dump(text)} for name, text in files]
    return Patcher.of({"version": version, "directory": directory, "files": given})


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["title"])
def test_gives_what_kubernetes_gives(case: dict[str, Any]) -> None:
    original = VECTORS["originals"][case["target"]]
    before = copy.deepcopy(original)
    name = f"{case['target']}0+{case['type']}.yaml"
    if case.get("refused"):
        with pytest.raises(KubephaseError, match=f"^{case['target']}0.{case['type']}.yaml: "):
            patcher((name, case["patch"])).object(case["target"], original)
    else:
        assert patcher((name, case["patch"])).object(case["target"], original) == case["result"]
    assert original == before


def test_without_a_patch_the_text_is_the_same() -> None:
    text = "# a comment\nkind:   Pod\n"
    assert patcher(("kube-scheduler.yaml", "spec: {}\n")).text("etcd", text) == text


def test_files_and_documents_are_applied_in_their_order() -> None:
    files = [
        ("kubeletconfiguration0.yaml", "maxPods: 1\n---\nmaxPods: 2\n"),
        ("kubeletconfiguration1+merge.json", '{"a": 1}'),
        ("kubeletconfiguration2+json.yaml", "- {op: test, path: /maxPods, value: 2}\n- {op: remove, path: /a}\n"),
    ]
    assert patcher(*files).text("kubeletconfiguration", "maxPods: 0\n") == "maxPods: 2\n"


def test_overrides_win_over_patches() -> None:
    found = patcher(("kubeletconfiguration.yaml", "a: patched\nb: patched\n"))
    assert found.text("kubeletconfiguration", "a: 1\n", {"a": "own"}) == "a: own\nb: patched\n"


def test_a_document_of_comments_is_none() -> None:
    found = patcher(("kubeletconfiguration+merge.yaml", "# who wrote this\n---\nmaxPods: 2\n"))
    assert found.text("kubeletconfiguration", "maxPods: 0\n") == "maxPods: 2\n"


def test_fields_of_newer_versions_are_lost() -> None:
    pod = VECTORS["originals"]["etcd"]
    patch = ("etcd.yaml", {"spec": {"evictionResponders": [{"name": "a"}]}})
    assert "evictionResponders" in patcher(patch).object("etcd", pod)["spec"]
    assert "evictionResponders" not in patcher(patch, version="v1.36.3").object("etcd", pod)["spec"]


def test_the_label_of_an_object_names_its_target() -> None:
    deployment = VECTORS["originals"]["corednsdeployment"]
    change = patching(
        patcher(("corednsdeployment.yaml", "spec: {replicas: 5}\n")).object,
        {"corednsdeployment": "Deployment kube-system/coredns"},
    )
    assert change(deployment)["spec"]["replicas"] == 5
    other = {**deployment, "metadata": {"name": "other", "namespace": "kube-system"}}
    assert change(other) is other


def test_what_kubeadm_wrote_is_encoded_as_it_is() -> None:
    manifests = sorted(GOLDEN.glob("1.37/*/**/manifests/*.yaml"))
    assert manifests
    texts = {path: path.read_text() for path in manifests}
    assert [path for path, text in texts.items() if dump(reencoded(load(text), "Pod", 37)) != text] == []


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1e3", "1e3"), ("0", "0"),
        ("0.5Ki", "512"), ("1000000", "1M"), ("12e6", "12e6"), ("-1500m", "-1500m"), ("1Ki", "1Ki"), ("0.1n", "1n"),
    ],
)  # fmt: skip
def test_quantities_are_canonical(text: str, canonical: str) -> None:
    assert quantity(text) == canonical


def test_an_error_shows_no_value_of_the_environment() -> None:
    patch = {"spec": {"containers": [{"name": "etcd", "env": [{"value": "secret"}]}]}}
    with pytest.raises(KubephaseError) as caught:
        patcher(("etcd.yaml", patch)).object("etcd", VECTORS["originals"]["etcd"])
    assert "secret" not in str(caught.value) and "spec.containers.env" in str(caught.value)
