# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own parts: InitConfiguration or JoinConfiguration, node registration, local API endpoint, labels."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import GROUP, TOKEN, USAGES
from ansible_collections.kubephase.cluster.plugins.module_utils._config import addresses, go_url, units
from ansible_collections.kubephase.cluster.plugins.module_utils._config.cluster import check_args
from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import NODE_REGISTRATION
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import complete
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document, Faults

DEFAULT_BIND_PORT = 6443
DEFAULT_CRI_SOCKET = "unix:///var/run/containerd/containerd.sock"
_TIMEOUTS = {
    "controlPlaneComponentHealthCheck": 240,
    "kubeletHealthCheck": 240,
    "kubernetesAPICall": 60,
    "etcdAPICall": 120,
    "tlsBootstrap": 300,
    "discovery": 300,
    "upgradeManifests": 300,
}
_CERTIFICATE_KEY = re.compile(r"[0-9a-fA-F]{64}\Z")
_CA_HASH = re.compile(r"sha256:[0-9a-fA-F]{64}\Z")


def resolve_registration(document: Document, host: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """The node registration of a host. A null ``taints`` stays null: kubeadm's default for the node's role."""
    value = dict(document.value)
    name = str(document.get("name", default=host.get("hostname", ""))).strip().lower()
    if not addresses.is_subdomain(name):
        where = document.where("name")
        faults.add(where, "not a node name", name, "a DNS name: lower-case letters, digits, '-' and '.'")
    value["name"] = name
    value["criSocket"] = resolve_socket(document, DEFAULT_CRI_SOCKET, faults)
    value["imagePullPolicy"] = document.get("imagePullPolicy", default="IfNotPresent")
    value["imagePullSerial"] = document.get("imagePullSerial", default=True)
    check_args(document, value.get("kubeletExtraArgs"), faults, "kubeletExtraArgs")
    check_ignored(document, faults, "ignorePreflightErrors")
    result = dict(complete(NODE_REGISTRATION, value))
    for name in ("kubeletExtraArgs", "ignorePreflightErrors"):
        result.setdefault(name, [])
    return result


def check_ignored(document: Document, faults: Faults, *path: str) -> None:
    """Preflight checks to ignore: kubeadm takes ``all`` by itself only."""
    given = document.get(*path, default=[])
    ignored = {str(check).lower() for check in given}
    if "all" in ignored and len(ignored) > 1:
        faults.add(document.where(*path), "'all' stands alone", given)


def resolve_socket(document: Document, default: str, faults: Faults) -> str:
    """The container runtime's socket as a URL."""
    text = str(document.get("criSocket", default=default))
    socket = text if text.startswith("unix") else f"unix://{text}"
    url = go_url.parse(socket)
    if url is None or url.scheme != "unix":
        faults.add(document.where("criSocket"), "not a socket", text, "unix:///PATH")
    return socket


def resolve_endpoint(document: Document, host: dict[str, Any], needed: bool, faults: Faults) -> dict[str, Any]:
    """Where this host's API server listens; the address of the default route where nothing else is said."""
    given = document.get("advertiseAddress", default="")
    port = document.get("bindPort", default=0) or DEFAULT_BIND_PORT
    parsed = addresses.parse_ip(given) if given else None
    address = str(parsed) if parsed else given
    if given and parsed is None:
        faults.add(document.where("advertiseAddress"), "not an IP address", given)
    elif parsed is None or parsed.is_unspecified:
        four, six = host.get("default_ipv4") or "", host.get("default_ipv6") or ""
        address = (six or four) if parsed is not None and parsed.version == 6 else (four or six)
        if not address and needed:
            where = document.where("advertiseAddress")
            faults.add(where, "the host has no default route to take an address from", hint="Set it")
    elif parsed.is_loopback or parsed.is_multicast or parsed.is_link_local or str(parsed) == "255.255.255.255":
        faults.add(document.where("advertiseAddress"), "not an address to advertise", given, "a global unicast address")
    if not 1 <= port <= 65535:
        faults.add(document.where("bindPort"), "not a port", port, "1 to 65535")
    return {"advertiseAddress": address, "bindPort": port}


def resolve_labels(labels: dict[str, str], where: str, faults: Faults) -> dict[str, str]:
    for key, value in labels.items():
        if not addresses.is_label_key(key):
            faults.add(
                f"{where}.{key}", "not a label's name", accepted="[PREFIX/]NAME of letters, digits, '-', '_', '.'"
            )
        elif not addresses.is_label_value(value):
            faults.add(f"{where}.{key}", "not a label's value", value, "at most 63 letters, digits, '-', '_', '.'")
    return labels


def resolve_annotations(annotations: dict[str, str], where: str, faults: Faults) -> dict[str, str]:
    for key in annotations:
        if not addresses.is_label_key(key):
            accepted = "[PREFIX/]NAME of letters, digits, '-', '_', '.'"
            faults.add(f"{where}.{key}", "not an annotation's name", accepted=accepted)
    return annotations


def resolve_timeouts(document: Document) -> dict[str, int]:
    """kubeadm's timeouts in seconds."""
    given = document.get("timeouts", default={})
    return {name: units.seconds(given[name]) if given.get(name) else default for name, default in _TIMEOUTS.items()}


def check_dry_run(document: Document, check_mode: bool, faults: Faults) -> None:
    """A dry run is what the collection has check mode for."""
    if document.get("dryRun") and not check_mode:
        faults.add(document.where("dryRun"), "a dry run is wanted, and this run changes hosts", hint="Run with --check")


def check_init(document: Document, faults: Faults) -> None:
    """The parts of InitConfiguration that no host's fact carries."""
    check_timeouts(document, faults)
    _certificate_key(document, faults, "certificateKey")
    for index, token in enumerate(document.get("bootstrapTokens", default=[])):
        if token is not None:
            _check_token(document, index, token, faults)


def check_join(document: Document, faults: Faults) -> None:
    """The parts of JoinConfiguration that no host's fact carries. Discovery is optional: a play can find it out."""
    check_timeouts(document, faults)
    _certificate_key(document, faults, "controlPlane", "certificateKey")
    path = document.get("caCertPath", default="/ca.crt")
    if not path.startswith("/") or not path.endswith(".crt"):
        faults.add(document.where("caCertPath"), "not a certificate's path", path, "an absolute path that ends in .crt")
    discovery = document.get("discovery", default={})
    token, file = discovery.get("bootstrapToken"), discovery.get("file")
    if token is not None and file is not None:
        faults.add(document.where("discovery", "file"), "discovery is by bootstrapToken or by file, not both")
    for steps, text in (
        (("discovery", "bootstrapToken", "token"), (token or {}).get("token")),
        (("discovery", "tlsBootstrapToken"), discovery.get("tlsBootstrapToken")),
    ):
        if text and not TOKEN.match(text):
            faults.add(document.where(*steps), "not a bootstrap token", accepted="ID.SECRET, 6 and 16 of a-z and 0-9")
    if token is not None:
        _check_token_discovery(document, token, faults)
    if file is not None:
        _check_file_discovery(document, file, faults)


def _check_token_discovery(document: Document, token: dict[str, Any], faults: Faults) -> None:
    path = ("discovery", "bootstrapToken")
    endpoint = token.get("apiServerEndpoint")
    if endpoint and not addresses.has_port(endpoint):
        faults.add(document.where(*path, "apiServerEndpoint"), "not an endpoint", endpoint, "HOST:PORT")
    for index, pin in enumerate(token.get("caCertHashes") or []):
        if pin is not None and not _CA_HASH.match(pin):
            where = document.where(*path, "caCertHashes", index)
            faults.add(where, "not a CA's hash", pin, "sha256: and 64 hexadecimal digits")
    if token.get("token") and not token.get("caCertHashes") and not token.get("unsafeSkipCAVerification"):
        faults.add(
            document.where(*path, "caCertHashes"),
            "discovery by token needs the CA's hash",
            accepted="sha256: and 64 hexadecimal digits",
            hint="Or set unsafeSkipCAVerification",
        )


def _check_file_discovery(document: Document, file: dict[str, Any], faults: Faults) -> None:
    text = file.get("kubeConfigPath") or ""
    url = go_url.parse(text)
    if not text or url is None or url.scheme not in ("", "file", "https"):
        where = document.where("discovery", "file", "kubeConfigPath")
        faults.add(where, "not a file and not a usable URL", text, "a path on the host, or https://…")


def kubeconfig_path(text: str) -> str:
    """Where the kubeconfig for discovery is: a URL of a file is its path."""
    url = go_url.parse(text)
    return url.path if url is not None and url.scheme == "file" else text


def check_timeouts(document: Document, faults: Faults) -> None:
    for name, text in document.get("timeouts", default={}).items():
        if text and units.parse_duration(text) <= 0:
            faults.add(document.where("timeouts", name), "must be longer than nothing", text)


def _certificate_key(document: Document, faults: Faults, *path: str) -> None:
    key = document.get(*path)
    if key and not _CERTIFICATE_KEY.match(key):
        faults.add(document.where(*path), "not a certificate key", accepted="64 hexadecimal digits")


def _check_token(document: Document, index: int, token: dict[str, Any], faults: Faults) -> None:
    where = document.where("bootstrapTokens", index)
    text = token.get("token")
    if text is not None and not TOKEN.match(text):
        faults.add(f"{where}.token", "not a bootstrap token", accepted="ID.SECRET, 6 and 16 of a-z and 0-9")
    usages: list[str] = token.get("usages") or list(USAGES)
    for usage in usages:
        if usage not in USAGES:
            faults.add(f"{where}.usages", "not a usage", usage, ", ".join(USAGES))
    if "authentication" not in usages:
        faults.add(f"{where}.usages", "a token with groups needs the usage authentication", usages)
    for group in token.get("groups") or []:
        if group is not None and not GROUP.match(group):
            faults.add(f"{where}.groups", "not a bootstrap group", group, "system:bootstrappers:NAME")
    if token.get("expires"):
        faults.add(f"{where}.expires", "cannot be used, a token always has a ttl", token["expires"], hint="Use ttl")
