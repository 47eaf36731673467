# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that joins by a kubeconfig: refused where it cannot be trusted, then joined by URL, with the file's credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster import impostor
from tests.cluster.authority import Authority
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.joining import PATIENCE, STATE, Joiner, make_anew, make_token
from tests.cluster.playbook import Playbooks, Run, roles

FILE = "/etc/join.conf"
Attempt = Callable[..., Run]


@pytest.fixture(scope="module")
def token(cluster: Cluster) -> str:
    return make_token(cluster)


@pytest.fixture(scope="module")
def text(control_plane: Host, token: str) -> str:
    """A kubeconfig as an administrator hands it out: with a token as its credentials."""
    server = f"https://{control_plane.address}:6443"
    mapping: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "prod", "cluster": {"server": server, "certificate-authority": "/etc/join-ca.crt"}}],
        "contexts": [{"name": "join", "context": {"cluster": "prod", "user": "joiner"}}],
        "current-context": "join",
        "users": [{"name": "joiner", "user": {"token": token}}],
    }
    return json.dumps(mapping)


@pytest.fixture(scope="module")
def joiner(
    spare: Host, cluster: Cluster, playbooks: Playbooks, control_plane: Host, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Joiner]:
    joiner = Joiner(spare, cluster, playbooks, tmp_path_factory.mktemp("joiner"))
    joiner.prepare()
    spare.write("/etc/join-ca.crt", control_plane.read("/etc/kubernetes/pki/ca.crt"))
    yield joiner
    cluster.kubectl("delete", "node", "--ignore-not-found", spare.name)
    make_anew(LAB, spare)


@pytest.fixture
def attempt(joiner: Joiner) -> Attempt:
    def attempt(source: str, *options: str, **variables: Any) -> Run:
        book = roles(joiner.directory, joiner.host.name, "join")
        # neither token nor pins: the kubeconfig is all there is
        given = {"join_discovery_file": source, "join_timeouts": PATIENCE, "join_token": "", "join_ca_cert_hashes": []}
        return joiner.playbooks.play(book, *options, verbosity=3, **{**given, **variables})

    return attempt


@pytest.fixture
def refused(attempt: Attempt, joiner: Joiner, token: str) -> Callable[[str, str], None]:
    def refused(source: str, message: str) -> None:
        before = joiner.host.fingerprint(*STATE)
        run = attempt(source)
        assert run.code != 0, run.output
        assert re.search(message, run.error), run.output
        assert token.partition(".")[2] not in run.output
        assert joiner.host.fingerprint(*STATE) == before

    return refused


def test_no_such_file(refused: Any) -> None:
    refused("/etc/nowhere.conf", "/etc/nowhere.conf: the kubeconfig does not exist on this host")


def test_no_credentials(refused: Any, spare: Host, text: str) -> None:
    mapping = json.loads(text)
    mapping["users"] = []
    spare.write(FILE, json.dumps(mapping), "0600")
    refused(FILE, f"{FILE}: there are no credentials in it")


def test_another_ca(refused: Any, spare: Host, text: str) -> None:
    spare.write("/etc/other-ca.crt", Authority().pem)
    spare.write(FILE, text.replace("join-ca.crt", "other-ca.crt"), "0600")
    refused(FILE, "the server's certificate was not issued by the cluster's CA")


def test_credentials_of_nobody(refused: Any, spare: Host, text: str, token: str) -> None:
    spare.write(FILE, text.replace(token, "nobody.0123456789abcdef"), "0600")
    refused(FILE, f"It does not accept the credentials in {FILE}")


@pytest.fixture(scope="module")
def url(spare: Host, text: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Authority]]:
    """A web server with the kubeconfig, on the lab's gateway, that no host trusts yet; one path of it leads to another."""
    gateway = f"{spare.address.rpartition('.')[0]}.1"
    signer = Authority("web")
    pages = {"/join.conf": text.encode(), "/old.conf": b""}
    identity = signer.issue("kubeconfigs", addresses=(gateway,))
    with impostor.serving_pages(gateway, identity, pages, tmp_path_factory.mktemp("web")) as where:
        pages["/old.conf"] = f"https://{where}/join.conf".encode()
        yield f"https://{where}", signer


def test_a_web_server_that_is_not_trusted(refused: Any, url: tuple[str, Authority]) -> None:
    refused(f"{url[0]}/join.conf", "the server's certificate is not trusted by this host")


def test_joins_by_url(
    attempt: Attempt, joiner: Joiner, spare: Host, cluster: Cluster, url: tuple[str, Authority], token: str
) -> None:
    source, signer = url
    spare.write("/usr/local/share/ca-certificates/web.crt", signer.pem)
    spare.run("update-ca-certificates")
    planned = attempt(f"{source}/old.conf", "--check")
    assert planned.code == 0 and planned.changed[spare.name] == 1
    assert spare.name not in cluster.kubectl("get", "nodes", "-o", "name")
    run = attempt(f"{source}/old.conf")
    assert run.code == 0, run.output[-5000:]
    assert token.partition(".")[2] not in run.output
    assert spare.name in cluster.kubectl("get", "nodes", "-o", "name")
    eventually(lambda: cluster.get("node", spare.name)["status"].get("conditions"), "its kubelet reports")
    assert spare.read("/etc/kubernetes/pki/ca.crt") == spare.read("/etc/join-ca.crt")
    assert "bootstrap-kubelet.conf" not in spare.run("ls /etc/kubernetes")
    again = attempt("")
    assert again.code == 0 and again.changed[spare.name] == 0
