# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_fault import distinct_lines, request_state
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer


def request(name: str, node: str = "w1", created: str = "2026-01-01T00:00:00Z", **status: Any) -> dict[str, Any]:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{node}")])
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    encoded = base64.b64encode(csr.public_bytes(Encoding.PEM)).decode()
    return {
        "metadata": {"name": name, "creationTimestamp": created},
        "spec": {"signerName": "kubernetes.io/kube-apiserver-client-kubelet", "request": encoded},
        "status": status,
    }


def state(*items: dict[str, Any]) -> str:
    return request_state(lambda _: Answer(200, json.dumps({"items": items}).encode()), "w1")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({}, "csr-1 is pending"),
        ({"conditions": [{"type": "Approved"}]}, "csr-1 is approved, but not signed"),
        ({"conditions": [{"type": "Approved"}], "certificate": "LS0t"}, "csr-1 is approved and signed, but"),
        ({"conditions": [{"type": "Denied", "message": "not you"}]}, "csr-1 was denied: not you"),
        ({"conditions": [{"type": "Approved"}, {"type": "Failed"}]}, "csr-1 could not be signed: no reason given"),
    ],
)
def test_says_what_became_of_the_request(status: dict[str, Any], text: str) -> None:
    assert text in state(request("csr-1", **status))


def test_only_the_nodes_newest_request_counts() -> None:
    items = [request("csr-old"), request("csr-new", created="2026-01-02T00:00:00Z"), request("csr-other", node="w2")]
    assert "csr-new is pending" in state(*items)
    assert state(items[2]) == "it has sent no certificate signing request"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"items": [1]}', b'{"items": [{"spec": {}}]}'])
def test_any_answer_is_no_traceback(body: bytes) -> None:
    assert request_state(lambda _: Answer(200, body), "w1") == "its certificate signing request cannot be read"


def test_forbidden() -> None:
    assert "(HTTP 403)" in request_state(lambda _: Answer(403, b"{}"), "w1")


def test_each_journal_message_once_and_the_last_ones() -> None:
    journal = "\n".join([f"E1 09:00:0{n} kubelet.go:1] same" for n in range(5)] + [f"line {n}" for n in range(12)])
    assert distinct_lines(journal).splitlines() == [f"line {n}" for n in range(2, 12)]
    assert distinct_lines("E1 a] same\nE1 b] other\nE1 c] same") == "E1 b] other\nE1 c] same"
