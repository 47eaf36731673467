# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery by a kubeconfig on the host or behind a URL."""

from __future__ import annotations

import base64
import datetime
import pathlib
import re
import time
from typing import Any

import pytest
import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils import _discovery_file, _discovery_url, _https_get
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_file import FileDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import (
    ClockSkew,
    ClusterInfoMissing,
    EndpointUnreachable,
    Patience,
    ServerNotTrusted,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

TOKEN = "abcdef.0123456789abcdef"
OTHER = "fedcba.fedcba9876543210"
SECRET = "a-token-of-the-users-own"
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SHORT = Patience(discovery=0.4, token=0.2, first_pause=0.02, longest_pause=0.05)


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def kubeconfig(server: str, ca: str = "", **user: Any) -> dict[str, Any]:
    """A kubeconfig as an administrator would hand it out."""
    cluster = {"server": server, **({"certificate-authority-data": encoded(ca)} if ca else {})}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "prod", "cluster": cluster},
            {"name": "test", "cluster": {"server": "https://192.0.2.1"}},
        ],
        "contexts": [{"name": "join", "context": {"cluster": "prod", "user": "joiner"}}],
        "current-context": "join",
        "users": [{"name": "joiner", "user": user or {"token": SECRET}}],
    }


@pytest.fixture
def mapping(api_server: Any) -> dict[str, Any]:
    return kubeconfig(f"https://{api_server.endpoint}", api_server.authority.pem)


@pytest.fixture
def put(tmp_path: pathlib.Path) -> Any:
    def put(found: Any, name: str = "discovery.conf") -> str:
        path = tmp_path / name
        path.write_text(found if isinstance(found, str) else yaml.safe_dump(found))
        return str(path)

    return put


def discover(source: str, token: str = "", patience: Patience = SHORT) -> Access:
    return FileDiscovery(source, Token.parse(token, "t") if token else None, patience=patience).run()


def error_of(source: str, kind: type[KubephaseError], **options: Any) -> str:
    with pytest.raises(KubephaseError) as caught:
        discover(source, **options)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)
    return str(caught.value)


def refusal(source: str, **options: Any) -> str:
    return error_of(source, _discovery_file.DiscoveryFile, **options)


def user_of(found: dict[str, Any]) -> dict[str, Any]:
    user: dict[str, Any] = found["users"][0]["user"]
    return user


