# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ConfigMap kube-public/cluster-info says, from answers that may be anything."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
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
    _name, entry = cluster_entry(parse_kubeconfig(kubeconfig, where), where)
    server = server_of(entry, where)
    encoded = entry.get("certificate-authority-data")
    if not isinstance(encoded, str) or not encoded:
        raise MalformedClusterInfo("its kubeconfig has no certificate-authority-data", where=where)
    return cluster_of(server, encoded, where)


def parse_kubeconfig(text: str, where: str) -> dict[str, Any]:
    """A kubeconfig's mapping, from a text that may be anything."""
    try:
        found = _kube_yaml.load(text)
    except RecursionError:
        raise MalformedClusterInfo("its kubeconfig is nested too deep", where=where) from None
    except KubephaseError as error:
        raise MalformedClusterInfo(f"its kubeconfig is not YAML: {error}", where=where) from None
    if not isinstance(found, dict):
        raise MalformedClusterInfo("its kubeconfig is not a mapping", where=where)
    return found


def cluster_entry(mapping: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Name and entry of the unnamed cluster, else of the current context's."""
    clusters = by_name(mapping, "clusters", "cluster", where)
    if "" in clusters:
        return "", clusters[""]
    context = by_name(mapping, "contexts", "context", where).get(text_of(mapping.get("current-context")), {})
    name = text_of(context.get("cluster"))
    if name not in clusters:
        raise MalformedClusterInfo("its kubeconfig has neither an unnamed nor a current cluster", where=where)
    return name, clusters[name]


def server_of(entry: Mapping[str, Any], where: str) -> str:
    """The server of a cluster's entry."""
    server = entry.get("server")
    if not isinstance(server, str) or not server:
        raise MalformedClusterInfo("its kubeconfig names no server", where=where)
    _https_get.parse_endpoint(server, f"{where}, server", 443)
    return server


def cluster_of(server: str, encoded: str, where: str) -> Cluster:
    """A cluster by its server and its CA bundle in base64."""
    try:
        ca_pem = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise MalformedClusterInfo("its certificate-authority-data is not base64 of a PEM text", where=where) from None
    certificates = _ca_bundle.parse_bundle(ca_pem, f"{where}, certificate-authority-data")
    return Cluster(server=server, ca_pem=ca_pem, pins=_ca_bundle.pins_of(certificates))


def by_name(mapping: Mapping[str, Any], section: str, field: str, where: str) -> dict[str, dict[str, Any]]:
    """The entries of a kubeconfig's list. Like for Go's programs, no name may be there twice."""
    found: dict[str, dict[str, Any]] = {}
    entries = mapping.get(section)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get(field), dict):
            name = text_of(entry.get("name"))
            if name in found:
                raise MalformedClusterInfo(f"its kubeconfig has two {section} of one name", where=where, value=name)
            found[name] = entry[field]
    return found


def text_of(value: Any) -> str:
    """A field that should be text; anything else counts as not given."""
    return value if isinstance(value, str) else ""
