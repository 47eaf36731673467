# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _cluster_info,
    _discovery,
    _discovery_request,
    _https_get,
    _jws,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token, TokenDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import Patience
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

TOKEN = "abcdef.0123456789abcdef"
SECRET = TOKEN.partition(".")[2]
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SHORT = Patience(discovery=0.4, token=0.2, first_pause=0.02, longest_pause=0.05)


def discovery(api_server: Any, pins: list[str] | None = None, token: str = TOKEN, **options: Any) -> TokenDiscovery:
    return TokenDiscovery(
        _https_get.parse_endpoint(options.pop("endpoint", api_server.endpoint), "api_server_endpoint"),
        Token.parse(token, "token"),
        [api_server.authority.pin] if pins is None else pins,
        patience=options.pop("patience", SHORT),
        **options,
    )


def error_of(work: Callable[[], Any], kind: type[KubephaseError]) -> str:
    with pytest.raises(KubephaseError) as caught:
        work()
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_finds_the_cluster(api_server: Any) -> None:
    found = discovery(api_server).run()
    assert found.server == f"https://{api_server.endpoint}"
    assert found.ca_pem == api_server.authority.pem
    assert found.pins == [api_server.authority.pin]
    assert [authorization for _, authorization in api_server.requests] == [None, None]


def test_one_pin_that_matches_is_enough_in_any_case_of_letters(api_server: Any, foreign_authority: Any) -> None:
    pins = [foreign_authority.pin, "SHA256:" + api_server.authority.pin[7:].upper()]
    assert discovery(api_server, pins).run().ca_pem == api_server.authority.pem


def test_a_bundle_with_one_pinned_certificate_is_trusted(api_server: Any, foreign_authority: Any) -> None:
    bundle = foreign_authority.pem + api_server.authority.pem
    api_server.publish(TOKEN, kubeconfig=api_server.kubeconfig(ca_pem=bundle))
    found = discovery(api_server, [foreign_authority.pin]).run()
    assert found.ca_pem == bundle
    assert found.pins == [foreign_authority.pin, api_server.authority.pin]


def test_without_pins_the_token_alone_is_trusted(api_server: Any) -> None:
    assert discovery(api_server, [], unsafe_skip_ca_verification=True).run().ca_pem == api_server.authority.pem
    assert len(api_server.requests) == 1


def test_pins_are_required() -> None:
    endpoint = _https_get.Endpoint("127.0.0.1", 1)
    message = error_of(lambda: TokenDiscovery(endpoint, Token("abcdef", SECRET), []), KubephaseError)
    assert "ca_cert_hashes: no CA is pinned" in message


@pytest.mark.parametrize("pin", ["md5:" + 64 * "0", "sha256:00", 64 * "0", "sha256:" + 64 * "g", "sha256:" + 65 * "0"])
def test_what_is_no_pin_is_refused(api_server: Any, pin: str) -> None:
    message = error_of(lambda: discovery(api_server, [pin]), KubephaseError)
    assert "not the hash of a CA" in message
    assert api_server.requests == []


@pytest.mark.parametrize("token", ["", "abcdef", "abcdef:" + SECRET, "ABCDEF." + SECRET, TOKEN + "0", TOKEN + "\n"])
def test_what_is_no_token_is_refused_and_not_repeated(token: str) -> None:
    assert "not a bootstrap token" in error_of(lambda: Token.parse(token, "token"), _discovery.InvalidToken)


def test_a_tokens_text_hides_its_secret() -> None:
    assert SECRET not in repr(Token.parse(TOKEN, "token"))


def test_waits_until_cluster_info_is_there_and_signed(api_server: Any) -> None:
    ready, api_server.config_map = api_server.config_map, None

    def later(_: Any) -> bool:
        if len(api_server.requests) == 2:
            api_server.publish()
        if len(api_server.requests) == 3:
            api_server.config_map = ready
        return False

    api_server.misbehave = later
    assert discovery(api_server, patience=Patience(5, 5, 0.01, 0.01)).run().server
    assert len(api_server.requests) == 4


