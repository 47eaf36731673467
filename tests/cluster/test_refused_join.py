# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever must not join is refused with one clear error, and the host stays as it was; then the right token joins it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster import impostor
from tests.cluster.authority import HOUR, Authority
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.joining import Joiner, Way, make_anew, make_token, pins_of, some_token
from tests.cluster.playbook import Playbooks

Refuse = Callable[[Way, str], None]
Impersonate = Callable[..., str]


@pytest.fixture(scope="module")
def endpoint(control_plane: Host) -> str:
    return f"{control_plane.address}:6443"


@pytest.fixture(scope="module")
def pins(control_plane: Host) -> list[str]:
    return pins_of(control_plane)


@pytest.fixture(scope="module")
def token(cluster: Cluster) -> str:
    return make_token(cluster)


@pytest.fixture(scope="module")
def joiner(
    spare: Host, cluster: Cluster, playbooks: Playbooks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Joiner]:
    joiner = Joiner(spare, cluster, playbooks, tmp_path_factory.mktemp("joiner"))
    joiner.prepare()
    yield joiner
    cluster.kubectl("delete", "node", "--ignore-not-found", spare.name)
    make_anew(LAB, spare)


@pytest.fixture
def refused(joiner: Joiner) -> Refuse:
    return joiner.is_refused


def test_wrong_token(refused: Refuse, endpoint: str, token: str, pins: list[str]) -> None:
    wrong = f"{token.partition('.')[0]}.{some_token().partition('.')[2]}"
    refused(Way(endpoint, wrong, pins), r"cluster-info.*signature was not made with this token")


def test_expired_token(refused: Refuse, cluster: Cluster, endpoint: str, pins: list[str]) -> None:
    expired = make_token(cluster, ends=-HOUR)
    refused(Way(endpoint, expired, pins), rf"token ID {expired[:6]} is not known there: it is expired, deleted")


def test_token_of_nobody(refused: Refuse, endpoint: str, pins: list[str]) -> None:
    unknown = some_token()
    refused(Way(endpoint, unknown, pins), rf"token ID {unknown[:6]} is not known there.*another cluster's")


def test_wrong_pin(refused: Refuse, endpoint: str, token: str, pins: list[str]) -> None:
    other = Authority().pin
    refused(Way(endpoint, token, [other]), rf"CA is not the pinned one: pinned {other}, found {pins[0]}")


@pytest.fixture
def impostors(tmp_path: Path, spare: Host) -> Iterator[Impersonate]:
    """Puts servers of other making where the host can reach them: the lab's gateway."""
    gateway = f"{spare.address.rpartition('.')[0]}.1"
    with ExitStack() as running:

        def put(signer: Authority, data: dict[str, str], begins: datetime.timedelta = -HOUR) -> str:
            identity = signer.issue("kube-apiserver", addresses=(gateway,), begins=begins)
            return running.enter_context(impostor.serving(gateway, identity, data, tmp_path))

        yield put


def test_forged_signature(refused: Refuse, impostors: Impersonate, token: str) -> None:
    """Somebody between host and cluster puts another CA into cluster-info, but does not know the token."""
    evil = Authority()
    text = impostor.kubeconfig("https://192.0.2.1:6443", evil.pem)
    forged = impostor.signature(text, some_token())
    header = impostor.signature(text, token).partition(".")[0]
    data = impostor.cluster_info(text, {token[:6]: f"{header}..{forged.rpartition('.')[2]}"})
    refused(Way(impostors(evil, data), token, [evil.pin]), "signature was not made with this token")


def test_no_signature(refused: Refuse, impostors: Impersonate, token: str) -> None:
    evil = Authority()
    data = impostor.cluster_info(impostor.kubeconfig("https://192.0.2.1:6443", evil.pem), {})
    refused(Way(impostors(evil, data), token, [evil.pin]), "cluster-info carries no signature at all")


def test_other_ca_after_discovery(
    refused: Refuse, impostors: Impersonate, cluster: Cluster, token: str, pins: list[str]
) -> None:
    """The real cluster-info, relayed by a server whose certificate another CA signed."""
    genuine = cluster.get("configmap", "-n", "kube-public", "cluster-info")["data"]
    refused(Way(impostors(Authority(), genuine), token, pins), "certificate was not issued by the cluster's CA")


def test_clock_skew(refused: Refuse, impostors: Impersonate, token: str) -> None:
    """By this host's clock, the API server's certificate begins in an hour."""
    ca = Authority()
    text = impostor.kubeconfig("https://192.0.2.1:6443", ca.pem)
    data = impostor.cluster_info(text, {token[:6]: impostor.signature(text, token)})
    there = impostors(ca, data, begins=HOUR)
    refused(Way(there, token, [ca.pin]), r"by this host's clock .* not valid yet: notBefore is .*NTP")


def test_right_token_joins(
    joiner: Joiner, cluster: Cluster, spare: Host, endpoint: str, token: str, pins: list[str]
) -> None:
    run = joiner.attempt(Way(endpoint, token, pins))
    assert run.code == 0, run.output
    eventually(lambda: cluster.call("get", "node", spare.name).returncode == 0, "the node is there")
    assert spare.run("ls /etc/kubernetes").split() == ["kubelet.conf", "manifests", "pki"]
    again = joiner.attempt(Way(endpoint, token, pins))
    assert (again.code, again.changed[spare.name]) == (0, 0), again.output
