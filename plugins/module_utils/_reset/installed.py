# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was installed and prepared on the host: binaries, units, the container runtime, kernel settings."""

from __future__ import annotations

import glob
import os
from functools import partial

from ansible_collections.kubephase.cluster.plugins.module_utils import _artifacts, _control_plane_users
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient, socket_path
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError
from ansible_collections.kubephase.cluster.plugins.module_utils._node import Node
from ansible_collections.kubephase.cluster.plugins.module_utils._reset import pods
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request, is_marked
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.commands import (
    ask,
    disable,
    packages,
    stop,
    tell,
)

KUBELET_UNIT = "/usr/lib/systemd/system/kubelet.service"
_DROPINS = (f"{KUBELET_UNIT}.d", "/etc/systemd/system/kubelet.service.d")
_CONTAINERD_UNIT = "/etc/systemd/system/containerd.service"
_CONTAINERD_CONFIG = "/etc/containerd/config.toml"
_DIRECTORIES = (
    *("/etc/containerd/certs.d", "/etc/containerd", "/opt/containerd/bin", "/opt/containerd/lib", "/opt/containerd"),
    *("/etc/cni/net.d", "/etc/cni", "/opt/cni/bin", "/opt/cni"),
)
_TASKS = "/run/containerd/io.containerd.runtime.v2.task"
_NAMESPACE = "k8s.io"
_RUNTIME = ("containerd", "runc", "cni-plugins")


def is_prepared(request: Request) -> bool:
    """Whether the collection installed something on this host. Its records go last of all."""
    return os.path.isdir(request.at(_artifacts.RECORDS))


def wake_runtime(request: Request, account: Account) -> None:
    """A containerd that is down cannot say which Pods and namespaces there are. Their processes run without it."""
    if account.check_mode:
        return
    asked = request.everything and is_marked(request.at(_CONTAINERD_UNIT)) and _has_store(request)
    state = ask("systemctl", "show", "containerd", "--property=LoadState", "--property=ActiveState").split()
    if (asked or _tasks(request)) and "LoadState=loaded" in state and "ActiveState=active" not in state:
        account.do("start containerd.service", partial(tell, "systemctl", "start", "containerd.service"))


def delete_users(request: Request, account: Account) -> None:
    databases = _control_plane_users.Databases(*map(request.at, ("/etc/passwd", "/etc/group", "/etc/login.defs")))
    names = _control_plane_users.present(databases)
    if names:
        account.do(
            f"delete users and groups {', '.join(names)}", partial(_control_plane_users.remove, names, databases)
        )


def delete_dropins(request: Request, account: Account) -> None:
    """Which made the kubelet another one, as on a host that is there for etcd alone."""
    for folder in map(request.at, _DROPINS):
        marked = [path for path in sorted(glob.glob(f"{folder}/*.conf")) if is_marked(path)]
        for path in marked:
            account.delete(path)
        if marked:
            account.delete_if_empty(folder)


def delete_kubelet(request: Request, account: Account) -> None:
    """Binaries and unit, where this collection installed them."""
    if _is_ours(request, "kubelet"):
        disable("kubelet", account)
        unit = request.at(KUBELET_UNIT)
        for path in (f"{unit}.d/10-kubeadm.conf", unit):
            account.delete(path)
        account.delete_if_empty(f"{unit}.d")
    _delete_artifacts(request, account, ("kubelet", "kubectl"))