def test_waits_for_an_endpoint_that_comes_up(api_server: Any) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    start = time.monotonic()
    message = error_of(lambda: discovery(api_server, endpoint=endpoint).run(), _discovery_request.EndpointUnreachable)
    assert 0.3 < time.monotonic() - start < 2
    assert f"https://{endpoint}: the API server cannot be reached: connection refused" in message


def test_a_name_that_does_not_resolve(api_server: Any) -> None:
    work = discovery(api_server, endpoint="kubephase.invalid:6443").run
    assert "the name kubephase.invalid does not resolve" in error_of(work, _discovery_request.EndpointUnreachable)


def test_wrong_secret(api_server: Any) -> None:
    work = discovery(api_server, token="abcdef.aaaaaaaaaaaaaaaa").run
    message = error_of(work, _discovery.TokenMismatch)
    assert "cluster-info was signed with another secret for token ID abcdef" in message
    assert len(api_server.requests) == 1


def test_changed_after_it_was_signed(api_server: Any, foreign_authority: Any) -> None:
    """Somebody in the middle puts his own CA into a real cluster-info."""
    api_server.config_map["data"]["kubeconfig"] = api_server.kubeconfig(ca_pem=foreign_authority.pem)
    work = discovery(api_server, [foreign_authority.pin]).run
    assert "was changed after it was signed" in error_of(work, _discovery.TokenMismatch)


@pytest.mark.parametrize(
    "signature",
    [
        "forged",
        "eyJhbGciOiJub25lIiwia2lkIjoiYWJjZGVmIn0..",
        _jws.sign(b"", "abcdeg", SECRET),
        _jws.sign(b"", "abcdef", SECRET).replace("..", ".e30."),
    ],
)
def test_forged_signature(api_server: Any, signature: str) -> None:
    api_server.publish(jws_kubeconfig_abcdef=signature)
    message = error_of(discovery(api_server).run, _discovery.SignatureForged)
    assert "jws-kubeconfig-abcdef is not a signature for this token" in message


def test_no_signature_at_all(api_server: Any) -> None:
    api_server.publish()
    message = error_of(discovery(api_server).run, _discovery.SignatureMissing)
    assert "carries no signature at all" in message
    assert "bootstrapsigner" in message


def test_expired_or_unknown_token(api_server: Any) -> None:
    api_server.publish("aaaaaa.bbbbbbbbbbbbbbbb")
    start = time.monotonic()
    patience = Patience(discovery=60, token=0.2, first_pause=0.02, longest_pause=0.05)
    message = error_of(discovery(api_server, patience=patience).run, _discovery.TokenUnknown)
    assert "token ID abcdef is not known there: it is expired, deleted, or another cluster's" in message
    assert time.monotonic() - start < 5
    assert len(api_server.requests) > 1


def test_wrong_pin_names_both(api_server: Any, foreign_authority: Any) -> None:
    message = error_of(discovery(api_server, [foreign_authority.pin]).run, _discovery.PinMismatch)
    assert f"pinned {foreign_authority.pin}, found {api_server.authority.pin}" in message
    assert len(api_server.requests) == 1


def test_another_ca_answers_after_discovery(api_server: Any, foreign_authority: Any) -> None:
    api_server.contexts.append(api_server.context(foreign_authority))
    message = error_of(discovery(api_server).run, _discovery_request.ServerNotTrusted)
    assert "was not issued by the cluster's CA" in message
    assert api_server.authority.pin in message
    assert len(api_server.requests) == 1


def test_certificate_for_another_host(api_server: Any) -> None:
    api_server.contexts.append(api_server.context(api_server.authority, host="192.0.2.1"))
    message = error_of(discovery(api_server).run, _discovery_request.ServerNotTrusted)
    assert "or not for 127.0.0.1" in message
    assert "certSANs" in message


