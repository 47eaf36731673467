# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens: their Secrets, who gets one, and cluster-info."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token, _bootstrap_tokens, _kube_api
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_discovery import Wanted, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

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


@pytest.fixture(autouse=True)
def clock(api):
    """The server's clock, which stamps what is created."""
    moments = [datetime.now(timezone.utc)]

    def stamp(obj):
        obj["metadata"].setdefault("creationTimestamp", moments[0].strftime("%Y-%m-%dT%H:%M:%SZ"))

    api.defaults.append(stamp)
    return moments


@pytest.fixture
def run(admin_conf):
    def run(*tokens, usable=False, check_mode=False, kubeconfig=admin_conf, **options):
        entries = [{"token": entry} if isinstance(entry, str) else entry for entry in tokens]
        options.setdefault("cluster_server", "https://cp.example.org:6443")
        options.setdefault("returned", usable)
        return ensure(Wanted(entries, ensure_usable=usable, **options), kubeconfig, "", 5, check_mode)

    return run


def made(result):
    return [entry["object"].rpartition("-token-")[2] for entry in result["objects"] if "Secret" in entry["object"]]


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
        (
            {"token": DECLARED, "usages": ["signing"], "groups": [GROUP]},
            "bootstrapTokens[0].groups: groups need the usage 'authentication'",
        ),
        ({"token": DECLARED, "id": "abcdef"}, "bootstrapTokens[0].id: only for state absent"),
        ({"state": "absent"}, "bootstrapTokens[0]: neither id nor token is given"),
        ({"state": "absent", "token": DECLARED + "0"}, "bootstrapTokens[0].token: neither a bootstrap token nor"),
        ({"state": "absent", "id": "ABCDEF"}, "bootstrapTokens[0].id: neither a bootstrap token nor"),
    ],
)
def test_refused_before_anything_is_asked(api, run, entry, message):
    with pytest.raises(KubephaseError, match=re.escape(message)) as caught:
        run(entry)
    assert "0123456789abcdef" not in str(caught.value)
    assert api.requests == []


def test_first_run_makes_one_token_and_later_runs_none(api, run):
    first = run(default_description="the first")
    assert len(made(first)) == 1
    token = _bootstrap_token.from_secret(api.store[SECRETS + made(first)[0]])
    assert token.description == "the first"
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


def end(api, token_id="abcdef"):
    return _bootstrap_token.from_secret(api.store[SECRETS + token_id]).expires


def hours_left(api):
    return round((end(api) - datetime.now(timezone.utc)).total_seconds() / 3600, 1)


