# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the cluster still has the Node of a host that has joined."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client


def node_is_gone(kubeconfig: str, name: str) -> bool:
    """Ask the API server with the kubelet's own credentials, which may read its own Node and no other.

    An API server that cannot be asked says nothing about the node: that is for later phases to find.
    """
    try:
        with Client.from_kubeconfig(kubeconfig) as client:
            return client.get(f"/api/v1/nodes/{quote(name, safe='')}") is None
    except KubephaseError:
        return False
