# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ExternalEtcdVersion: does every member of an external etcd answer, in a version that is supported?"""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import Finding, error
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.version import parse

OLDEST = (3, 5, 24)
TIMEOUT, RETRIES, INTERVAL = 10.0, 3, 5.0


def external_version(host: Host, etcd: Mapping[str, Any], interval: float = INTERVAL) -> Iterator[Finding]:
    """Ask every endpoint for its version, all at once.

    :param etcd: ``etcd.external`` of the ClusterConfiguration.
    """
    endpoints = [str(one).rstrip("/") for one in etcd.get("httpEndpoints") or etcd.get("endpoints") or []]
    try:
        context = _tls(host, etcd)
    except (OSError, ssl.SSLError) as failure:
        yield error(f"the certificates for the external etcd cannot be loaded ({failure}): copy them to this host")
        return
    with ThreadPoolExecutor(max_workers=max(len(endpoints), 1)) as pool:
        for message in pool.map(lambda endpoint: _judge(endpoint, context, interval), endpoints):
            if message:
                yield error(message)


def _judge(endpoint: str, context: ssl.SSLContext, interval: float) -> str:
    text = ""
    for attempt in range(RETRIES + 1):
        if attempt:
            time.sleep(interval)
        try:
            text = _ask(endpoint, context)
            break
        except urllib.error.HTTPError as failure:
            reason = f"HTTP status {failure.code}"
            if failure.code < 500:
                return f"the external etcd {endpoint} does not tell its version: {reason}"
        except (OSError, ValueError) as failure:
            reason = str(getattr(failure, "reason", failure))
        if attempt == RETRIES:
            return f"the external etcd {endpoint} does not answer: {reason}"
    found = parse(text)
    oldest = ".".join(map(str, OLDEST))
    if found is None:
        return f"the external etcd {endpoint} tells {text!r} as its version"
    if found[:3] < OLDEST:
        return f"the external etcd {endpoint} has version {found}; {oldest} is the oldest that is supported"
    return ""


def _ask(endpoint: str, context: ssl.SSLContext) -> str:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    with opener.open(f"{endpoint}/version", timeout=TIMEOUT) as answer:
        found = json.loads(answer.read())
    if not isinstance(found, dict):
        raise ValueError("an answer that is no version")
    return str(found.get("etcdserver", ""))


def _tls(host: Host, etcd: Mapping[str, Any]) -> ssl.SSLContext:
    authority = str(etcd.get("caFile") or "")
    context = ssl.create_default_context(cafile=host.path(authority) if authority else None)
    certificate, key = str(etcd.get("certFile") or ""), str(etcd.get("keyFile") or "")
    if certificate and key:
        context.load_cert_chain(host.path(certificate), host.path(key))
    return context
