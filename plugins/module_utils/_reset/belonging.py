# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host still belongs to a running cluster, asked with the host's own credentials."""

from __future__ import annotations

import os
from typing import Optional

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_api
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Client, Credentials
from ansible_collections.kubephase.cluster.plugins.module_utils._reset import etcd_data
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Request

_REMOVE = (
    "Take it out of the cluster with playbooks/remove_node.yml, which resets it too. If its cluster is to go or is gone, "
    "reset all of its control planes in one run, or set reset_force: true"
)
_SECONDS = 5.0


def refuse_member(request: Request) -> None:
    """An error where the host is a member, and where nobody can tell. Nothing is read where nothing ever joined."""
    gone = _refuse_node(request)
    _refuse_etcd_member(request, gone)


def _refuse_node(request: Request) -> bool:
    """Whether the cluster said that it has no such node."""
    path = request.at(f"{request.kubernetes_dir}/kubelet.conf")
    if not os.path.exists(path):
        return False
    node = f"node {request.node_name}"
    try:
        with _kube_api.Client.from_kubeconfig(path, timeout=_SECONDS) as client:
            found = client.get(f"/api/v1/nodes/{request.node_name}")
    except _kube_api.ApiError as error:
        # forbidden: it is a node, under another name
        if error.status == 403:
            raise KubephaseError(
                f"this host is a node of a running cluster, and not of this name: {error.message}",
                where=node,
                hint=_REMOVE,
            ) from None
        raise _unknown(node, error) from None
    except KubephaseError as error:
        raise _unknown(node, error) from None
    if found is not None:
        raise KubephaseError(f"this host is a node of the running cluster at {client.server}", where=node, hint=_REMOVE)
    return True


def _refuse_etcd_member(request: Request, node_is_gone: bool) -> None:
    """:param node_is_gone: then an etcd that does not answer was taken out, too: it ends when that is done."""
    etcd = etcd_data.local(request)
    if etcd is None or not etcd.client_url:
        return
    where = f"etcd member {etcd.name}"
    try:
        members = Client([etcd.client_url], _credentials(request, etcd.client_url)).members()
    except KubephaseError as error:
        if node_is_gone or not etcd.has_data:
            return
        raise _unknown(where, error) from None
    if any(member.name == etcd.name for member in members):
        others = ", ".join(sorted(member.name or member.hex_id for member in members if member.name != etcd.name))
        raise KubephaseError(
            f"this host is a member of a running etcd (others: {others or 'none'})", where=where, hint=_REMOVE
        )


def _credentials(request: Request, url: str) -> Credentials:
    if not url.startswith("https:"):
        return Credentials()
    folder = request.at(f"{request.certificates_dir}/etcd")
    return Credentials(f"{folder}/ca.crt", f"{folder}/healthcheck-client.crt", f"{folder}/healthcheck-client.key")


def _unknown(where: str, error: Optional[KubephaseError]) -> KubephaseError:
    return KubephaseError(
        f"nobody can tell whether this host still belongs to a running cluster: {error}", where=where, hint=_REMOVE
    )
