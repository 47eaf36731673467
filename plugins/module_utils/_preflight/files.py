# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of files: what must not be there yet, unless it is this host's own, and what must."""

from __future__ import annotations

import base64
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle, _certificate, _host_info, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import Finding, error, skipped
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host


def manifest_available(host: Host, path: str, component: str, external: bool = False) -> Iterator[Finding]:
    """Is a manifest's place free, or taken by the component's static Pod, which a run brings to the wanted state?

    :param external: the component is run elsewhere, so that it may not have a manifest here at all.
    """
    data = host.read(path)
    if data is None:
        if host.exists(path):
            yield error(f"{path} cannot be read: it has to be a file")
        return
    if external:
        yield error(f"{path} exists although etcd is external in the configuration: remove one of the two")
        return
    if not _is_component(data, component):
        yield error(
            f"{path} exists and is not the static Pod of {component} (labels component: {component}, "
            "tier: control-plane): move it away"
        )


def etcd_directory(host: Host, path: str, manifest: str, certificate: str) -> Iterator[Finding]:
    """Is etcd's data directory empty, or this host's own: is there etcd's static Pod or its server certificate?"""
    place = host.path(path)
    if not os.path.exists(place):
        return
    try:
        empty = not os.listdir(place)
    except OSError as failure:
        yield error(f"{path} cannot be read: {failure.strerror}")
        return
    if not empty and not _is_component(host.read(manifest), "etcd") and not host.exists(certificate):
        yield error(
            f"{path} is not empty and nothing on this host says whose data it is (neither {manifest} nor {certificate}): "
            "empty it, or set etcd.local.dataDir to another directory"
        )


def etcd_data(host: Host, path: str) -> Iterator[Finding]:
    """Has a control plane that is done the data of its etcd?

    One that begins a cluster or joins one is not done before its etcd has started.
    """
    root = pathlib.Path(host.root)
    done = _host_info.member(root) == "control_plane" and not _host_info.founding(root)
    if done and not host.exists(f"{path}/member"):
        yield error(
            f"this host is a control plane, and {path} has no data of etcd: a new etcd would be empty. Correct "
            "etcd.local.dataDir, group etcd or etcd.external, or reset this host so that it joins the others"
        )


def kubelet_kubeconfig(host: Host, path: str, pins: Sequence[str]) -> Iterator[Finding]:
    """An existing kubelet.conf is that of a node which joined before; it may not be another cluster's."""
    data = host.read(path)
    if data is None or not pins:
        return
    authority = _kubeconfig_authority(data)
    if authority is not None:
        yield from _pinned(host, authority, pins, path)


def authority_available(host: Host, path: str, pins: Sequence[str]) -> Iterator[Finding]:
    """An existing CA certificate is kept when it is one of those pinned."""
    data = host.read(path)
    if data is not None and pins:
        yield from _pinned(host, data, pins, path)


def path_exists(host: Host, path: str) -> Iterator[Finding]:
    """Is a file that the user has to provide there?"""
    if not host.exists(path):
        yield error(f"{path} does not exist: copy it to this host")


def in_path(host: Host, program: str) -> Iterator[Finding]:
    """Is a program installed?"""
    if host.which(program) is None:
        yield (
            skipped(program)
            if host.check_mode
            else error(f"{program} is not in the PATH: install the package that has it")
        )


def switched_on(host: Host, path: str) -> Iterator[Finding]:
    """Does a file of /proc/sys begin with 1?"""
    if (host.read(path) or b"")[:1] != b"1":
        name = path[len("/proc/sys/") :].replace("/", ".")
        yield skipped(name) if host.check_mode else error(f"{path} is not 1: set the sysctl {name} to 1 (role node)")


def _pinned(host: Host, pem: bytes, pins: Sequence[str], path: str) -> Iterator[Finding]:
    if not _certificate.library_is_there():
        missing = "python3-cryptography, to compare certificates with,"
        yield skipped(missing) if host.check_mode else error(f"{missing} is not installed: install it (role node)")
        return
    try:
        bundle = _ca_bundle.parse_bundle(pem.decode("utf-8", "replace"), path)
    except KubephaseError as failure:
        yield error(f"{failure}: remove it, or put the cluster's CA certificate there")
        return
    if not _ca_bundle.any_pinned(bundle, pins):
        yield error(
            f"{path} is of another cluster: its CA ({', '.join(_ca_bundle.pins_of(bundle))}) is none of those that are "
            "pinned: reset this host, or correct caCertHashes"
        )


def _is_component(data: bytes | None, component: str) -> bool:
    """Whether a manifest is the static Pod of a component, as kubeadm labels it."""
    labels = _pod_labels(data) if data is not None else {}
    return (labels.get("component"), labels.get("tier")) == (component, "control-plane")


def _pod_labels(data: bytes) -> dict[str, Any]:
    found = _mapping(data)
    if found.get("kind") != "Pod":
        return {}
    metadata = found.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return labels if isinstance(labels, dict) else {}


def _kubeconfig_authority(data: bytes) -> bytes | None:
    """The first CA in a kubeconfig, also where it is damaged otherwise."""
    for entry in _mapping(data).get("clusters") or []:
        try:
            return base64.b64decode(entry["cluster"]["certificate-authority-data"])
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _mapping(data: bytes) -> dict[str, Any]:
    try:
        found = _kube_yaml.load(data)
    except KubephaseError:
        return {}
    return found if isinstance(found, dict) else {}
