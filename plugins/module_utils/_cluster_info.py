# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ConfigMap kube-public/cluster-info says, from answers that may be anything."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _https_get, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError


class MalformedClusterInfo(KubephaseError):
    """The answer is not what an API server says."""


@dataclass(frozen=True)
class Cluster:
    """What discovery found: public facts.

    :param server: URL of the API server as the cluster itself names it.
    :param ca_pem: the CA bundle exactly as the cluster hands it out.
    :param pins: hashes of its certificates.
    """

    server: str
    ca_pem: str
    pins: list[str]


def parse_config_map(body: bytes, where: str) -> dict[str, str]:
    """The ``data`` of a ConfigMap, from an answer that may be anything."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedClusterInfo("the answer is not JSON", where=where, hint="Check address and port") from None
    if not isinstance(found, dict) or found.get("kind") != "ConfigMap":
        raise MalformedClusterInfo("the answer is not a ConfigMap", where=where, hint="Check address and port")
    data = found.get("data") or {}
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise MalformedClusterInfo("the ConfigMap's data is not text", where=where)
    return data


def parse_cluster_info(kubeconfig: str, where: str) -> Cluster:
    """The cluster that a kubeconfig without users names: the unnamed one, else the current context's."""
    entry = _cluster_entry(kubeconfig, where)
    server, encoded = entry.get("server"), entry.get("certificate-authority-data")
    if not isinstance(server, str) or not server:
        raise MalformedClusterInfo("its kubeconfig names no server", where=where)
    _https_get.parse_endpoint(server, f"{where}, server")
    if not isinstance(encoded, str) or not encoded:
        raise MalformedClusterInfo("its kubeconfig has no certificate-authority-data", where=where)
    try:
        ca_pem = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise MalformedClusterInfo("its certificate-authority-data is not base64 of a PEM text", where=where) from None
    certificates = _ca_bundle.parse_bundle(ca_pem, f"{where}, certificate-authority-data")
    return Cluster(server=server, ca_pem=ca_pem, pins=_ca_bundle.pins_of(certificates))


def _cluster_entry(kubeconfig: str, where: str) -> dict[str, Any]:
    try:
        found = _kube_yaml.load(kubeconfig)
    except RecursionError:
        raise MalformedClusterInfo("its kubeconfig is nested too deep", where=where) from None
    except KubephaseError as error:
        raise MalformedClusterInfo(f"its kubeconfig is not YAML: {error}", where=where) from None
    if not isinstance(found, dict):
        raise MalformedClusterInfo("its kubeconfig is not a mapping", where=where)
    clusters = _by_name(found.get("clusters"), "cluster")
    if "" in clusters:
        return clusters[""]
    context = _by_name(found.get("contexts"), "context").get(_text(found.get("current-context")), {})
    name = _text(context.get("cluster"))
    if name not in clusters:
        raise MalformedClusterInfo("its kubeconfig has neither an unnamed nor a current cluster", where=where)
    return clusters[name]


def _by_name(entries: Any, field_name: str) -> dict[str, dict[str, Any]]:
    found = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get(field_name), dict):
            found[_text(entry.get("name"))] = entry[field_name]
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
