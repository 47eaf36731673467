# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens as state, judged by real kubeadm: what it lists of ours, what ours finds of its own."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.joining import pins_of, some_token
from tests.cluster.playbook import Playbooks, Run, roles

GROUPS = ["system:bootstrappers:kubeadm:default-node-token", "system:bootstrappers:workers"]
Play = Callable[..., Run]


class Kubeadm:
    """The real one, a client with the cluster's kubeconfig."""

    def __init__(self, cluster: Cluster) -> None:
        self._words = [str(cluster.binary.parent / "kubeadm"), "token", f"--kubeconfig={cluster.kubeconfig}"]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self._words, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def __call__(self, *arguments: str) -> str:
        done = self.call(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(self) -> dict[str, dict[str, Any]]:
        """By ID."""
        text, found, at = self("list", "-o", "json"), {}, 0
        while at < len(text.rstrip()):
            token, at = json.JSONDecoder().raw_decode(text, len(text) - len(text[at:].lstrip()))
            found[token["token"].partition(".")[0]] = token
        return found


@pytest.fixture(scope="module")
def kubeadm(cluster: Cluster) -> Kubeadm:
    return Kubeadm(cluster)


@pytest.fixture(scope="module", autouse=True)
def only_ours(kubeadm: Kubeadm) -> Iterator[None]:
    before = set(kubeadm.listed())
    yield
    made = set(kubeadm.listed()) - before
    if made:
        kubeadm("delete", *made)


@pytest.fixture
def play(control_plane: Host, playbooks: Playbooks, tmp_path: Path) -> Play:
    """Runs tasks on the control plane, as loudly as Ansible can."""

    def play(*tasks: dict[str, Any], options: tuple[str, ...] = (), **variables: Any) -> Run:
        book = [{"hosts": control_plane.name, "become": True, "gather_facts": False, "tasks": list(tasks)}]
        (tmp_path / "tasks.yml").write_text(json.dumps(book))
        return playbooks.play(tmp_path / "tasks.yml", *options, verbosity=4, **variables)

    return play


def declare(*tokens: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"name": "Declare", "kubephase.cluster.bootstrap_token": {"tokens": list(tokens), **options}}


def changed(run: Run, secret: str = "") -> int:
    assert run.code == 0, run.output[-5000:]
    assert not secret or secret not in run.output
    return run.changed["cp1"]


def hours(token: dict[str, Any]) -> float:
    moment = datetime.strptime(token["expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return round((moment - datetime.now(timezone.utc)).total_seconds() / 3600, 1)


def test_declared_tokens_are_what_kubeadm_lists(play: Play, kubeadm: Kubeadm) -> None:
    token = some_token()
    token_id, secret = token.split(".")
    wanted = {
        "token": token,
        "ttl": "3h",
        "description": "workers: today",
        "groups": GROUPS,
        "usages": ["authentication"],
    }
    planned = play(declare(wanted), options=("--check", "--diff"))
    assert changed(planned, secret) == 1 and "description: 'workers: today'" in planned.plan
    assert token_id not in kubeadm.listed()
    assert changed(play(declare(wanted)), secret) == 1
    found = kubeadm.listed()[token_id]
    assert (found["token"], found["description"], hours(found)) == (token, "workers: today", 3)
    assert (found["groups"], found["usages"]) == (GROUPS, ["authentication"])
    assert changed(play(declare(wanted)), secret) == 0
    assert changed(play(declare({"token": token, "ttl": "0s"})), secret) == 1
    found = kubeadm.listed()[token_id]
    assert "expires" not in found and "description" not in found
    assert (found["groups"], found["usages"]) == (GROUPS[:1], ["authentication", "signing"])
    assert changed(play(declare({"id": token_id, "state": "absent"})), secret) == 1
    assert token_id not in kubeadm.listed()
    assert changed(play(declare({"id": token_id, "state": "absent"})), secret) == 0


def test_what_kubeadm_made_is_as_declared(play: Play, kubeadm: Kubeadm) -> None:
    token = some_token()
    kubeadm("create", token, "--ttl=5h", "--description=by kubeadm", "--groups=system:bootstrappers:workers")
    same = {"token": token, "ttl": "5h", "description": "by kubeadm", "groups": GROUPS[1:]}
    assert changed(play(declare(same))) == 0
    assert changed(play(declare({**same, "ttl": "2h"}))) == 1
    assert hours(kubeadm.listed()[token[:6]]) == 2
    kubeadm("delete", token[:6])
    assert changed(play(declare(same))) == 1


def test_new_token_and_join_command(play: Play, kubeadm: Kubeadm, control_plane: Host, tmp_path: Path) -> None:
    key = secrets.token_hex(32)
    made = {
        "name": "Make one",
        "kubephase.cluster.bootstrap_token": {
            "generate": {"ttl": "1h", "description": "by hand"}, "return_token": True, "return_join_command": True,
            "certificate_key": key,
        },
        "register": "made",
    }  # fmt: skip
    kept = {
        "name": "Keep it",
        "ansible.builtin.copy": {"content": "{{ made.token }} {{ made.join_command }}", "dest": str(tmp_path / "made"), "mode": "0600"},
        "delegate_to": "localhost", "become": False, "no_log": True, "vars": {"ansible_connection": "local"},
    }  # fmt: skip
    before = set(kubeadm.listed())
    run = play(made, kept)
    token, _space, command = (tmp_path / "made").read_text().partition(" ")
    assert changed(run, token.partition(".")[2]) == 2 and key not in run.output
    (token_id,) = set(kubeadm.listed()) - before
    assert token.startswith(f"{token_id}.") and hours(kubeadm.listed()[token_id]) == 1
    theirs = kubeadm("create", "--print-join-command", f"--certificate-key={key}").strip()
    assert command == re.sub(r"--token \S+", f"--token {token}", " ".join(theirs.split()))
    assert pins_of(control_plane)[0] in command


def test_info_is_what_kubeadm_lists(play: Play, kubeadm: Kubeadm, tmp_path: Path) -> None:
    def ask(**options: Any) -> tuple[dict[str, dict[str, Any]], str]:
        found = {"name": "List", "kubephase.cluster.bootstrap_token_info": options, "register": "found"}
        kept = {
            "name": "Keep it",
            "ansible.builtin.copy": {"content": "{{ found.tokens | to_json }}", "dest": str(tmp_path / "found"), "mode": "0600"},
            "delegate_to": "localhost", "become": False, "no_log": True, "vars": {"ansible_connection": "local"},
        }  # fmt: skip
        run = play(found, kept)
        assert run.code == 0, run.output[-5000:]
        return {token["id"]: token for token in json.loads((tmp_path / "found").read_text())}, run.output

    theirs = kubeadm.listed()
    ours, output = ask()
    assert set(ours) == set(theirs) and ours
    for token_id, token in theirs.items():
        mine = ours[token_id]
        assert mine["expires"] == token.get("expires", "") and mine["description"] == token.get("description", "")
        assert mine["groups"] == token["groups"] and mine["usages"] == token["usages"]
        assert (mine["ttl"] is None) == ("expires" not in token) and not mine["expired"]
        assert "token" not in mine and token["token"].partition(".")[2] not in output
    whole, output = ask(return_tokens=True)
    assert {token_id: token["token"] for token_id, token in theirs.items()} == {i: t["token"] for i, t in whole.items()}
    assert not any(token["token"].partition(".")[2] in output for token in theirs.values())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("groups", ["system:masters"], "not a group of bootstrap tokens"),
        ("usages", ["singing"], "unknown usage"),
        ("ttl", "soon", "not a duration"),
    ],
)
def test_both_refuse(play: Play, kubeadm: Kubeadm, field: str, value: Any, said: str) -> None:
    token = some_token()
    run = play(declare({"token": token, field: value}))
    assert run.code != 0 and f"bootstrapTokens[0].{field}: {said}" in run.output
    assert kubeadm.call("create", token, f"--{field}={value if isinstance(value, str) else value[0]}").returncode != 0
    assert token[:6] not in kubeadm.listed()


def test_the_phase_and_the_phase_that_is_skipped(
    playbooks: Playbooks, control_plane: Host, kubeadm: Kubeadm, tmp_path: Path
) -> None:
    """By variable, in the words of a kubeadm file; the token that the phase hands on is in no output."""
    token = some_token()
    # not on the command line, which Ansible prints
    declared = {"bootstrap_token_tokens": [{"token": token, "groups": GROUPS}], "bootstrap_token_ensure_usable": True}
    book = roles(tmp_path, control_plane.name, "bootstrap_token", **declared)
    skipped = playbooks.play(book, bootstrap_token_skip_phases=["bootstrap-token"])
    assert changed(skipped) == 0 and token[:6] not in kubeadm.listed()
    assert changed(playbooks.play(book, verbosity=4), token.partition(".")[2]) == 1
    assert kubeadm.listed()[token[:6]]["groups"] == GROUPS
    assert changed(playbooks.play(book)) == 0
