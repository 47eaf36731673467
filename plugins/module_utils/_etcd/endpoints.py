# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the members of a stacked etcd are: each of their Pods says it in an annotation, as kubeadm writes it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_api
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Client, Credentials, Member

ANNOTATION = "kubeadm.kubernetes.io/etcd.advertise-client-urls"
_PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd%2Ctier%3Dcontrol-plane"
_PAUSE = 0.5


def from_pods(kubeconfig: str, timeout: float) -> list[str]:
    """The client URLs that the etcd Pods advertise. Waits until there is one, and every one has the annotation."""
    deadline = time.monotonic() + timeout
    with _kube_api.Client.from_kubeconfig(kubeconfig) as client:
        while True:
            listed = _kube_api.persist(lambda: client.request("GET", _PODS), max(0.0, deadline - time.monotonic()))
            pods = listed.get("items") or []
            found = [str((pod["metadata"].get("annotations") or {}).get(ANNOTATION) or "") for pod in pods]
            if pods and all(found):
                return [url for text in found for url in text.split(",")]
            if time.monotonic() >= deadline:
                names = [pod["metadata"]["name"] for pod, urls in zip(pods, found) if not urls]
                raise KubephaseError(
                    f"the Pods of etcd do not say where it is (annotation {ANNOTATION})",
                    where=client.server,
                    value=", ".join(names) or "no Pods",
                    hint="This cluster's etcd was not made by kubeadm or this collection: declare it as etcd.external",
                )
            time.sleep(_PAUSE)


def connect(endpoints: Sequence[str], credentials: Credentials, own: str) -> tuple[Client, list[Member]]:
    """A client of the members that vote, as etcd itself knows them, and all members. ``own`` is asked last of all."""
    first = Client(sorted(endpoints, key=lambda endpoint: endpoint == own), credentials)
    members = first.members()
    voting = [url for one in members if one.has_started and not one.is_learner for url in one.client_urls]
    ordered = sorted(voting, key=lambda url: url == own)
    return Client(ordered or first.endpoints, credentials), members
