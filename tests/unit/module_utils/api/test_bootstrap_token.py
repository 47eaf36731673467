# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens: their Secrets, who gets one, and cluster-info."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_discovery import Wanted, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
SECRETS = "/api/v1/namespaces/kube-system/secrets/bootstrap-token-"
INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
DECLARED = "abcdef.0123456789abcdef"
GROUP = "system:bootstrappers:kubeadm:default-node-token"


def decoded(obj):
    return {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}


def stored(token_id="fedcba", hours=2.0, **changed):
    """A token's Secret as somebody else may have made it."""
    end = datetime.now(timezone.utc) + timedelta(hours=hours)
    data = {
        "token-id": token_id, "token-secret": "f" * 16, "expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "usage-bootstrap-signing": "true", "usage-bootstrap-authentication": "true", "auth-extra-groups": GROUP, **changed,
    }  # fmt: skip
    metadata = {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items() if value is not None}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "bootstrap.kubernetes.io/token",
        "data": encoded,
    }


@pytest.fixture
def run(admin_conf):
    def run(*tokens, usable=False, check_mode=False, kubeconfig=admin_conf, server="https://cp.example.org:6443"):
        entries = [{"token": entry} if isinstance(entry, str) else entry for entry in tokens]
        return ensure(Wanted(entries, "24h0m0s", usable, [], server), kubeconfig, "", 5, check_mode)

    return run


def made(result):
    return [entry["object"].rpartition("-token-")[2] for entry in result["objects"] if "Secret" in entry["object"]]


def test_secret_is_what_kubeadm_makes():
    token = _bootstrap_token.declared({"token": DECLARED, "description": "mine", "ttl": "1h30m"}, "t", NOW)
    found = token.to_secret()
    assert found["metadata"] == {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    assert found["type"] == "bootstrap.kubernetes.io/token"
    assert decoded(found) == {
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "description": "mine",
        "expiration": "2026-01-02T04:34:05Z",
        "usage-bootstrap-signing": "true",
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": GROUP,
    }
    assert _bootstrap_token.from_secret(found) == token
    assert "0123456789abcdef" not in repr(token)


def test_secret_of_a_token_without_an_end():
    entry = {"token": DECLARED, "ttl": "0s", "usages": ["authentication"], "groups": ["system:bootstrappers:a"]}
    token = _bootstrap_token.declared(entry, "t", NOW)
    data = token.to_secret()["data"]
    assert {key for key, value in data.items() if value is None} == {
        "description",
        "expiration",
        "usage-bootstrap-signing",
    }
    assert token.expires is None


def test_generated_tokens_differ_and_are_tokens():
    tokens = [_bootstrap_token.generate(NOW, "24h") for _ in range(50)]
    assert len({token.id for token in tokens}) > 45 and len({token.secret for token in tokens}) == 50
    assert all(re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", f"{token.id}.{token.secret}") for token in tokens)
    assert {token.expires for token in tokens} == {NOW + timedelta(days=1)}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"token": "ABCDEF.0123456789abcdef"}, "bootstrapTokens[0].token: not a bootstrap token"),
        ({"token": DECLARED + "0"}, "bootstrapTokens[0].token: not a bootstrap token"),
        ({"token": DECLARED, "usages": ["sign"]}, "bootstrapTokens[0].usages: unknown usage (got 'sign'"),
        (
            {"token": DECLARED, "groups": ["system:masters"]},
            "bootstrapTokens[0].groups: not a group of bootstrap tokens",
        ),
        ({"token": DECLARED, "ttl": "1 day"}, "bootstrapTokens[0].ttl: not a duration (got '1 day'"),
        ({"token": DECLARED, "ttl": "-1h"}, "bootstrapTokens[0].ttl: a negative duration"),
        ({"token": DECLARED, "expires": "tomorrow"}, "bootstrapTokens[0].expires: not a moment (got 'tomorrow'"),
        ({"token": DECLARED, "ttl": "1h", "expires": "2027-01-01T00:00:00Z"}, "cannot be used together"),
    ],
)
def test_refused_before_anything_is_asked(api, run, entry, message):
    with pytest.raises(KubephaseError, match=re.escape(message)) as caught:
        run(entry)
    assert "0123456789abcdef" not in str(caught.value)
    assert api.requests == []


def test_first_run_makes_one_token_and_later_runs_none(api, run):
    first = run()
    assert len(made(first)) == 1
    token = _bootstrap_token.from_secret(api.store[SECRETS + made(first)[0]])
    assert token.description == "The default bootstrap token generated by 'kubeadm init'."
    assert timedelta(hours=23) < token.expires - datetime.now(timezone.utc) < timedelta(hours=25)
    assert "token" not in first
    writes = api.writes
    assert run()["changed"] is False
    del api.store[SECRETS + made(first)[0]]
    assert run()["changed"] is False
    assert api.writes == writes


