# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secret that a bootstrap token is."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
DECLARED = "abcdef.0123456789abcdef"
GROUP = "system:bootstrappers:kubeadm:default-node-token"


def decoded(obj):
    return {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}


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
    tokens = [_bootstrap_token.generate({"ttl": "24h"}, "generate", NOW) for _ in range(50)]
    assert len({token.id for token in tokens}) > 45 and len({token.secret for token in tokens}) == 50
    assert all(re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", f"{token.id}.{token.secret}") for token in tokens)
    assert {token.expires for token in tokens} == {NOW + timedelta(days=1)}
