# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections kubeadm does not have: network, container runtime, downloads, host preparation, proxy variables."""

from __future__ import annotations

import re
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import MANIFEST, MIRROR, PREFIX, PROXY
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import complete
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Faults

Get = Callable[[str], Any]

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PROXY_SCHEMES = ("http", "https", "socks5")
_SYSCTL = re.compile(r"[a-z0-9_-]+([./][A-Za-z0-9_*:-]+)+\Z")


def resolve_network(get: Get, pod_subnet: str, faults: Faults) -> dict[str, Any]:
    mode, manifests = get("network_mode"), [complete(MANIFEST, item) for item in get("network_manifests")]
    if mode == "bridge" and not pod_subnet:
        faults.add(
            f"{PREFIX}pod_subnet", "network mode bridge needs a Pod network", accepted="a CIDR such as 10.244.0.0/16"
        )
    if mode == "manifest" and not manifests:
        faults.add(f"{PREFIX}network_manifests", "network mode manifest needs at least one manifest")
    for index, item in enumerate(manifests):
        where = f"{PREFIX}network_manifests[{index}]"
        if bool(item.get("url")) == bool(item.get("path")):
            faults.add(where, "needs a url or a path, and not both", item)
        if item.get("url"):
            _check_url(item["url"], f"{where}.url", faults)
            if not item.get("checksum"):
                faults.add(f"{where}.checksum", "a download needs a checksum", accepted="sha256:HEX")
        if item.get("checksum"):
            _check_checksum(item["checksum"], f"{where}.checksum", faults)
    return {"mode": mode, "manifests": manifests}


def resolve_container_runtime(
    get: Get, kubelet: dict[str, Any], registration: dict[str, Any], images: dict[str, str], faults: Faults
) -> dict[str, Any]:
    versions = {name: get(name) for name in ("containerd_version", "runc_version", "cni_plugins_version")}
    for name, version in versions.items():
        if not _VERSION.match(version):
            faults.add(f"{PREFIX}{name}", "not a version", version, "one such as 1.2.3, without v")
    if _VERSION.match(versions["containerd_version"]) and int(versions["containerd_version"].split(".")[0]) < 2:
        faults.add(f"{PREFIX}containerd_version", "too old", versions["containerd_version"], "2.0.0 or newer")
    mirrors: dict[str, list[Any]] = {}
    for registry, entries in get("registry_mirrors").items():
        mirrors[registry] = [complete(MIRROR, entry) for entry in entries]
        for index, entry in enumerate(mirrors[registry]):
            _check_url(entry["url"], f"{PREFIX}registry_mirrors.{registry}[{index}].url", faults)
    return {
        "source": get("container_runtime_source"),
        **versions,
        "cri_socket": registration["criSocket"],
        "cgroup_driver": kubelet["cgroupDriver"],
        "sandbox_image": images["pause"],
        "registry_mirrors": mirrors,
        "proxy": _proxy(get, "container_runtime_proxy", faults),
        "restrict_oom_score_adj": get("containerd_restrict_oom_score_adj"),
    }


def resolve_downloads(get: Get, faults: Faults) -> dict[str, Any]:
    urls = {}
    for name in ("kubernetes_url", "containerd_url", "runc_url", "cni_plugins_url"):
        urls[name] = get(name).rstrip("/")
        _check_url(urls[name], f"{PREFIX}{name}", faults)
    checksums = get("checksums")
    for name, checksum in checksums.items():
        _check_checksum(checksum, f"{PREFIX}checksums.{name}", faults)
    return {**urls, "checksums": checksums, "proxy": _proxy(get, "downloads_proxy", faults)}


def resolve_node(get: Get, faults: Faults) -> dict[str, Any]:
    sysctls = get("extra_sysctls")
    for name, value in sysctls.items():
        where = f"{PREFIX}extra_sysctls.{name}"
        if not _SYSCTL.match(name):
            faults.add(where, "not a sysctl's name", name, "one such as net.ipv4.ip_forward")
        if not _is_sysctl_value(value):
            faults.add(where, "wrong type", value, "a string or a whole number")
    return {
        "swap": get("swap"),
        "hosts_entries": get("hosts_entries"),
        "extra_sysctls": {name: str(value) for name, value in sysctls.items() if _is_sysctl_value(value)},
    }


def _is_sysctl_value(value: Any) -> bool:
    if isinstance(value, str):
        return value.replace("\t", " ").isprintable()
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64


def resolve_proxy_env(get: Get, faults: Faults) -> list[dict[str, str]]:
    """The environment variables that the control plane's Pods and kube-proxy get, sorted by name."""
    given = get("proxy_env")
    for name in given:
        if not name.lower().endswith("_proxy") or not _ENV_NAME.match(name):
            where = f"{PREFIX}proxy_env.{name}"
            faults.add(where, "not a proxy variable", accepted="a name that ends in _proxy, such as HTTPS_PROXY")
    return [{"name": name, "value": given[name]} for name in sorted(given) if given[name]]


def _proxy(get: Get, name: str, faults: Faults) -> dict[str, str]:
    proxy = dict(complete(PROXY, get(name)))
    for key in ("http_proxy", "https_proxy"):
        if proxy.get(key):
            _check_url(proxy[key], f"{PREFIX}{name}.{key}", faults, _PROXY_SCHEMES)
    return proxy


def _check_url(url: str, where: str, faults: Faults, schemes: Any = ("http", "https")) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        shown = url if "@" not in url else "a URL with credentials"
        faults.add(where, "not a usable URL", shown, " or ".join(f"{scheme}://…" for scheme in schemes))


def _check_checksum(checksum: str, where: str, faults: Faults) -> None:
    if not _SHA256.match(checksum):
        faults.add(where, "not a checksum", checksum, "sha256: and 64 lower-case hexadecimal digits")
