# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs what kubelets ask for, where the key of the CA is on one host only."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parity import playing

FACTS = json.loads((Path(playing.CHECKOUT) / "tests/parity/golden/host.json").read_text())
MANIFEST = "/etc/kubernetes/manifests/kube-csr-signer.yaml"


@cache
def loaded() -> playing.Loaded:
    return playing.load([{"role": "static_manifests"}], [], {})


def play(**variables: Any) -> dict[str, dict[str, Any]]:
    """The files of the module's only call by path."""
    calls: list[dict[str, Any]] = []

    def answer(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == "host_info":
            return {"changed": False, "host": FACTS}
        if module == "control_plane_users":
            users = {name: {"uid": 990, "gid": 991} for name in arguments["components"]}
            return {"changed": False, "users": users, "key_readers": 992}
        assert module == "template_set"
        calls.append(json.loads(json.dumps(arguments)))
        return {"changed": False}

    playing.play(loaded(), {"kubephase_node_role": "control_plane", **variables}, answer)
    assert len(calls) == 1
    return {each["path"]: each for each in calls[0]["files"]}


def signer(**variables: Any) -> dict[str, Any]:
    file = play(kubephase_ca_keys="single", **variables)[MANIFEST]
    assert (file["state"], file["mode"]) == ("present", "0600")
    return dict(yaml.safe_load(file["content"]))


def command(**variables: Any) -> list[str]:
    return list(signer(**variables)["spec"]["containers"][0]["command"])


def test_it_signs_and_does_nothing_else() -> None:
    found = command()
    assert found[0] == "kube-controller-manager"
    assert found[1:] == sorted(found[1:])
    assert {
        "--controllers=certificatesigningrequest-signing-controller",
        "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
        "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
        "--leader-elect=false",
    } <= set(found)


def test_it_stands_beside_the_one_that_may_lead() -> None:
    """On the same host, with the same image, on another port."""
    files = play(kubephase_ca_keys="single")
    one, other = (
        yaml.safe_load(files[f"/etc/kubernetes/manifests/{name}.yaml"]["content"])["spec"]["containers"][0]
        for name in ("kube-controller-manager", "kube-csr-signer")
    )
    assert one["image"] == other["image"]
    (port,) = other["ports"]
    assert f"--secure-port={port['containerPort']}" in other["command"]
    assert port["containerPort"] not in [each["containerPort"] for each in one["ports"]]


def test_what_the_user_says_of_signing_holds_for_it() -> None:
    arguments = [{"name": "cluster-signing-duration", "value": "1h0m0s"}, {"name": "v", "value": "4"}]
    found = command(kubephase_cluster_configuration={"controllerManager": {"extraArgs": arguments}})
    assert "--cluster-signing-duration=1h0m0s" in found
    assert "--v=4" not in found


def test_it_is_not_root_where_the_others_are_not() -> None:
    spec = signer(kubephase_cluster_configuration={"featureGates": {"RootlessControlPlane": True}})["spec"]
    assert (spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]) == (990, 991)
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("variables", [{}, {"kubephase_ca_keys": "single", "kubephase_joins": True}])
def test_there_is_none_where_the_key_is_everywhere_or_elsewhere(variables: dict[str, Any]) -> None:
    assert play(**variables)[MANIFEST]["state"] == "absent"


def test_left_alone_with_the_phase_that_would_write_it() -> None:
    assert MANIFEST not in play(static_manifests_skip_phases=["control-plane/controller-manager"])
    assert MANIFEST not in play(static_manifests_components=["etcd"])
