# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the components, in files of a temporary directory; who owns what is recorded, as tests are not always root."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _control_plane_users
from ansible_collections.kubephase.cluster.plugins.module_utils._control_plane_users import (
    KEY_READERS,
    USERS,
    Databases,
    Places,
    ensure,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

PASSWD = "root:x:0:0:root:/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n+::::::"
GROUP = "root:x:0:\nssh:x:101:\n"
FILES = {
    "kube-apiserver": ["pki/sa.pub", "pki/apiserver.key", "pki/apiserver-kubelet-client.key",
                       "pki/front-proxy-client.key", "pki/apiserver-etcd-client.key", "pki/sa.key"],
    "kube-controller-manager": ["controller-manager.conf", "pki/ca.key", "pki/sa.key"],
    "kube-scheduler": ["scheduler.conf"],
    "etcd": ["pki/etcd/server.key", "pki/etcd/peer.key"],
}  # fmt: skip


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.owners: dict[str, tuple[int, int]] = {}
        (root / "passwd").write_text(PASSWD)
        (root / "group").write_text(GROUP)
        for path in {path for paths in FILES.values() for path in paths}:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch(0o600)

    def run(self, *components: str, check_mode: bool = False, etcd: bool = True) -> dict[str, Any]:
        places = Places(f"{self.root}/pki", str(self.root), f"{self.root}/etcd" if etcd else "")
        databases = Databases(f"{self.root}/passwd", f"{self.root}/group", f"{self.root}/login.defs")
        return ensure(components, places, databases, check_mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        self.owners[str(Path(path).relative_to(self.root))] = (uid, gid)

    def text(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host(tmp_path)
    real = {"stat": os.stat, "lstat": os.lstat}

    def owned(name: str) -> Any:
        def stat(path: Any, **options: Any) -> Any:
            status = list(real[name](path, **options))
            status[4:6] = found.owners.get(os.path.relpath(path, tmp_path), (0, 0))
            return os.stat_result(status)

        return stat

    for name in ("chown", "lchown"):
        monkeypatch.setattr(_control_plane_users.os, name, found.chown)
    for name in real:
        monkeypatch.setattr(_control_plane_users.os, name, owned(name))
    return found


def test_users_and_groups_get_the_lowest_free_ids(host: Host) -> None:
    result = host.run()
    assert result["users"] == {
        "etcd": {"uid": 101, "gid": 100},
        "kube-apiserver": {"uid": 102, "gid": 102},
        "kube-controller-manager": {"uid": 103, "gid": 103},
        "kube-scheduler": {"uid": 104, "gid": 104},
    }
    assert result["key_readers"] == 105
    assert host.text("passwd") == (
        f"{PASSWD}\nkubeadm-etcd:x:101:100:::/bin/false\nkubeadm-kas:x:102:102:::/bin/false\n"
        "kubeadm-kcm:x:103:103:::/bin/false\nkubeadm-ks:x:104:104:::/bin/false\n"
    )
    assert host.text("group") == (
        f"{GROUP}kubeadm-etcd:x:100:kubeadm-etcd\nkubeadm-kas:x:102:kubeadm-kas\nkubeadm-kcm:x:103:kubeadm-kcm\n"
        "kubeadm-ks:x:104:kubeadm-ks\nkubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\n"
    )


def test_each_component_gets_its_files(host: Host) -> None:
    users = host.run(*USERS)["users"]
    for component, paths in FILES.items():
        own = (users[component]["uid"], users[component]["gid"])
        for path in paths:
            mode = (host.root / path).stat().st_mode & 0o777
            assert (host.owners[path], mode) == (((0, 105), 0o640) if path == "pki/sa.key" else (own, 0o600))
    assert host.owners["etcd"] == (101, 100)


def test_only_of_those_that_are_written(host: Host) -> None:
    host.run("kube-scheduler")
    assert list(host.owners) == ["scheduler.conf"]


def test_the_second_run_changes_nothing(host: Host) -> None:
    planned = host.run(*USERS, check_mode=True)
    assert planned["changed"] and host.text("passwd") == PASSWD and host.owners == {}
    first = host.run(*USERS)
    assert first["users"] == planned["users"]
    (host.root / "etcd/member").mkdir()
    assert [each["after_header"] for each in host.run(*USERS)["diff"]] == [f"{host.root}/etcd/"]
    assert host.run(*USERS) == {**first, "changed": False, "diff": []}


def test_an_external_authority_and_etcd(host: Host) -> None:
    (host.root / "pki/ca.key").unlink()
    (host.root / "pki/apiserver-etcd-client.key").unlink()
    host.run("kube-apiserver", "kube-controller-manager", etcd=False)
    assert "pki/ca.key" not in host.owners and "etcd" not in host.owners


def test_the_range_of_the_system(host: Host) -> None:
    (host.root / "login.defs").write_text("# a comment\nSYS_UID_MIN\t\t  201\nSYS_GID_MIN 301\nSYS_GID_MAX 305\n")
    assert host.run()["users"]["etcd"] == {"uid": 201, "gid": 301}


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("passwd", "kubeadm-ks:x:200:200:::/bin/sh", "kubeadm-ks: the user has another shell .got '/bin/sh'"),
        (
            "passwd",
            "kubeadm-ks:x:1200:200:::/bin/false",
            "the UID is none of the system's .got 1200; accepted: 100-999",
        ),
        ("passwd", "kubeadm-ks:x:200:0:::/bin/false", "the user's group is not kubeadm-ks"),
        ("group", "kubeadm-sa-key-readers:x:200:somebody", "the group has other members .got 'somebody'"),
        ("login.defs", "SYS_UID_MIN many", "SYS_UID_MIN: not a number .got 'many'"),
        ("login.defs", "SYS_GID_MAX 102", "no GID of the system's range 100-102 is free"),
    ],
)
def test_what_is_refused(host: Host, name: str, line: str, problem: str) -> None:
    path = host.root / name
    path.write_text((path.read_text().removesuffix("+::::::") if path.exists() else "") + line + "\n")
    with pytest.raises(KubephaseError, match=problem):
        host.run()


def test_a_missing_file_is_an_error_but_not_in_a_plan(host: Host) -> None:
    (host.root / "scheduler.conf").unlink()
    host.run("kube-scheduler", check_mode=True)
    with pytest.raises(KubephaseError, match="scheduler.conf: the file is missing"):
        host.run("kube-scheduler")


def test_whether_the_account_key_has_readers(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(host.root / "pki/sa.key")
    assert not _control_plane_users.reads_account_key(path)
    assert not _control_plane_users.reads_account_key(path + ".gone")
    readers = host.run("kube-apiserver")["key_readers"]
    monkeypatch.setattr(_control_plane_users.grp, "getgrgid", {readers: SimpleNamespace(gr_name=KEY_READERS)}.get)
    assert _control_plane_users.reads_account_key(path)