def test_this_hosts_clock_is_behind(api_server: Any) -> None:
    tomorrow = NOW + DAY
    api_server.contexts = [api_server.context(api_server.authority, not_before=tomorrow)]
    clock = datetime.datetime(2001, 2, 3, tzinfo=datetime.timezone.utc)
    message = error_of(discovery(api_server, now=lambda: clock).run, _discovery_request.ClockSkew)
    assert "by this host's clock (2001-02-03T00:00:00Z) the server's certificate is not valid yet" in message
    assert f"notBefore is {tomorrow.strftime('%Y-%m-%dT%H:%M:%SZ')}" in message
    assert "Set this host's clock" in message


def test_expired_server_certificate(api_server: Any) -> None:
    yesterday = NOW - DAY
    api_server.contexts = [api_server.context(api_server.authority, not_before=NOW - 2 * DAY, not_after=yesterday)]
    message = error_of(discovery(api_server).run, _discovery_request.ClockSkew)
    assert f"has expired: notAfter is {yesterday.strftime('%Y-%m-%dT%H:%M:%SZ')}" in message


def test_second_answer_differs(api_server: Any) -> None:
    def another(_: Any) -> bool:
        if len(api_server.requests) == 2:
            api_server.publish(TOKEN, kubeconfig=api_server.kubeconfig(server="https://192.0.2.1:6443"))
        return False

    api_server.misbehave = another
    message = error_of(discovery(api_server).run, _discovery.ClusterInfoChanged)
    assert "differs from the one read before" in message


def test_anonymous_requests_are_off(api_server: Any) -> None:
    api_server.misbehave = lambda handler: handler.reply(401, b"{}") or True
    patience = Patience(discovery=60, token=0.2, first_pause=0.02, longest_pause=0.05)
    message = error_of(discovery(api_server, patience=patience).run, _discovery_request.ClusterInfoMissing)
    assert "HTTP 401" in message
    assert "--anonymous-auth=false" in message


@pytest.mark.parametrize(
    ("status", "hint"), [(403, "bootstrap-signer-clusterinfo"), (404, "bootstrap-token"), (503, "log")]
)
def test_cluster_info_is_not_handed_out(api_server: Any, status: int, hint: str) -> None:
    api_server.misbehave = lambda handler: handler.reply(status, b"{}") or True
    message = error_of(discovery(api_server).run, _discovery_request.ClusterInfoMissing)
    assert f"HTTP {status}" in message
    assert hint in message


def test_redirects_are_not_followed(api_server: Any) -> None:
    location = f"https://{api_server.endpoint}/elsewhere"
    api_server.misbehave = lambda handler: handler.reply(302, b"", Location=location) or True
    assert "redirect (HTTP 302)" in error_of(discovery(api_server).run, _cluster_info.MalformedClusterInfo)
    assert [path for path, _ in api_server.requests] == ["/api/v1/namespaces/kube-public/configmaps/cluster-info"]


def _raw(data: bytes) -> Callable[[Any], bool]:
    def answer(handler: Any) -> bool:
        handler.wfile.write(data)
        handler.close_connection = True
        return True

    return answer


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + 200 * b"a: b\r\n" + b"\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + (1024 * 1024 + 1) * b" ", "longer than 1048576 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", "the answer is not JSON"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + 100_000 * b"[", "the answer is not JSON"),
        (b"HTTP/1.1 200 OK\r\n\r\n[]", "the answer is not a ConfigMap"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"kind":"ConfigMap","data":{"kubeconfig":1}}', "the ConfigMap's data is not text"),
    ],
)
def test_what_is_no_api_server(api_server: Any, data: bytes, part: str) -> None:
    api_server.misbehave = _raw(data)
    assert part in error_of(discovery(api_server).run, _cluster_info.MalformedClusterInfo)


def test_a_connection_that_breaks_off(api_server: Any) -> None:
    api_server.misbehave = _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    message = error_of(discovery(api_server).run, _discovery_request.EndpointUnreachable)
    assert "the connection broke off in the middle of the answer" in message
    assert len(api_server.requests) > 1


