# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pods of a kubelet are ended, and what was mounted for them. Other containers of the same runtime stay."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Sequence
from functools import partial

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import (
    CriClient,
    Sandbox,
    socket_path,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request, mounts_below
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.commands import stop

_ROUNDS = 5
_SECONDS = 60.0
_OF_KUBELET = "kubernetes.io/config.source"
_FLAGS = {"MNT_FORCE": 1, "MNT_DETACH": 2, "MNT_EXPIRE": 4, "UMOUNT_NOFOLLOW": 8}


def of_kubelet(sandbox: Sandbox) -> bool:
    """The kubelet notes on each Pod it makes where it has it from."""
    return _OF_KUBELET in sandbox.annotations


def end(request: Request, account: Account) -> None:
    """Stop and remove the Pods of a kubelet that is stopped. One that does not go is left and told of, as with kubeadm."""
    path = request.at(socket_path(request.cri_socket))
    if not os.path.exists(path):
        return
    try:
        with CriClient(path) as runtime:
            found = [sandbox for sandbox in runtime.sandboxes() if of_kubelet(sandbox)]
            for sandbox in sorted(found, key=lambda one: (one.namespace, one.name)):
                account.do(f"remove Pod {sandbox.namespace}/{sandbox.name}", lambda: None)
            if found and not account.check_mode:
                _remove(runtime, found, account)
    except CriError as error:
        account.leave(path, f"whether Pods run cannot be told: {error}")


def _remove(runtime: CriClient, found: Sequence[Sandbox], account: Account) -> None:
    left = {sandbox.id: sandbox for sandbox in found}
    failures: dict[str, CriError] = {}
    for _round in range(_ROUNDS):
        failures = runtime.stop_sandboxes(list(left), _SECONDS)
        failures.update(runtime.remove_sandboxes([one for one in left if one not in failures], _SECONDS))
        left = {one: left[one] for one in failures}
        if not left:
            return
    for one, sandbox in left.items():
        account.leave(f"Pod {sandbox.namespace}/{sandbox.name}", f"the runtime did not remove it: {failures[one]}")


def end_slice(account: Account) -> None:
    """The cgroup that the kubelet made for its Pods, when it has none any more."""
    if not any(entry["path"].startswith("Pod ") for entry in account.left):
        stop("kubepods.slice", account)


def unmount(request: Request, account: Account) -> None:
    """Whatever is mounted below the kubelet's directory, the innermost first."""
    flags = 0
    for flag in request.unmount_flags:
        flags |= _FLAGS[flag]
    for point in mounts_below(request.at(request.kubelet_dir)):
        account.do(f"unmount {point}", partial(_unmount, point, flags))


def _unmount(point: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(point), flags) == 0:
        return
    number = ctypes.get_errno()
    # not a mount point any more: it went with another one
    if number not in (errno.EINVAL, errno.ENOENT):
        raise KubephaseError(
            f"it cannot be unmounted: {os.strerror(number)}",
            where=point,
            hint="Stop what uses it ('fuser -vm' names it), or set unmountFlags of ResetConfiguration to [MNT_DETACH]",
        )
