# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System users under which control plane components run without being root, and the files that become theirs."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

USERS = {
    "etcd": "kubeadm-etcd",
    "kube-apiserver": "kubeadm-kas",
    "kube-controller-manager": "kubeadm-kcm",
    "kube-scheduler": "kubeadm-ks",
}
KEY_READERS = "kubeadm-sa-key-readers"
ACCOUNT_KEY_MODE = 0o640
"""Of the private key of service accounts, once it belongs to the group of those that read it."""
_SHELL = "/bin/false"
_DEFAULT_LIMITS = {"SYS_UID_MIN": 100, "SYS_UID_MAX": 999, "SYS_GID_MIN": 100, "SYS_GID_MAX": 999}
_MEMBERS = {**{name: [name] for name in USERS.values()}, KEY_READERS: ["kubeadm-kas", "kubeadm-kcm"]}


@dataclass(frozen=True)
class Databases:
    """Where a host keeps its users and groups."""

    passwd: str = "/etc/passwd"
    group: str = "/etc/group"
    login_defs: str = "/etc/login.defs"


@dataclass(frozen=True)
class Places:
    """Where the components' files are. Without ``etcd_data_dir`` etcd is not on this host."""

    certificates_dir: str
    kubernetes_dir: str
    etcd_data_dir: str = ""


@dataclass(frozen=True)
class Owned:
    """A file, by whom it is to be owned, and its mode."""

    path: str
    uid: int
    gid: int
    mode: int = 0o600


def ensure(components: Sequence[str], places: Places, databases: Databases, check_mode: bool) -> dict[str, Any]:
    """Create the users and groups that are missing and hand the components their files.

    :returns: the module's result: ``users`` with ``uid`` and ``gid`` by component, ``key_readers`` with the group that
        reads the key of service accounts.
    """
    with _locked(databases, check_mode):
        users, groups, diff = _ensure_users(databases, check_mode)
    found = {component: {"uid": users[name], "gid": groups[name]} for component, name in USERS.items()}
    for component in components:
        for owned in _files(component, places, found[component], groups[KEY_READERS]):
            diff += _hand_over(owned, check_mode)
    if "etcd" in components and places.etcd_data_dir:
        diff += _hand_over_tree(places.etcd_data_dir, found["etcd"], check_mode)
    return {"changed": bool(diff), "diff": diff, "users": found, "key_readers": groups[KEY_READERS]}


def present(databases: Databases) -> list[str]:
    """Those of the users and groups that are on the host as they are made here."""
    users, groups = _entries(databases.passwd, 7), _entries(databases.group, 4)
    found = {name for name in USERS.values() if name in users and users[name][6] == _SHELL}
    found |= {name for name, members in _MEMBERS.items() if name in groups and groups[name][3] == ",".join(members)}
    return sorted(found)


def remove(names: Sequence[str], databases: Databases) -> None:
    """Take users and groups of these names away, users first: a group that somebody has may not go."""
    with _locked(databases, False):
        for path in (databases.passwd, databases.group):
            before = _atomic_file.read(path) or b""
            lines = before.splitlines(keepends=True)
            after = b"".join(line for line in lines if line.partition(b":")[0].decode(errors="replace") not in names)
            if after != before:
                _atomic_file.write(path, after, _atomic_file.mode_of(path) or 0o644)


def reads_account_key(path: str) -> bool:
    """Whether this key belongs to the group of those that read it."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name == KEY_READERS
    except (KeyError, FileNotFoundError):
        return False


def _ensure_users(databases: Databases, check_mode: bool) -> tuple[dict[str, int], dict[str, int], list[Any]]:
    limits = _limits(databases.login_defs)
    users, groups = _entries(databases.passwd, 7), _entries(databases.group, 4)
    _refuse_strangers(users, groups, limits, databases)
    new_groups = [name for name in _MEMBERS if name not in groups]
    group_ids = {name: int(entry[2]) for name, entry in groups.items()}
    group_ids.update(zip(new_groups, _free(groups, limits, "GID", len(new_groups))))
    new_users = [name for name in USERS.values() if name not in users]
    user_ids = {name: int(entry[2]) for name, entry in users.items()}
    user_ids.update(zip(new_users, _free(users, limits, "UID", len(new_users))))
    lines = [f"{name}:x:{user_ids[name]}:{group_ids[name]}:::{_SHELL}" for name in new_users]
    diff = _append(databases.passwd, lines, check_mode)
    diff += _append(
        databases.group, [f"{name}:x:{group_ids[name]}:{','.join(_MEMBERS[name])}" for name in new_groups], check_mode
    )
    return user_ids, group_ids, diff


def _refuse_strangers(
    users: dict[str, list[str]], groups: dict[str, list[str]], limits: dict[str, int], databases: Databases
) -> None:
    """Users and groups of these names that are not as kubeadm makes them are somebody else's."""
    names = {entry[2]: name for name, entry in groups.items()}
    for name in USERS.values():
        if name not in users:
            continue
        entry = users[name]
        where = f"{databases.passwd}: {name}"
        _check_limits(entry, limits, "UID", where)
        if entry[6] != _SHELL:
            raise KubephaseError("the user has another shell", where=where, value=entry[6], accepted=_SHELL)
        if names.get(entry[3]) != name:
            raise KubephaseError(f"the user's group is not {name}", where=where, value=int(entry[3]))
    for name, members in _MEMBERS.items():
        if name in groups:
            where = f"{databases.group}: {name}"
            _check_limits(groups[name], limits, "GID", where)
            if groups[name][3] != ",".join(members):
                raise KubephaseError(
                    "the group has other members", where=where, value=groups[name][3], accepted=",".join(members)
                )