def delete_runtime(request: Request, account: Account) -> None:
    """containerd, unless it is not ours, or others use it."""
    config, unit = request.at(_CONTAINERD_CONFIG), request.at(_CONTAINERD_UNIT)
    users = _other_users(request, account)
    if users:
        for path in (unit, config):
            if os.path.exists(path):
                account.leave(path, f"the container runtime is used by {users}")
        return
    released = is_marked(unit)
    if released:
        stop("containerd", account)
        disable("containerd", account)
    dropin = f"{unit}.d/http-proxy.conf"
    files = [config, dropin, *sorted(glob.glob(request.at("/etc/containerd/certs.d/*/hosts.toml")))]
    deleted = [account.delete_marked(path) for path in files]
    if released:
        for directory in ("/run/containerd", "/var/lib/containerd"):
            account.delete_tree(request.at(directory))
        _delete_artifacts(request, account, _RUNTIME)
        account.delete_if_empty(
            *sorted(glob.glob(request.at("/etc/containerd/certs.d/*"))), *map(request.at, _DIRECTORIES), f"{unit}.d"
        )
        account.delete(unit)
    elif any(deleted):
        # the distribution's goes on with its own configuration
        account.do("restart containerd.service", partial(tell, "systemctl", "try-restart", "containerd.service"))


def delete_preparation(request: Request, account: Account) -> None:
    """Kernel modules and parameters hold until the next boot."""
    node = Node(account.check_mode, request.root or "/")
    account.actions += [f"withdraw {path}" for path in node.remove()]


def delete_records(request: Request, account: Account) -> None:
    """Of what was installed."""
    records = request.at(_artifacts.RECORDS)
    for path in sorted(glob.glob(f"{records}/*.json")):
        if path not in account.gone and not _kept_for_runtime(request, account, path):
            account.delete(path)
    account.delete_if_empty(records, os.path.dirname(records))


def _kept_for_runtime(request: Request, account: Account, record: str) -> bool:
    unit = request.at(_CONTAINERD_UNIT)
    name = os.path.basename(record)[: -len(".json")]
    return name in _RUNTIME and os.path.exists(unit) and unit not in account.gone


def _is_ours(request: Request, name: str) -> bool:
    """Whether the binaries of this artifact are those that were installed, and no package's."""
    found = _artifacts.recorded(name, request.at(_artifacts.RECORDS))
    return bool(found) and not any(found.values()) and not packages(list(found))


def _delete_artifacts(request: Request, account: Account, names: tuple[str, ...]) -> None:
    """Its record goes with the last file."""
    records = request.at(_artifacts.RECORDS)
    for name in names:
        found = _artifacts.recorded(name, records)
        owners = packages(list(found))
        for path, problem in found.items():
            reason = problem or (f"it belongs to package {owners[path]}" if path in owners else "")
            if not os.path.lexists(path):
                continue
            if reason:
                account.leave(path, reason)
            else:
                account.delete(path)
        account.delete(f"{records}/{name}.json")


def _other_users(request: Request, account: Account) -> str:
    """Who besides the kubelet has containers in this runtime; empty where nobody has."""
    if not os.path.exists(request.at(_CONTAINERD_UNIT)) and not os.path.exists(request.at(_CONTAINERD_CONFIG)):
        return ""
    socket = request.at(socket_path(request.cri_socket))
    try:
        with CriClient(socket) as runtime:
            namespaces = sorted(set(runtime.namespaces()) - {_NAMESPACE})
            sandboxes = [one.name for one in runtime.sandboxes() if not pods.of_kubelet(one)]
    except CriError as error:
        if _has_store(request):
            return f"nobody can tell whom: {error}"
        namespaces, sandboxes = [], []
    if namespaces:
        return f"containerd namespace {', '.join(namespaces)}"
    if sandboxes:
        return f"Pods of no kubelet ({', '.join(sandboxes)})"
    # in check mode the kubelet's own run still
    tasks = [] if account.check_mode else _tasks(request)
    return f"containers that are no kubelet's ({', '.join(tasks)})" if tasks else ""


def _has_store(request: Request) -> bool:
    """Whether containerd has anything. Its directory stays where it is a mount point."""
    directory = request.at("/var/lib/containerd")
    return os.path.isdir(directory) and bool(os.listdir(directory))


def _tasks(request: Request) -> list[str]:
    """Running containers of every namespace: each has a directory here, whether containerd runs or not."""
    return sorted(glob.glob(request.at(f"{_TASKS}/*/*")))