def test_a_server_that_drips_does_not_hold_us(api_server: Any) -> None:
    def drip(handler: Any) -> bool:
        for _ in range(400):
            handler.wfile.write(b"H")
            time.sleep(0.02)
        return True

    api_server.misbehave = drip
    start = time.monotonic()
    message = error_of(discovery(api_server).run, _discovery_request.EndpointUnreachable)
    assert "no answer within 1 s" in message
    assert time.monotonic() - start < 4


def test_plain_http_is_no_api_server(api_server: Any) -> None:
    api_server.contexts = [None]
    assert "this is not an API server: " in error_of(discovery(api_server).run, _discovery_request.EndpointUnreachable)


@pytest.mark.parametrize(
    ("kubeconfig", "part"),
    [
        ("{", "is not YAML"),
        ("just text", "is not a mapping"),
        ("kind: Config", "neither an unnamed nor a current cluster"),
        ('clusters: [{name: "", cluster: {}}]', "names no server"),
        ('clusters: [{name: "", cluster: {server: "https://192.0.2.1"}}]', "has no certificate-authority-data"),
        (
            'clusters: [{name: "", cluster: {server: "https://192.0.2.1", certificate-authority-data: "?"}}]',
            "is not base64 of a PEM text",
        ),
    ],
)
def test_signed_nonsense(api_server: Any, kubeconfig: str, part: str) -> None:
    api_server.publish(TOKEN, kubeconfig=kubeconfig)
    assert part in error_of(discovery(api_server).run, _cluster_info.MalformedClusterInfo)


@pytest.mark.parametrize(
    ("pem", "part"),
    [
        ("nothing", "there is no PEM certificate in it"),
        ("-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n", "is not base64"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
    ],
)
def test_signed_bad_certificates(api_server: Any, pem: str, part: str) -> None:
    api_server.publish(TOKEN, kubeconfig=api_server.kubeconfig(ca_pem=pem))
    message = error_of(discovery(api_server).run, KubephaseError)
    assert part in message
    assert "ConfigMap kube-public/cluster-info, certificate-authority-data" in message


def test_the_current_contexts_cluster_counts_where_none_is_unnamed(api_server: Any) -> None:
    text = api_server.kubeconfig().replace('name: ""', "name: prod")
    text = text.replace("contexts: null", "contexts:\n- context: {cluster: prod}\n  name: one")
    api_server.publish(TOKEN, kubeconfig=text.replace('current-context: ""', "current-context: one"))
    assert discovery(api_server).run().ca_pem == api_server.authority.pem


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("192.0.2.1", "https://192.0.2.1:6443"),
        ("api.example.org:443", "https://api.example.org:443"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://192.0.2.1:6443/k8s/", "https://192.0.2.1:6443/k8s"),
    ],
)
def test_endpoints(text: str, url: str) -> None:
    assert _https_get.parse_endpoint(text, "e").url == url


@pytest.mark.parametrize(
    "text", ["", ":6443", "a b:1", "http://a:1", "a:99999", "a:0", "u@a:1", "a:1?b", "a/\r\nHost: b"]
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(KubephaseError, match="e: not an endpoint"):
        _https_get.parse_endpoint(text, "e")


_KEYS = st.sampled_from(
    ["kind", "data", "clusters", "cluster", "name", "server", "certificate-authority-data", "contexts"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("ConfigMap") | st.just("https://a:1"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_no_answer_makes_a_traceback(body: bytes) -> None:
    try:
        data = _cluster_info.parse_config_map(body, "somewhere")
    except KubephaseError:
        return
    assert all(isinstance(value, str) for value in data.values())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | _JSON.map(lambda value: json.dumps(value)))
def test_no_kubeconfig_makes_a_traceback(text: str) -> None:
    with pytest.raises(KubephaseError):
        _cluster_info.parse_cluster_info(text, "somewhere")
