# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a kubelet got no client certificate, as far as the cluster and the kubelet's journal tell."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_LINES = 10
_WIDTH = 300


def request_state(ask: Callable[[str], Answer], node_name: str) -> str:
    """What became of the node's newest certificate signing request. A bootstrap token may read these; ``ask`` does it."""
    answer = ask(PATH)
    if answer.status != 200:
        return f"its certificate signing request cannot be read (HTTP {answer.status})"
    try:
        items = json.loads(answer.body)["items"]
        mine = [item for item in items if _asks_for(item, node_name)]
        newest = max(mine, key=lambda item: str(item["metadata"]["creationTimestamp"]), default=None)
        return _state(newest) if newest else "it has sent no certificate signing request"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "its certificate signing request cannot be read"


def distinct_lines(journal: str) -> str:
    """The last lines, each message once: a kubelet without a node says the same ten times a second."""
    kept: dict[str, str] = {}
    for line in reversed(journal.splitlines()):
        kept.setdefault(line.partition("] ")[2] or line, line)
    return "\n".join(line[:_WIDTH] for line in reversed(list(kept.values())[:_LINES]))


def _asks_for(item: dict[str, Any], node_name: str) -> bool:
    from cryptography import x509
    from cryptography.hazmat.backends import default_backend
    from cryptography.x509.oid import NameOID

    if item["spec"]["signerName"] != "kubernetes.io/kube-apiserver-client-kubelet":
        return False
    request = x509.load_pem_x509_csr(base64.b64decode(item["spec"]["request"]), default_backend())
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [name.value for name in names] == [f"system:node:{node_name}"]


def _state(item: dict[str, Any]) -> str:
    name = f"its certificate signing request {item['metadata']['name']}"
    status = item.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    for verdict, text in (("Denied", "was denied"), ("Failed", "could not be signed")):
        if verdict in conditions:
            return f"{name} {text}: {conditions[verdict].get('message') or 'no reason given'}"
    if status.get("certificate"):
        return f"{name} is approved and signed, but the kubelet has not fetched the certificate"
    if "Approved" in conditions:
        return f"{name} is approved, but not signed (does kube-controller-manager have the CA's key?)"
    return (
        f"{name} is pending (does kube-controller-manager run, and may the token's group have its requests approved?)"
    )
