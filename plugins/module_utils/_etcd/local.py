# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from a host to its etcd, as the manifests of its static Pods tell it: no API server has to answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _static_pods_running
from ansible_collections.kubephase.cluster.plugins.module_utils._config.addresses import join_host_port
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Credentials


@dataclass(frozen=True)
class Access:
    """Where members answer clients, and what lets one in."""

    endpoints: tuple[str, ...]
    credentials: Credentials


def stacked(certificates_dir: str) -> Credentials:
    """What kubeadm itself uses on a host that has a member of its own."""
    folder = os.path.join(certificates_dir, "etcd")
    return Credentials(
        ca=os.path.join(folder, "ca.crt"),
        certificate=os.path.join(folder, "healthcheck-client.crt"),
        key=os.path.join(folder, "healthcheck-client.key"),
    )


def _of_members(initial_cluster: str, own: str) -> list[str]:
    """Where the members that etcd began with answer clients, should its own not answer. Some of them may be gone by now."""
    hosts = [urlsplit(entry.partition("=")[2]).hostname for entry in initial_cluster.split(",")]
    scheme = urlsplit(own).scheme
    return [f"{scheme}://{join_host_port(host, 2379)}" for host in hosts if host]


def find(manifests: str, certificates_dir: str) -> Access | None:
    """By etcd's manifest, else by that of the API server, which is etcd's client; None where the host has neither."""
    etcd = _static_pods_running.read(manifests, "etcd")
    if etcd is not None:
        urls = etcd.flag("advertise-client-urls", "https://127.0.0.1:2379")
        credentials = stacked(certificates_dir) if urls.startswith("https:") else Credentials()
        own = urls.split(",")
        others = [url for url in _of_members(etcd.flag("initial-cluster", ""), own[0]) if url not in own]
        return Access((*own, *others), credentials)
    server = _static_pods_running.read(manifests, "kube-apiserver")
    if server is None or not server.flag("etcd-servers", ""):
        return None
    credentials = Credentials(
        server.flag("etcd-cafile", ""), server.flag("etcd-certfile", ""), server.flag("etcd-keyfile", "")
    )
    return Access(tuple(server.flag("etcd-servers", "").split(",")), credentials)


def access(
    manifests: str,
    certificates_dir: str,
    endpoints: Sequence[str] = (),
    credentials: Credentials | None = None,
    own: bool = False,
) -> Access | None:
    """What was given, completed by what the host tells.

    :param own: the host's own URLs come after the given ones, which may be guessed.
    """
    found = find(manifests, certificates_dir) if not (endpoints and credentials) else None
    if not endpoints:
        return Access(found.endpoints, credentials or found.credentials) if found else None
    if credentials is None:
        credentials = found.credentials if found else stacked(certificates_dir)
    more = found.endpoints if own and found else ()
    return Access(tuple(dict.fromkeys([*endpoints, *more])), credentials)


def require(found: Access | None, manifests: str) -> Access:
    if found is None:
        raise KubephaseError(
            "neither etcd nor an API server has a manifest there, so nothing tells where etcd is",
            where=manifests,
            hint="Ask on a control plane or on a host of etcd, or give endpoints",
        )
    return found
