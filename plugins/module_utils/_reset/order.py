# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a reset: each thing goes before what tells of it, so that a run that died can be run again."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._reset import (
    belonging,
    cluster_files,
    etcd_data,
    installed,
    network,
    pods,
    virtual_address,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.commands import reload_units, stop


def reset(request: Request, check_mode: bool = False) -> dict[str, Any]:
    """:returns: ``changed``, ``actions``, ``left``, ``diff``."""
    if not request.force:
        belonging.refuse_member(request)
    account = Account(check_mode, request.root)
    if not request.skips("cleanup-node"):
        stop("kubelet", account)
        installed.wake_runtime(request, account)
        pods.end(request, account)
        pods.end_slice(account)
        pods.unmount(request, account)
    if not request.skips("remove-etcd-member"):
        etcd_data.delete(request, account)
    if not request.skips("cleanup-node"):
        _clean(request, account)
    shown = "".join(f"{action}\n" for action in account.actions)
    return {
        "changed": bool(account.actions),
        "actions": account.actions,
        "left": account.left,
        "diff": [{"before_header": "reset", "after_header": "reset", "before": "", "after": shown}] if shown else [],
    }


def _clean(request: Request, account: Account) -> None:
    virtual_address.withdraw(request, account)
    cluster_files.delete_manifests(request, account)
    network.delete_pod_network(request, account)
    network.delete_service_rules(account)
    installed.delete_users(request, account)
    cluster_files.delete_files(request, account)
    installed.delete_dropins(request, account)
    if request.everything:
        installed.delete_kubelet(request, account)
        installed.delete_runtime(request, account)
        installed.delete_preparation(request, account)
        if installed.is_prepared(request):
            cluster_files.delete_directories(request, account)
        installed.delete_records(request, account)
    reload_units(account, "kubelet", "containerd", network.UNIT)