def entry_of(found: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = found["clusters"][0]["cluster"]
    return entry


def test_its_credentials_are_used(api_server: Any, mapping: dict[str, Any], put: Any) -> None:
    found = discover(put(mapping))
    assert (found.cluster.server, found.cluster.ca_pem) == (entry_of(mapping)["server"], api_server.authority.pem)
    assert found.cluster.pins == [api_server.authority.pin]
    assert api_server.requests[-1][1] == f"Bearer {SECRET}"
    written = found.kubeconfig("kubernetes")
    assert written["clusters"] == [{"name": "kubernetes", "cluster": entry_of(mapping)}]
    assert written["contexts"] == [{"name": "join", "context": {"cluster": "kubernetes", "user": "joiner"}}]
    assert (written["current-context"], written["users"]) == ("join", mapping["users"])
    assert found.kubeconfig("k", "https://10.0.0.1:6443")["clusters"][0]["cluster"]["server"] == "https://10.0.0.1:6443"
    assert SECRET not in repr(found) and found.conceal(f"so {SECRET} it") == "so *** it"


def test_the_rest_of_it_goes_along_as_kubeadm_writes_it(mapping: dict[str, Any], put: Any) -> None:
    mapping["users"] = [{"name": "z", "user": {}}, *mapping["users"], None, "x"]
    mapping["contexts"] = [{"name": "z", "context": {"cluster": "gone", "user": "z"}}, *mapping["contexts"], 7, {}]
    del mapping["apiVersion"], mapping["kind"]
    mapping["preferences"] = {"colors": True}
    written = discover(put(mapping)).kubeconfig("k")
    assert list(written) == ["apiVersion", "kind", "clusters", "contexts", "current-context", "users"]
    assert [user["name"] for user in written["users"]] == ["joiner", "z"]
    assert [context["name"] for context in written["contexts"]] == ["join", "z"]
    assert written["contexts"][1]["context"] == {"cluster": "gone", "user": "z"}


def test_a_token_takes_the_place_of_its_credentials(api_server: Any, mapping: dict[str, Any], put: Any) -> None:
    entry_of(mapping)["tls-server-name"] = "127.0.0.1"
    found = discover(put(mapping), TOKEN)
    assert found.kubeconfig("prod") == {
        "apiVersion": "v1", "kind": "Config", "current-context": "tls-bootstrap-token-user@kubernetes",
        "clusters": [{"name": "prod", "cluster": {
            "certificate-authority-data": encoded(api_server.authority.pem), "server": entry_of(mapping)["server"],
        }}],
        "contexts": [{
            "name": "tls-bootstrap-token-user@kubernetes",
            "context": {"cluster": "prod", "user": "tls-bootstrap-token-user"},
        }],
        "users": [{"name": "tls-bootstrap-token-user", "user": {"token": TOKEN}}],
    }  # fmt: skip
    assert found.conceal(TOKEN) == "abcdef.***"
    api_server.nodes["w1"] = True
    assert found.ask("/api/v1/nodes/w1").status == 200


def test_an_unnamed_cluster_comes_first_and_needs_a_token(api_server: Any, put: Any) -> None:
    source = put(api_server.kubeconfig())
    assert discover(source, TOKEN).cluster.pins == [api_server.authority.pin]
    assert "there are no credentials in it. Give tlsBootstrapToken" in refusal(source)


def test_files_beside_it_are_embedded(
    api_server: Any, mapping: dict[str, Any], put: Any, tmp_path: pathlib.Path
) -> None:
    del entry_of(mapping)["certificate-authority-data"]
    entry_of(mapping)["certificate-authority"] = "ca.pem"
    user_of(mapping).pop("token")
    user_of(mapping)["tokenFile"] = str(tmp_path / "token")
    put(api_server.authority.pem, "ca.pem")
    put(f"{SECRET}\n", "token")
    found = discover(put(mapping))
    assert api_server.requests[-1][1] == f"Bearer {SECRET}"
    written = found.kubeconfig("k")
    assert user_of(written) == {"token": SECRET}
    assert set(entry_of(written)) == {"server", "certificate-authority-data"}
    (tmp_path / "ca.pem").unlink()
    assert "the file that certificate-authority names does not exist on this host" in refusal(put(mapping))


def test_a_client_certificate(api_server: Any, mapping: dict[str, Any], put: Any, tmp_path: pathlib.Path) -> None:
    pem = api_server.authority.issue("joiner")
    (tmp_path / "joiner.pem").write_bytes(pem)
    user_of(mapping).clear()
    user_of(mapping).update({"client-certificate": "joiner.pem", "client-key": "joiner.pem"})
    found = discover(put(mapping))
    assert user_of(found.kubeconfig("k")) == {
        "client-certificate-data": encoded(pem),
        "client-key-data": encoded(pem),
    }
    user_of(mapping)["client-certificate-data"] = encoded(pem.partition(b"-----BEGIN PRIVATE")[0])
    del user_of(mapping)["client-certificate"]
    user_of(mapping)["client-key-data"] = encoded(api_server.authority.issue("another"))
    del user_of(mapping)["client-key"]
    message = error_of(put(mapping), KubephaseError)
    assert "client-certificate-data and client-key-data are no pair" in message


def test_forbidden_alone_is_tolerated(api_server: Any, mapping: dict[str, Any], put: Any) -> None:
    api_server.misbehave = lambda handler: handler.reply(403, b"{}") or True
    assert discover(put(mapping)).cluster.server == entry_of(mapping)["server"]
    for status, hint in (
        (401, "It does not accept the credentials in /"),
        (404, "phase bootstrap-token"),
        (500, "log"),
    ):
        api_server.misbehave = lambda handler, status=status: handler.reply(status, b"{}") or True
        assert hint in error_of(put(mapping), ClusterInfoMissing)


def test_cluster_info_that_says_nothing_changes_nothing(api_server: Any, mapping: dict[str, Any], put: Any) -> None:
    for data in ({}, {"kubeconfig": ""}, {"kubeconfig": "["}, {"kubeconfig": "clusters: []"}):
        api_server.config_map = {"kind": "ConfigMap", "data": data}
        assert discover(put(mapping)).cluster.pins == [api_server.authority.pin]


def test_another_server_in_cluster_info_is_a_warning(api_server: Any, mapping: dict[str, Any], put: Any) -> None:
    api_server.publish(kubeconfig=api_server.kubeconfig(server="https://cp.example.org:6443"))
    discovery = FileDiscovery(put(mapping), patience=SHORT)
    assert discovery.run().cluster.server == entry_of(mapping)["server"]
    (warning,) = discovery.warnings
    assert entry_of(mapping)["server"] in warning and "https://cp.example.org:6443" in warning


@pytest.fixture
def trusted(api_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> str:
    """The host trusts the server's CA, as OpenSSL's and Go's variable for it says."""
    path = tmp_path / "roots.pem"
    path.write_text(api_server.authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return f"https://{api_server.endpoint}/join.conf"


def test_a_missing_ca_comes_from_cluster_info(
    api_server: Any, mapping: dict[str, Any], put: Any, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del entry_of(mapping)["certificate-authority-data"]
    found = discover(put(mapping))
    assert found.cluster.ca_pem == api_server.authority.pem
    assert entry_of(found.kubeconfig("k"))["certificate-authority-data"] == encoded(api_server.authority.pem)
    api_server.misbehave = lambda handler: handler.reply(403, b"{}") or True
    assert "there is no CA in it, and the cluster does not tell its CA" in refusal(put(mapping))
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    assert "is not trusted by this host" in error_of(put(mapping), ServerNotTrusted)


def test_servers_that_are_not_the_clusters(
    api_server: Any, mapping: dict[str, Any], put: Any, foreign_authority: Any
) -> None:
    api_server.contexts = [api_server.context(foreign_authority)]
    message = error_of(put(mapping), ServerNotTrusted)
    assert "was not issued by the cluster's CA" in message and api_server.requests == []
    api_server.contexts = [api_server.context(api_server.authority, not_after=NOW - DAY / 2)]
    assert "has expired" in error_of(put(mapping), ClockSkew)
    api_server.contexts = [None]
    assert "this is not an API server" in error_of(put(mapping), EndpointUnreachable)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update(kind="Pod"), "not a kubeconfig (accepted: kind: Config)"),
        (lambda m: m.update({"current-context": "x", "clusters": [{**m["clusters"][0], "name": ""}]}), "its current-context is not"),
        (lambda m: entry_of(m).update({"insecure-skip-tls-verify": True}), "insecure-skip-tls-verify in it is not accepted"),
        (lambda m: entry_of(m).update({"certificate-authority": "x"}), "certificate-authority and certificate-authority-data"),
        (lambda m: user_of(m).clear(), "there are no credentials in it"),
        (lambda m: user_of(m).update(exec={"command": "id"}), "credentials by exec cannot be used"),
        (lambda m: user_of(m).update(username="me", password="x"), "more than one kind of credentials (got 'token, username')"),
        (lambda m: user_of(m).update({"tokenFile": "/nowhere/token", "token": ""}), "the file that tokenFile names does not exist"),
        (lambda m: (user_of(m).clear(), user_of(m).update({"client-certificate-data": "eA=="})), "but no client-key"),
    ],
)  # fmt: skip
def test_what_is_refused_before_anybody_is_asked(
    api_server: Any, mapping: dict[str, Any], put: Any, change: Any, said: str
) -> None:
    change(mapping)
    source = put(mapping)
    message = refusal(source)
    assert message.startswith(source) and said in message
    assert api_server.requests == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update({"current-context": "x"}), "neither an unnamed nor a current cluster"),
        (lambda m: m.update(clusters=None), "neither an unnamed nor a current cluster"),
        (lambda m: m["clusters"].append(m["clusters"][0]), "two clusters of one name (got 'prod')"),
        (lambda m: entry_of(m).update(server=""), "names no server"),
        (lambda m: entry_of(m).update(server="http://x"), "server: not an endpoint (got 'http://x'"),
        (lambda m: entry_of(m).update({"certificate-authority-data": "%"}), "certificate-authority-data is not base64"),
        (
            lambda m: entry_of(m).update({"certificate-authority-data": "eA=="}),
            "certificate-authority-data cannot be used",
        ),
        (lambda m: user_of(m).update(token="a b\n"), "the token in it has characters that no token has"),
    ],
)
def test_what_makes_no_sense(api_server: Any, mapping: dict[str, Any], put: Any, change: Any, said: str) -> None:
    change(mapping)
    with pytest.raises(KubephaseError, match=re.escape(said)):
        discover(put(mapping))
    assert api_server.requests == []