def test_run_that_died_before_cluster_info_makes_no_second_token(api, run):
    run()
    del api.store[INFO]
    again = run()
    assert made(again) == [] and again["changed"]


def test_declared_token_keeps_the_end_it_got_when_it_was_made(api, run):
    assert made(run({"token": DECLARED, "ttl": "1h"})) == ["abcdef"]
    end = _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"]).expires
    again = run({"token": DECLARED, "ttl": "5h", "description": "now with words"})
    assert made(again) == ["abcdef"]
    found = _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"])
    assert found.expires == end and found.description == "now with words"
    assert run({"token": DECLARED, "ttl": "5h", "description": "now with words"})["changed"] is False


def test_declared_lifetime_starts_and_ends(api, run):
    run({"token": DECLARED, "ttl": "0s"})
    assert run({"token": DECLARED, "ttl": "1h"})["changed"]
    assert _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"]).expires is not None
    assert run({"token": DECLARED, "ttl": "0s"})["changed"]
    assert _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"]).expires is None


def test_declared_token_whose_life_is_over_is_made_again(api, run):
    run(DECLARED)
    api.put_in(SECRETS + "abcdef", stored("abcdef", hours=-1))
    assert made(run(DECLARED)) == ["abcdef"]
    assert _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"]).can_join(datetime.now(timezone.utc))


def test_declared_moment_that_is_over_makes_nothing(api, run):
    assert made(run({"token": DECLARED, "expires": "2020-01-01T00:00:00Z"})) == []


def test_usable_is_a_declared_one_before_others(api, run):
    api.put_in(SECRETS + "fedcba", stored(hours=500))
    assert run(DECLARED, usable=True)["token"] == {"id": "abcdef", "secret": "0123456789abcdef"}


def test_usable_is_otherwise_the_one_that_lasts_longest(api, run):
    api.put_in(SECRETS + "aaaaaa", stored("aaaaaa", hours=1))
    api.put_in(SECRETS + "bbbbbb", stored("bbbbbb", hours=3))
    result = run(usable=True)
    assert result["token"]["id"] == "bbbbbb" and made(result) == []
    api.put_in(SECRETS + "cccccc", stored("cccccc", expiration=None))
    assert run(usable=True)["token"]["id"] == "cccccc"


@pytest.mark.parametrize(
    "unusable",
    [
        stored(hours=0.1),
        stored(hours=-1),
        stored(expiration="soon"),
        stored(**{"usage-bootstrap-signing": None}),
        stored(**{"usage-bootstrap-authentication": "false"}),
        stored(**{"auth-extra-groups": "system:bootstrappers:others"}),
        stored(**{"token-secret": "short"}),
        {**stored(), "type": "Opaque"},
    ],
)
def test_a_token_that_a_node_cannot_use_is_not_handed_out(api, run, unusable):
    run()
    for path in [path for path in api.store if path.startswith(SECRETS)]:
        del api.store[path]
    api.put_in(SECRETS + "fedcba", unusable)
    result = run(usable=True)
    assert made(result) == [result["token"]["id"]] != ["fedcba"]
    assert run(usable=True)["token"] == result["token"]


def test_cluster_info_is_kubeadms_text_and_keeps_its_signatures(api, run, authority):
    run()
    encoded = base64.b64encode(authority.pem).decode()
    assert api.store[INFO]["data"] == {
        "kubeconfig": "apiVersion: v1\nclusters:\n- cluster:\n"
        f"    certificate-authority-data: {encoded}\n    server: https://cp.example.org:6443\n"
        '  name: ""\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n'
    }
    api.store[INFO]["data"]["jws-kubeconfig-abcdef"] = "signature"
    assert run()["changed"] is False
    assert [entry["object"] for entry in run(server="https://other:6443")["objects"]] == [
        "ConfigMap kube-public/cluster-info"
    ]
    assert api.store[INFO]["data"]["jws-kubeconfig-abcdef"] == "signature"
    assert "server: https://other:6443" in api.store[INFO]["data"]["kubeconfig"]


def test_check_mode_plans_and_hands_out_no_token(api, run, tmp_path):
    for kubeconfig in (str(tmp_path / "none.conf"), None):
        options = {"kubeconfig": kubeconfig} if kubeconfig else {}
        result = run(DECLARED, usable=True, check_mode=True, **options)
        assert [entry["object"] for entry in result["objects"]] == [
            "Secret kube-system/bootstrap-token-abcdef",
            "ConfigMap kube-public/cluster-info",
        ]
        assert "token" not in result
        assert "0123456789abcdef" not in str(result) and base64.b64encode(b"0123456789abcdef").decode() not in str(
            result
        )
    assert api.writes == 0
