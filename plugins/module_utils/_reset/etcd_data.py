# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of this host's own etcd: what its static Pod's manifest names, and nothing else.

A directory that no manifest names is somebody else's, wherever it is, and so is data that a process still has open.
"""

from __future__ import annotations

import fcntl
import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request


@dataclass(frozen=True)
class LocalEtcd:
    """What the manifest says.

    :param data_dir: on the host.
    :param wal_dir: where the write-ahead log has a place of its own.
    """

    name: str
    client_url: str
    data_dir: str
    wal_dir: str = ""

    @property
    def has_data(self) -> bool:
        return os.path.isdir(f"{self.data_dir}/member")


def local(request: Request) -> Optional[LocalEtcd]:
    """None where the host has no manifest of etcd."""
    path = request.at(f"{request.manifests}/etcd.yaml")
    data = _atomic_file.read(path)
    if data is None:
        return None
    try:
        pod = _kube_yaml.load(data.decode("utf-8", "replace"))
        spec = pod["spec"]
        container = spec["containers"][0]
        flags = _flags([*(container.get("command") or []), *(container.get("args") or [])])
        places = _places(spec, container)
    except (KubephaseError, KeyError, IndexError, TypeError, AttributeError):
        raise KubephaseError(
            "not the manifest of a static Pod, so nobody can tell where etcd's data is",
            where=path,
            hint="Correct it, or delete it and etcd's data yourself",
        ) from None
    folder, log = (_on_host(flags.get(name, ""), places) for name in ("data-dir", "wal-dir"))
    if not folder:
        raise KubephaseError("it does not tell where on the host etcd's data is", where=path)
    urls = flags.get("advertise-client-urls", "").split(",")
    return LocalEtcd(flags.get("name", ""), urls[0], request.at(folder), request.at(log) if log else "")


def delete(request: Request, account: Account) -> None:
    """The data, while the manifest still tells where it is: a run that dies here finds it again."""
    etcd = local(request)
    if etcd is None:
        return
    if not account.check_mode:
        _refuse_open(etcd.data_dir)
    for path in sorted(glob.glob(f"{glob.escape(etcd.wal_dir)}/*.wal")) if etcd.wal_dir else []:
        account.delete(path)
    account.delete_tree(f"{etcd.data_dir}/member")
    if request.everything:
        account.delete_if_empty(*filter(None, (etcd.wal_dir, etcd.data_dir)))


def _refuse_open(directory: str) -> None:
    """etcd has its database locked as long as it runs."""
    path = os.path.join(directory, "member/snap/db")
    try:
        with open(path, "rb") as database:
            fcntl.flock(database, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise KubephaseError(
            "a process still has this etcd database open, so nothing was deleted",
            where=path,
            hint="Find it with 'fuser -v' and stop it, then run again",
        ) from None
    except FileNotFoundError:
        return


def _flags(command: list[str]) -> dict[str, str]:
    pairs = [argument[2:].partition("=") for argument in command if argument.startswith("--")]
    return {name: value for name, _between, value in pairs}


def _places(spec: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, str]:
    """Directories of the host by where the container sees them."""
    hosts = {entry["name"]: (entry.get("hostPath") or {}).get("path", "") for entry in spec.get("volumes") or []}
    return {
        mount["mountPath"].rstrip("/"): hosts[mount["name"]].rstrip("/")
        for mount in container.get("volumeMounts") or []
        if hosts.get(mount["name"])
    }


def _on_host(path: str, places: Mapping[str, str]) -> str:
    """Empty for what is inside the container only."""
    path = path.rstrip("/")
    for seen in sorted(places, key=len, reverse=True):
        if path == seen or path.startswith(seen + "/"):
            return places[seen] + path[len(seen) :]
    return ""
