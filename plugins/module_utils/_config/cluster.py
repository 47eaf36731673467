# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClusterConfiguration: kubeadm's defaults, normal form and validation."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config import addresses, go_url, units
from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import (
    API_VERSION,
    CLUSTER,
    ENCRYPTION_ALGORITHMS,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import complete
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document, Faults, Step
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import (
    MINORS,
)

_DEFAULTS: dict[str, str] = {
    "certificatesDir": "/etc/kubernetes/pki",
    "clusterName": "kubernetes",
    "imageRepository": "registry.k8s.io",
    "encryptionAlgorithm": ENCRYPTION_ALGORITHMS[0],
    "certificateValidityPeriod": "8760h0m0s",
    "caCertificateValidityPeriod": "87600h0m0s",
}
_SERVICE_SUBNET = "10.96.0.0/12"
_DNS_DOMAIN = "cluster.local"
_ETCD_DATA_DIR = "/var/lib/etcd"
_MAX_SERVICE_BITS = 20
_MIN_SERVICE_ADDRESSES = 10
_MIN_POD_ADDRESSES = 14
_MAX_NODE_MASK_DIFFERENCE = 16
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_NODE_MASK = {4: 24, 6: 64}
_ENDPOINTS_NEEDED = 35
"""The first minor version that wants an endpoint of an external etcd."""


def resolve_cluster(document: Document, version: dict[str, Any], bind_port: int, faults: Faults) -> dict[str, Any]:
    """The mapping that goes to ConfigMap kubeadm-config, and what is wrong with it."""
    value = dict(document.value)
    value.update({name: document.get(name, default=default) for name, default in _DEFAULTS.items()})
    value["apiVersion"], value["kind"] = API_VERSION, "ClusterConfiguration"
    value["kubernetesVersion"] = f"ci/{version['gitVersion']}" if version["ci"] else version["gitVersion"]
    value["networking"] = {
        **(document.get("networking") or {}),
        "serviceSubnet": document.get("networking", "serviceSubnet", default=_SERVICE_SUBNET),
        "dnsDomain": document.get("networking", "dnsDomain", default=_DNS_DOMAIN),
    }
    value["controlPlaneEndpoint"] = _endpoint(document, bind_port, faults)
    value["etcd"] = _etcd(document, version["minor"], faults)
    _lower_names(value)
    _default_field_refs(value)
    _check_networking(document, value, faults)
    _check_plain(document, value, version["minor"], faults)
    return dict(complete(CLUSTER, value))


def _endpoint(document: Document, bind_port: int, faults: Faults) -> str:
    text = document.get("controlPlaneEndpoint", default="")
    if not text:
        return ""
    parts = addresses.split_host_port(text)
    if parts is None:
        faults.add(
            document.where("controlPlaneEndpoint"),
            "not an endpoint",
            text,
            "an IP address or a lower-case DNS name, with :port (1 to 65535) or without",
        )
        return ""
    return text if parts[1] else addresses.join_host_port(parts[0], bind_port)


def _etcd(document: Document, minor: int, faults: Faults) -> dict[str, Any]:
    local, external = document.get("etcd", "local"), document.get("etcd", "external")
    if local is not None and external is not None:
        faults.add(document.where("etcd", "external"), "external and local etcd exclude each other", hint="Remove one")
    if external is None:
        local = dict(local or {})
        local["dataDir"] = local.get("dataDir") or _ETCD_DATA_DIR
        _check_local_etcd(document, local, faults)
        return {"local": local}
    external = dict(external)
    if minor >= 35 and external.get("endpoints") and not external.get("httpEndpoints"):
        external["httpEndpoints"] = list(external["endpoints"])
    _check_external_etcd(document, external, minor, faults)
    return {"external": external}


def _check_local_etcd(document: Document, local: dict[str, Any], faults: Faults) -> None:
    path = ("etcd", "local")
    absolute(document, local["dataDir"], faults, *path, "dataDir")
    for name in ("serverCertSANs", "peerCertSANs"):
        _alternative_names(document, local.get(name), faults, *path, name)
    if local.get("imageRepository"):
        _repository(document, local["imageRepository"], faults, *path, "imageRepository")
    check_args(document, local.get("extraArgs"), faults, *path, "extraArgs")


def _check_external_etcd(document: Document, external: dict[str, Any], minor: int, faults: Faults) -> None:
    path = ("etcd", "external")
    ca, cert, key = (external.get(name) or "" for name in ("caFile", "certFile", "keyFile"))
    if bool(cert) != bool(key):
        missing = "keyFile" if cert else "certFile"
        faults.add(document.where(*path, missing), "certFile and keyFile are given together or not at all")
    elif cert and not ca:
        faults.add(document.where(*path, "caFile"), "certFile and keyFile need a caFile")
    for name, text in (("caFile", ca), ("certFile", cert), ("keyFile", key)):
        if text:
            absolute(document, text, faults, *path, name)
    if not external.get("endpoints") and minor >= _ENDPOINTS_NEEDED:
        faults.add(document.where(*path, "endpoints"), "at least one endpoint is needed", accepted="https://HOST:2379")
    for name in ("endpoints", "httpEndpoints"):
        secured = name == "endpoints" and bool(ca or cert or key)
        for index, text in enumerate(document.get(*path, name) or []):
            url = go_url.parse(text or "")
            if url is None or not url.scheme or (secured and url.scheme != "https"):
                accepted = "https://HOST:PORT" if secured else "http(s)://HOST:PORT"
                faults.add(document.where(*path, name, index), "not a usable URL", text, accepted)


def _lower_names(value: dict[str, Any]) -> None:
    server = value.get("apiServer") or {}
    if server.get("certSANs"):
        value["apiServer"] = {**server, "certSANs": [name.lower() for name in server["certSANs"] if name is not None]}


def _default_field_refs(value: dict[str, Any]) -> None:
    for component in ("apiServer", "controllerManager", "scheduler"):
        settings = value.get(component) or {}
        if settings.get("extraEnvs"):
            value[component] = {**settings, "extraEnvs": with_field_versions(settings["extraEnvs"])}
    local = value["etcd"].get("local") or {}
    if local.get("extraEnvs"):
        value["etcd"] = {"local": {**local, "extraEnvs": with_field_versions(local["extraEnvs"])}}


def with_field_versions(envs: list[Any]) -> list[Any]:
    """Environment variables whose fieldRef says its apiVersion, as the API server's defaulting would."""
    result = []
    for env in envs:
        reference = ((env or {}).get("valueFrom") or {}).get("fieldRef")
        if reference is not None and not reference.get("apiVersion"):
            source = {**env["valueFrom"], "fieldRef": {**reference, "apiVersion": "v1"}}
            env = {**env, "valueFrom": source}
        result.append(env)
    return result


def _check_networking(document: Document, value: dict[str, Any], faults: Faults) -> None:
    networking = value["networking"]
    if not addresses.is_subdomain(networking["dnsDomain"]):
        faults.add(
            document.where("networking", "dnsDomain"), "not a DNS name", networking["dnsDomain"], "cluster.local"
        )
    services = _subnet(document, networking["serviceSubnet"], _MIN_SERVICE_ADDRESSES, faults, "serviceSubnet")
    for network in services:
        if network.max_prefixlen - network.prefixlen > _MAX_SERVICE_BITS:
            smallest = network.max_prefixlen - _MAX_SERVICE_BITS
            where = document.where("networking", "serviceSubnet")
            faults.add(where, "too large", str(network), f"a prefix of /{smallest} or longer")
    pods: list[addresses.Network] = []
    if networking.get("podSubnet"):
        pods = _subnet(document, networking["podSubnet"], _MIN_POD_ADDRESSES, faults, "podSubnet")
        _check_node_masks(document, value, pods, faults)
    for service in services:
        for pod in pods:
            if service.version == pod.version and service.overlaps(pod):
                faults.add(
                    document.where("networking", "podSubnet"),
                    f"the Pod network overlaps the service network {service}",
                    str(pod),
                    hint=f"Change it or {document.where('networking', 'serviceSubnet')}",
                )


def _subnet(document: Document, text: str, smallest: int, faults: Faults, name: str) -> list[addresses.Network]:
    where = document.where("networking", name)
    networks = addresses.parse_cidrs(text)
    if networks is None:
        faults.add(where, "not a CIDR", text, "one CIDR, or an IPv4 and an IPv6 one separated by a comma")
        return []
    if len(networks) > 2 or (len(networks) == 2 and networks[0].version == networks[1].version):
        faults.add(where, "wrong number of CIDRs", text, "one CIDR, or one of each family for dual stack")
    for network in networks:
        if not addresses.enough_addresses(network, smallest):
            faults.add(where, "too small", str(network), f"at least {smallest} addresses")
    return networks


def last_arg(args: Any, name: str) -> str:
    """The value of the last argument with this name, or nothing."""
    found = [arg.get("value") or "" for arg in args or [] if arg and arg.get("name") == name]
    return found[-1] if found else ""


def _check_node_masks(document: Document, value: dict[str, Any], pods: list[addresses.Network], faults: Faults) -> None:
    args = (value.get("controllerManager") or {}).get("extraArgs")
    if last_arg(args, "allocate-node-cidrs") == "false":
        return
    for network in pods:
        name = f"node-cidr-mask-size-ipv{network.version}"
        text = last_arg(args, name) or str(_NODE_MASK[network.version])
        if not _INTEGER.match(text):
            where = document.where("controllerManager", "extraArgs")
            faults.add(f"{where} ({name})", "not a prefix length", text, f"0 to {network.max_prefixlen}")
            continue
        difference = int(text) - network.prefixlen
        if difference < 0 or difference > _MAX_NODE_MASK_DIFFERENCE:
            shortest, longest = max(int(text) - _MAX_NODE_MASK_DIFFERENCE, 0), int(text)
            faults.add(
                document.where("networking", "podSubnet"),
                f"does not fit the nodes' networks of /{text}",
                str(network),
                f"a prefix of /{shortest} to /{longest}",
                f"Or set the kube-controller-manager's {name}",
            )


def _check_plain(document: Document, value: dict[str, Any], minor: int, faults: Faults) -> None:
    absolute(document, value["certificatesDir"], faults, "certificatesDir")
    _repository(document, value["imageRepository"], faults, "imageRepository")
    dns = value.get("dns") or {}
    if dns.get("imageRepository"):
        _repository(document, dns["imageRepository"], faults, "dns", "imageRepository")
    _alternative_names(document, (value.get("apiServer") or {}).get("certSANs"), faults, "apiServer", "certSANs")
    for component in ("apiServer", "controllerManager", "scheduler"):
        check_args(document, (value.get(component) or {}).get("extraArgs"), faults, component, "extraArgs")
    known = MINORS[minor].feature_gates
    for gate in value.get("featureGates") or {}:
        if gate not in known:
            where = document.where("featureGates", gate)
            faults.add(where, f"kubeadm 1.{minor} has no such feature gate", accepted=", ".join(sorted(known)))
    for name in ("certificateValidityPeriod", "caCertificateValidityPeriod"):
        if units.parse_duration(value[name]) <= 0:
            faults.add(document.where(name), "must be longer than nothing", value[name])


def effective_algorithm(settings: dict[str, Any], minor: int) -> str:
    """The algorithm of keys: the feature gate PublicKeysECDSA, where it is said and known, wins over the field."""
    gates = settings.get("featureGates") or {}
    if "PublicKeysECDSA" in gates and "PublicKeysECDSA" in MINORS[minor].feature_gates:
        return "ECDSA-P256" if gates["PublicKeysECDSA"] else "RSA-2048"
    return str(settings["encryptionAlgorithm"])


def check_args(document: Document, args: Any, faults: Faults, *path: Step) -> None:
    for index, arg in enumerate(args or []):
        if arg is not None and not arg.get("name"):
            faults.add(
                document.where(*path, index, "name"), "an argument needs a name", accepted="a flag without dashes"
            )


def absolute(document: Document, text: str, faults: Faults, *path: Step) -> None:
    """Whether a path begins at the root."""
    if not text.startswith("/"):
        faults.add(document.where(*path), "not an absolute path", text)


def _repository(document: Document, text: str, faults: Faults, *path: Step) -> None:
    if not addresses.is_repository(text):
        faults.add(document.where(*path), "not an image repository", text, "such as registry.example.org/kubernetes")


def _alternative_names(document: Document, names: Any, faults: Faults, *path: Step) -> None:
    for index, name in enumerate(names or []):
        if name is not None and not addresses.is_alternative_name(name):
            accepted = "an IP address, a DNS name or a wildcard DNS name"
            faults.add(document.where(*path, index), "cannot stand in a certificate", name, accepted)


def warnings(cluster: dict[str, Any]) -> list[str]:
    """What kubeadm would warn of."""
    leaf, authority = cluster["certificateValidityPeriod"], cluster["caCertificateValidityPeriod"]
    found = []
    if units.parse_duration(leaf) > units.parse_duration(authority):
        found.append(f"certificateValidityPeriod {leaf} is longer than caCertificateValidityPeriod {authority}")
    for name in ("certificateValidityPeriod", "caCertificateValidityPeriod"):
        if units.parse_duration(cluster[name]) > units.parse_duration(_DEFAULTS[name]):
            found.append(f"{name} {cluster[name]} is longer than kubeadm's default {_DEFAULTS[name]}")
    for name in ("serviceSubnet", "podSubnet"):
        for network in addresses.parse_cidrs(cluster["networking"].get(name) or "") or []:
            if network.version == 6 and network.overlaps(_SITE_LOCAL):
                found.append(f"networking.{name} {network} is in fec0::/10, which RFC 3879 deprecates")
    return found