def _check_limits(entry: list[str], limits: dict[str, int], kind: str, where: str) -> None:
    low, high = limits[f"SYS_{kind}_MIN"], limits[f"SYS_{kind}_MAX"]
    if not low <= int(entry[2]) <= high:
        raise KubephaseError(
            f"the {kind} is none of the system's", where=where, value=int(entry[2]), accepted=f"{low}-{high}"
        )


def _limits(path: str) -> dict[str, int]:
    limits = dict(_DEFAULT_LIMITS)
    for line in (_atomic_file.read(path) or b"").decode(errors="replace").splitlines():
        name, _space, value = line.partition(" " if " " in line else "\t")
        if name.strip() in limits:
            try:
                limits[name.strip()] = int(value)
            except ValueError:
                raise KubephaseError("not a number", where=f"{path}: {name.strip()}", value=value.strip()) from None
    return limits


def _entries(path: str, fields: int) -> dict[str, list[str]]:
    text = (_atomic_file.read(path) or b"").decode(errors="surrogateescape")
    lines = [line.split(":") for line in text.splitlines()]
    return {line[0]: line for line in lines if len(line) == fields and line[2].isdigit()}


def _free(entries: dict[str, list[str]], limits: dict[str, int], kind: str, count: int) -> list[int]:
    """The lowest ids of the system's range that nobody has."""
    taken = {int(entry[2]) for entry in entries.values()}
    low, high = limits[f"SYS_{kind}_MIN"], limits[f"SYS_{kind}_MAX"]
    free = [number for number in range(low, high + 1) if number not in taken][:count]
    if len(free) < count:
        raise KubephaseError(f"no {kind} of the system's range {low}-{high} is free", where="RootlessControlPlane")
    return free


def _append(path: str, lines: Sequence[str], check_mode: bool) -> list[dict[str, str]]:
    if not lines:
        return []
    before = _atomic_file.read(path) or b""
    start = before if not before or before.endswith(b"\n") else before + b"\n"
    if not check_mode:
        _atomic_file.write(
            path, start + "".join(f"{line}\n" for line in lines).encode(), _atomic_file.mode_of(path) or 0o644
        )
    return [_diff(path, "", "".join(f"{line}\n" for line in lines))]


@contextlib.contextmanager
def _locked(databases: Databases, check_mode: bool) -> Iterator[None]:
    """As useradd and its kin lock the two files."""
    if check_mode:
        yield
        return
    with open(os.path.join(os.path.dirname(databases.passwd), ".pwd.lock"), "w") as lock:
        os.fchmod(lock.fileno(), 0o600)
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


def _files(component: str, places: Places, own: dict[str, int], readers: int) -> list[Owned]:
    """The private files that a component reads, each owned by its user alone; the service accounts' key has two readers."""
    pki = places.certificates_dir
    account_key = Owned(f"{pki}/sa.key", 0, readers, ACCOUNT_KEY_MODE)
    paths = {
        "etcd": [f"{pki}/etcd/server.key", f"{pki}/etcd/peer.key"],
        "kube-apiserver": [
            f"{pki}/sa.pub",
            f"{pki}/apiserver.key",
            f"{pki}/apiserver-kubelet-client.key",
            f"{pki}/front-proxy-client.key",
            *([f"{pki}/apiserver-etcd-client.key"] if places.etcd_data_dir else []),
        ],
        "kube-controller-manager": [
            f"{places.kubernetes_dir}/controller-manager.conf",
            # not there where the authority is external
            *([f"{pki}/ca.key"] if os.path.exists(f"{pki}/ca.key") else []),
        ],
        "kube-scheduler": [f"{places.kubernetes_dir}/scheduler.conf"],
    }
    found = [Owned(path, own["uid"], own["gid"]) for path in paths[component]]
    return found + ([account_key] if component in ("kube-apiserver", "kube-controller-manager") else [])


def _hand_over(owned: Owned, check_mode: bool) -> list[dict[str, str]]:
    try:
        status = os.stat(owned.path)
    except FileNotFoundError:
        if check_mode:
            return []
        raise KubephaseError(
            "the file is missing", where=owned.path, hint="Run the roles pki and kubeconfig before"
        ) from None
    before = f"{status.st_uid}:{status.st_gid} {status.st_mode & 0o7777:04o}\n"
    after = f"{owned.uid}:{owned.gid} {owned.mode:04o}\n"
    if before == after:
        return []
    if not check_mode:
        os.chown(owned.path, owned.uid, owned.gid)
        os.chmod(owned.path, owned.mode)
    return [_diff(owned.path, before, after)]


def _hand_over_tree(path: str, own: dict[str, int], check_mode: bool) -> list[dict[str, str]]:
    """etcd's data, made where it is missing."""
    wanted = (own["uid"], own["gid"])
    if not os.path.isdir(path):
        if not check_mode:
            _atomic_file.make_directory(path, 0o700)
            os.chown(path, *wanted)
        return [_diff(path + "/", "absent\n", f"{own['uid']}:{own['gid']} 0700\n")]
    inside = [os.path.join(folder, name) for folder, names, files in os.walk(path) for name in [*names, *files]]
    others = [each for each in [path, *inside] if _owner(each) not in (wanted, None)]
    if others and not check_mode:
        for each in others:
            os.lchown(each, *wanted)
    return [_diff(path + "/", f"{len(others)} not owned by {own['uid']}\n", "")] if others else []


def _owner(path: str) -> Any:
    """None for what etcd has removed meanwhile."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_uid, status.st_gid


def _diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}