def age(api, hours):
    """As if the token had been made some hours ago, and its end with it."""
    obj = api.store[SECRETS + "abcdef"]
    made = datetime.now(timezone.utc) - timedelta(hours=hours)
    obj["metadata"]["creationTimestamp"] = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    old = end(api)
    if old:
        moment = (old - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        obj["data"]["expiration"] = base64.b64encode(moment.encode()).decode()


def test_declared_token_keeps_the_end_it_got_when_it_was_made(api, run):
    assert made(run({"token": DECLARED, "ttl": "5h"})) == ["abcdef"]
    age(api, 2)
    first = end(api)
    again = run({"token": DECLARED, "ttl": "5h", "description": "now with words"})
    assert made(again) == ["abcdef"]
    found = _bootstrap_token.from_secret(api.store[SECRETS + "abcdef"])
    assert found.expires == first and found.description == "now with words"
    assert run({"token": DECLARED, "ttl": "5h2m", "description": "now with words"})["changed"] is False


def test_another_lifetime_is_counted_from_when_it_was_made(api, run):
    run({"token": DECLARED, "ttl": "5h"})
    age(api, 2)
    for ttl, left in (("24h", 22), ("3h", 1), ("0s", None), ("4h", 2)):
        planned = run({"token": DECLARED, "ttl": ttl}, check_mode=True)
        done = run({"token": DECLARED, "ttl": ttl})
        assert planned == done and made(done) == ["abcdef"]
        assert (end(api) is None) if left is None else (hours_left(api) == left)
        assert run({"token": DECLARED, "ttl": ttl})["changed"] is False


def test_a_lifetime_that_would_be_over_begins_anew(api, run):
    run({"token": DECLARED, "ttl": "0s"})
    age(api, 5)
    done = run({"token": DECLARED, "ttl": "1h"})
    assert done["objects"] == [{"object": "Secret kube-system/bootstrap-token-abcdef", "action": "replaced"}]
    assert hours_left(api) == 1
    assert run({"token": DECLARED, "ttl": "1h"})["changed"] is False


def test_an_end_that_somebody_moved_is_put_right(api, run):
    run({"token": DECLARED, "ttl": "5h"})
    api.store[SECRETS + "abcdef"]["data"]["expiration"] = base64.b64encode(b"2099-01-01T00:00:00Z").decode()
    assert run({"token": DECLARED, "ttl": "5h"})["changed"]
    assert hours_left(api) == 5


def test_a_token_of_unknown_age_keeps_its_end(api, run):
    run({"token": DECLARED, "ttl": "5h"})
    del api.store[SECRETS + "abcdef"]["metadata"]["creationTimestamp"]
    assert run({"token": DECLARED, "ttl": "1h"})["changed"] is False


def test_declared_token_whose_life_is_over_is_made_again(api, run):
    run(DECLARED)
    age(api, 25)
    assert made(run(DECLARED)) == ["abcdef"]
    assert hours_left(api) == 24
    assert run(DECLARED)["changed"] is False


def test_what_is_declared_replaces_what_is_there(api, run):
    run({"token": DECLARED, "description": "a"})
    wanted = {
        "token": "abcdef.aaaaaaaaaaaaaaaa",
        "usages": ["authentication"],
        "groups": ["system:bootstrappers:a", "system:bootstrappers:b"],
    }
    done = run(wanted)
    assert (
        decoded(api.store[SECRETS + "abcdef"])["auth-extra-groups"] == "system:bootstrappers:a,system:bootstrappers:b"
    )
    (shown,) = done["diff"]
    assert "secret: (hidden, changed)" in shown["after"] and "- signing" not in shown["after"]
    assert "description: a" in shown["before"] and "- signing" in shown["before"]
    assert "0123456789abcdef" not in str(done) and "aaaaaaaaaaaaaaaa" not in str(done)
    assert run(wanted)["changed"] is False


def test_a_token_that_only_signs_has_no_groups(api, run):
    run({"token": DECLARED, "usages": ["signing"]})
    assert set(decoded(api.store[SECRETS + "abcdef"])) == {
        "token-id",
        "token-secret",
        "expiration",
        "usage-bootstrap-signing",
    }
    assert run({"token": DECLARED, "usages": ["signing"]})["changed"] is False


@pytest.mark.parametrize("entry", [{"id": "abcdef"}, {"token": "abcdef"}, {"token": DECLARED}])
def test_absent(api, run, entry):
    run(DECLARED)
    planned = run({**entry, "state": "absent"}, check_mode=True)
    assert SECRETS + "abcdef" in api.store
    done = run({**entry, "state": "absent"})
    assert planned == done
    assert done["objects"] == [{"object": "Secret kube-system/bootstrap-token-abcdef", "action": "deleted"}]
    assert SECRETS + "abcdef" not in api.store
    assert run({**entry, "state": "absent"})["changed"] is False


def test_a_token_declared_absent_is_not_handed_out(api, run):
    api.put_in(SECRETS + "fedcba", stored(hours=500))
    result = run({"id": "fedcba", "state": "absent"}, usable=True)
    assert result["token"]["id"] != "fedcba"


def test_only_tokens_are_touched_without_a_cluster_server(api, run):
    assert run(cluster_server="")["changed"] is False
    assert INFO not in api.store and not [path for path in api.store if path.startswith(SECRETS)]


def test_generate_makes_one_each_time_and_gives_it_back(api, run, authority):
    entry = {"ttl": "2h", "description": "by hand", "usages": ["authentication"]}
    first = run(cluster_server="", generate=entry, returned=True)
    second = run(cluster_server="", generate=entry, returned=True)
    assert made(first) == [first["token"]["id"]] != made(second) == [second["token"]["id"]]
    found = _bootstrap_token.from_secret(api.store[SECRETS + first["token"]["id"]])
    assert (found.secret, found.usages, found.description) == (first["token"]["secret"], ("authentication",), "by hand")
    assert first["endpoint"] == api.url[len("https://") :] and first["ca_cert_hashes"][0].startswith("sha256:")
    silent = run(cluster_server="", generate=entry)
    assert not {"token", "endpoint"} & set(silent)
    with pytest.raises(KubephaseError, match="generate.groups: not a group"):
        run(generate={"groups": ["system:masters"]})


def test_nothing_usable_is_no_token(api, run):
    assert "token" not in run(cluster_server="", returned=True)


def test_list(api, run, admin_conf):
    run({"token": DECLARED, "description": "mine", "ttl": "0s"})
    api.put_in(SECRETS + "fedcba", stored(hours=-1, **{"usage-bootstrap-more": "true"}))
    api.put_in(SECRETS + "other0", {**stored("other0"), "metadata": {"name": "misnamed", "namespace": "kube-system"}})
    with _kube_api.Client.from_kubeconfig(admin_conf) as client:
        found = _bootstrap_tokens.listed(client, 5, datetime.now(timezone.utc), False)
        secret = _bootstrap_tokens.listed(client, 5, datetime.now(timezone.utc), True)
    first, second = found["tokens"]
    assert first == {
        "id": "abcdef", "description": "mine", "expires": "", "expired": False, "ttl": None,
        "usages": ["authentication", "signing"], "groups": [GROUP],
    }  # fmt: skip
    assert (second["id"], second["expired"], second["ttl"]) == ("fedcba", True, 0)
    assert second["usages"] == ["authentication", "more", "signing"]
    assert len(found["warnings"]) == 1 and "its name is not bootstrap-token-other0" in found["warnings"][0]
    assert "0123456789abcdef" not in str(found)
    assert secret["tokens"][0]["secret"] == "0123456789abcdef"


def test_no_two_tokens_of_one_id(api, run):
    with pytest.raises(KubephaseError, match="another token has this ID .got 'abcdef'"):
        run(DECLARED, {"id": "abcdef", "state": "absent"})


def test_declared_moment_that_is_over_ends_the_token(api, run):
    run(DECLARED)
    done = run({"token": DECLARED, "expires": "2020-01-01T00:00:00Z"})
    assert done["objects"] == [{"object": "Secret kube-system/bootstrap-token-abcdef", "action": "deleted"}]


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
    assert [entry["object"] for entry in run(cluster_server="https://other:6443")["objects"]] == [
        "ConfigMap kube-public/cluster-info"
    ]
    assert api.store[INFO]["data"]["jws-kubeconfig-abcdef"] == "signature"
    assert "server: https://other:6443" in api.store[INFO]["data"]["kubeconfig"]


def test_objects_are_applied_in_kubeadms_order(api, run):
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "reader", "namespace": "kube-public"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rights", "namespace": "kube-system"}},
    ]
    done = [entry["object"].rpartition("/")[2] for entry in run(DECLARED, objects=objects)["objects"]]
    assert done == ["bootstrap-token-abcdef", "rights", "cluster-info", "reader"]


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