def test_sources(tmp_path: pathlib.Path) -> None:
    assert "does not exist on this host (got '/nowhere/x'" in refusal("/nowhere/x")
    assert "cannot be read: Is a directory" in refusal(str(tmp_path))
    assert "neither a path nor a https URL (got 'file'" in refusal("file:///etc/x")
    assert "(got 'http'" in refusal("http://x/y")
    assert "is longer than 1048576 bytes" in refusal("/dev/zero")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "it is not UTF-8 text" in refusal(str(tmp_path / "binary"))


def serve(api_server: Any, answer: Any) -> None:
    """Answers for a kubeconfig; cluster-info is as it was."""

    def misbehave(handler: Any) -> bool:
        if handler.path.startswith("/api/"):
            return False
        answer(handler)
        return True

    api_server.misbehave = misbehave


def test_by_url(api_server: Any, mapping: dict[str, Any], trusted: str) -> None:
    seen = []

    def answer(handler: Any) -> None:
        seen.append((handler.path, handler.headers.get("Authorization")))
        if handler.path.startswith("/join.conf"):
            handler.reply(302, b"", Location="/there?secret=1")
        elif handler.path.startswith("/there"):
            handler.reply(303, b"", Location=f"https://{api_server.endpoint}/elsewhere")
        else:
            handler.reply(200, yaml.safe_dump(mapping).encode())

    serve(api_server, answer)
    url = trusted.replace("https://", "https://me:p%40ss@")
    found = discover(f"{url}?key=value")
    basic = "Basic " + base64.b64encode(b"me:p@ss").decode()
    # the credentials are for this server, not for one that it redirects to
    assert seen == [("/join.conf?key=value", basic), ("/there?secret=1", basic), ("/elsewhere", None)]
    assert found.cluster.pins == [api_server.authority.pin]
    assert found.identity == f"user joiner of {trusted}"


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, {}, "the server answers HTTP 404 (accepted: 200)"),
        (204, {}, "the server answers HTTP 204"),
        (302, {}, "the server answers HTTP 302"),
        (302, {"Location": "http://127.0.0.1/"}, "the server redirects away from https (got 'http://127.0.0.1/'"),
        (302, {"Location": "file:///etc/passwd"}, "redirects away from https"),
        (307, {"Location": "https://[::1"}, "redirects to something that is no URL"),
        (308, {"Location": "/join.conf?again"}, "more than 10 redirects"),
    ],
)
def test_urls_that_give_no_kubeconfig(
    api_server: Any, trusted: str, status: int, headers: dict[str, str], said: str
) -> None:
    serve(api_server, lambda handler: handler.reply(status, b"", **headers))
    url = trusted.replace("https://", "https://me:hidden@") + "?hidden=1"
    message = error_of(url, _discovery_url.DiscoveryUrl, patience=Patience(discovery=10))
    assert message.startswith(trusted) and said in message and "hidden" not in message


def test_a_url_whose_server_is_not_trusted(api_server: Any) -> None:
    message = error_of(f"https://{api_server.endpoint}/x", _discovery_url.DiscoveryUrl)
    assert "the server's certificate is not trusted by this host" in message and api_server.requests == []


def test_answers_without_end(api_server: Any, trusted: str) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"#")
            time.sleep(0.05)

    serve(api_server, drip)
    start = time.monotonic()
    assert "no answer within" in error_of(trusted, _discovery_url.DiscoveryUrl)
    assert time.monotonic() - start < 2
    serve(api_server, lambda handler: handler.reply(200, b"#" * (_https_get.MAX_BYTES + 1)))
    assert "longer than" in error_of(trusted, _discovery_url.DiscoveryUrl, patience=Patience(discovery=10))


def test_a_file_that_a_fetched_kubeconfig_names_needs_its_directory(
    api_server: Any, mapping: dict[str, Any], trusted: str
) -> None:
    user_of(mapping).pop("token")
    user_of(mapping)["tokenFile"] = "token"
    serve(api_server, lambda handler: handler.reply(200, yaml.safe_dump(mapping).encode()))
    assert "a file in it is named without its directory (got 'token')" in refusal(trusted)
