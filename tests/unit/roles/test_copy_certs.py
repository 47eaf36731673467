# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role as Ansible runs it on one receiver, played without a host."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.parity import playing

FACTS = json.loads((Path(playing.CHECKOUT) / "tests/parity/golden/host.json").read_text())
ASKED = {"name": playing.HOST, "public_key": "AAAA", "wanted": ["sa.key"], "present": {"ca.crt": "00"}}
PARCEL = {"sender": "cp1", "receiver": playing.HOST, "names": ["sa.key"], "plain": {}, "sealed": "BBBB"}
TRAVELLED = [{"file": "/etc/kubernetes/pki/sa.key", "from": "cp1", "to": playing.HOST, "how": "sealed"}]


@cache
def loaded() -> playing.Loaded:
    return playing.load([{"role": "copy_certs"}], [], {})


def play(wanted: list[str], **variables: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The arguments of the module's calls, and what was registered."""
    calls: list[dict[str, Any]] = []

    def answer(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == "host_info":
            return {"changed": False, "host": FACTS}
        assert module == "copy_certs"
        calls.append(json.loads(json.dumps(arguments)))
        return {
            "requested": {"changed": False, "request": {**ASKED, "wanted": wanted}},
            "sealed": {"changed": False, "parcels": {playing.HOST: PARCEL}},
            "installed": {"changed": True, "travelled": TRAVELLED},
        }[str(arguments["state"])]

    given = {"copy_certs_holder": "cp1", "copy_certs_receivers": [playing.HOST, "cp9"], **variables}
    return calls, playing.play(loaded(), {"kubephase_node_role": "control_plane", **given}, answer)


def test_three_steps() -> None:
    calls, registered = play(["sa.key"])
    assert [(call["state"], call["name"]) for call in calls] == [
        ("requested", playing.HOST),
        ("sealed", "cp1"),
        ("installed", playing.HOST),
    ]
    assert calls[1]["receivers"] == [ASKED]
    assert calls[2]["parcel"] == PARCEL
    assert registered["copy_certs_result"]["travelled"] == TRAVELLED


def test_both_sides_know_the_same_files() -> None:
    etcd = {"endpoints": ["https://etcd:2379"], "caFile": "/e/ca.crt", "certFile": "/e/a.crt", "keyFile": "/e/a.key"}
    calls, _registered = play(
        ["sa.key"],
        kubephase_ca_keys="single",
        kubephase_cluster_configuration={"certificatesDir": "/srv/pki", "etcd": {"external": etcd}},
        copy_certs_left_out=["external-etcd.key"],
    )
    for call in calls:
        assert (call["authority_keys"], call["certificates_dir"]) == ("single", "/srv/pki")
        assert call["external_etcd"]["keyFile"] == "/e/a.key"
        assert call["left_out"] == ["external-etcd.key"]


def test_where_nothing_is_missing_both_sides_are_compared() -> None:
    calls, registered = play([])
    assert [call["state"] for call in calls] == ["requested", "sealed"]
    assert "travelled" not in registered["copy_certs_result"]


def test_hosts_that_receive_nothing() -> None:
    assert play(["sa.key"], copy_certs_receivers=["cp9"])[0] == []
    assert play(["sa.key"], copy_certs_holder=playing.HOST)[0] == []
    assert play(["sa.key"], copy_certs_skip_phases=["control-plane-prepare/download-certs"])[0] == []
