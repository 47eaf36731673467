# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from a host and what stays, on hosts that are folders."""

from __future__ import annotations

import fcntl
import os
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.order import reset
from ansible_collections.kubephase.cluster.tests.unit.module_utils.reset.conftest import Host

HOSTS = {"/etc/hosts"}


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {entry["path"]: entry["reason"] for entry in result["left"]}


def test_everything_of_ours_goes_and_nothing_else(host: Host) -> None:
    host.control_plane()
    mine = host.foreign()
    result = reset(host.request())
    assert host.files() == mine | HOSTS
    assert (host.root / "etc/hosts").read_text() == "127.0.0.1 localhost\n"
    assert result["changed"]
    assert {"/etc/kubernetes/manifests/mine.yaml", "/etc/kubernetes/pki/oidc-ca.crt"} <= set(reasons(result))


def test_no_directory_is_left_that_nothing_is_in(host: Host) -> None:
    host.control_plane()
    reset(host.request())
    for path in ("etc/kubernetes", "var/lib/kubelet", "etc/kubephase", "etc/cni", "opt/cni", "srv/etcd", "var/lib/cni"):
        assert not (host.root / path).exists(), path
    assert not (host.root / "var/lib/kubephase").exists()


def test_a_second_run_changes_nothing(host: Host) -> None:
    host.control_plane()
    host.foreign()
    reset(host.request())
    again = reset(host.request())
    assert again["actions"] == []
    assert not again["changed"]


def test_a_bare_host_is_left_as_it_is(host: Host) -> None:
    host.foreign()
    (host.root / "etc/cni/empty").mkdir()
    (host.root / "var/log/containers").mkdir(parents=True)
    assert reset(host.request())["actions"] == []
    assert (host.root / "var/log/containers").exists()


def test_check_mode_tells_the_same_and_does_nothing(host: Host) -> None:
    host.control_plane()
    host.foreign()
    before = host.files()
    plan = reset(host.request(), check_mode=True)
    assert host.files() == before
    assert plan["changed"]
    assert plan["diff"][0]["after"].splitlines() == plan["actions"]
    assert set(reset(host.request())["actions"]) == set(plan["actions"])


def test_scope_cluster_leaves_what_is_installed(host: Host) -> None:
    host.control_plane()
    reset(host.request(everything=False))
    for path in ("/usr/bin/kubelet", "/usr/lib/systemd/system/kubelet.service", "/etc/containerd/config.toml"):
        assert host.has(path), path
    assert host.has("/etc/sysctl.d/99-kubephase.conf") and host.has("/var/lib/containerd")
    for path in (
        "/etc/kubernetes/admin.conf",
        "/srv/etcd/member",
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubephase/pod-routes",
    ):
        assert not host.has(path), path
    assert os.listdir(host.root / "var/lib/kubelet") == []
    assert not reset(host.request(everything=False))["changed"]


@pytest.mark.parametrize("dies_at", range(1, 60, 3))
def test_a_run_that_died_is_finished_by_the_next(host: Host, dies_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    host.control_plane()
    mine = host.foreign()
    left = [dies_at]
    unlink = os.unlink

    def dying(path: Any, **options: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        unlink(path, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "unlink", dying)
        reset(host.request())
    reset(host.request())
    assert host.files() == mine | HOSTS


def test_etcd_without_a_manifest_of_ours_is_somebody_elses(host: Host) -> None:
    host.write("/var/lib/etcd/member/snap/db")
    host.write("/etc/kubernetes/kubelet.conf")
    reset(host.request())
    assert host.has("/var/lib/etcd/member/snap/db")
    assert not host.has("/etc/kubernetes/kubelet.conf")


def test_data_that_a_process_has_open_stays_with_all_that_tells_of_it(host: Host) -> None:
    host.control_plane()
    with open(host.root / "srv/etcd/member/snap/db", "rb") as database:
        fcntl.flock(database, fcntl.LOCK_EX)
        with pytest.raises(KubephaseError, match="member/snap/db: a process still has this etcd database open"):
            reset(host.request())
    assert host.has("/srv/etcd/member/wal/0.wal") and host.has("/etc/kubernetes/manifests/etcd.yaml")


def test_a_log_of_its_own_place_goes_too(host: Host) -> None:
    host.control_plane()
    manifest = host.root / "etc/kubernetes/manifests/etcd.yaml"
    text = manifest.read_text().replace("--name=cp1", "--name=cp1, --wal-dir=/wal/log")
    text = text.replace("    volumeMounts:\n", "    volumeMounts:\n    - {mountPath: /wal, name: wal}\n")
    manifest.write_text(text.replace("  volumes:\n", "  volumes:\n  - {hostPath: {path: /fast}, name: wal}\n"))
    host.write("/fast/log/1.wal")
    host.write("/fast/other")
    reset(host.request())
    assert not host.has("/fast/log/1.wal")
    assert host.has("/fast/other")


def test_a_manifest_that_tells_nothing_stops_the_run(host: Host) -> None:
    host.control_plane()
    host.write("/etc/kubernetes/manifests/etcd.yaml", "kind: Pod\n")
    with pytest.raises(KubephaseError, match="etcd.yaml: not the manifest of a static Pod"):
        reset(host.request())
    assert host.has("/srv/etcd/member/snap/db")


def test_phases_can_be_skipped(host: Host) -> None:
    host.control_plane()
    reset(host.request(skip_phases=("remove-etcd-member",)))
    assert host.has("/srv/etcd/member/snap/db")
    assert not host.has("/etc/kubernetes/pki/ca.key")


def test_without_cleanup_only_the_data_of_etcd_goes(host: Host) -> None:
    host.control_plane()
    reset(host.request(skip_phases=("cleanup-node",)))
    assert not host.has("/srv/etcd/member")
    assert host.has("/etc/kubernetes/pki/ca.key") and host.has("/var/lib/kubelet/config.yaml")


def test_backups_go_when_that_is_wanted(host: Host) -> None:
    host.control_plane()
    host.write("/etc/kubernetes/tmp/kubeadm-backup-etcd-1/etcd/x")
    reset(host.request())
    assert host.has("/etc/kubernetes/tmp/kubeadm-backup-etcd-1/etcd/x")
    reset(host.request(cleanup_tmp_dir=True))
    assert not host.has("/etc/kubernetes/tmp/kubeadm-backup-etcd-1")


def test_half_written_keys_go(host: Host) -> None:
    host.control_plane()
    host.write("/etc/kubernetes/pki/.ca.key.a1b2c3d4")
    host.write("/etc/kubernetes/.admin.conf.a1b2c3d4")
    reset(host.request())
    assert not host.has("/etc/kubernetes")


def test_a_binary_that_was_there_before_stays_with_its_unit(host: Host) -> None:
    host.control_plane()
    host.record("kubelet", "/usr/bin/kubelet", adopted=True)
    result = reset(host.request())
    assert host.has("/usr/bin/kubelet") and host.has("/usr/lib/systemd/system/kubelet.service")
    assert reasons(result)["/usr/bin/kubelet"] == "it was there before"
    assert not host.has("/usr/bin/kubectl")


def test_a_binary_that_somebody_replaced_stays(host: Host) -> None:
    host.control_plane()
    host.write("/usr/local/sbin/runc", "another one\n")
    result = reset(host.request())
    assert host.has("/usr/local/sbin/runc")
    assert reasons(result)["/usr/local/sbin/runc"] == "it was changed since it was installed"


def test_a_file_of_a_package_stays(host: Host) -> None:
    host.control_plane()
    kubectl = f"{host.root}/usr/bin/kubectl"
    host.programs.add("dpkg-query", **{kubectl: f"kubectl: {kubectl}\n"})
    result = reset(host.request())
    assert reasons(result)["/usr/bin/kubectl"] == "it belongs to package kubectl"
    assert host.has("/usr/bin/kubectl") and not host.has("/usr/bin/kubelet")


def test_the_distributions_containerd_stays(host: Host) -> None:
    host.control_plane()
    (host.root / "etc/systemd/system/containerd.service").unlink()
    host.write("/etc/containerd/mine.toml")
    host.programs.add("systemctl")
    reset(host.request())
    assert "systemctl try-restart containerd.service" in host.programs.calls
    assert host.has("/var/lib/containerd") and host.has("/etc/containerd/mine.toml")
    assert not host.has("/etc/containerd/config.toml")


def test_users_of_rootless_components_go(host: Host) -> None:
    host.control_plane()
    passwd = "root:x:0:0::/root:/bin/bash\nkubeadm-etcd:x:101:101:::/bin/false\nkubeadm-ks:x:102:102:::/bin/bash\n"
    host.write("/etc/passwd", passwd)
    host.write(
        "/etc/group",
        "root:x:0:\nkubeadm-etcd:x:101:kubeadm-etcd\nkubeadm-sa-key-readers:x:103:kubeadm-kas,kubeadm-kcm\n",
    )
    reset(host.request())
    # the second one has another shell: somebody else's
    assert "kubeadm-etcd" not in (host.root / "etc/passwd").read_text()
    assert "kubeadm-ks" in (host.root / "etc/passwd").read_text()
    assert (host.root / "etc/group").read_text() == "root:x:0:\n"


@pytest.mark.parametrize("kind", ["link", "mount"])
def test_a_place_that_somebody_made_for_it_is_emptied(host: Host, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host.control_plane()
    store = host.root / "var/lib/containerd"
    if kind == "link":
        (host.root / "srv/disk").mkdir()
        store.rename(host.root / "srv/disk/containerd")
        store.symlink_to(host.root / "srv/disk/containerd")
    else:
        monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(store))
    result = reset(host.request())
    assert "delete everything in /var/lib/containerd" in result["actions"]
    assert list(store.iterdir()) == [] and store.is_symlink() is (kind == "link")
    assert not reset(host.request())["changed"]


def test_an_empty_store_is_no_reason_to_wake_containerd(host: Host) -> None:
    """It stays where it is a mount point, and the run may have died after it was emptied."""
    host.write("/etc/systemd/system/containerd.service", "# Written by kubephase.cluster.container_runtime\n")
    (host.root / "var/lib/containerd").mkdir(parents=True)
    host.programs.add("systemctl", show="LoadState=loaded\nActiveState=inactive\n")
    assert "start containerd.service" not in reset(host.request())["actions"]
    host.write("/etc/systemd/system/containerd.service", "# Written by kubephase.cluster.container_runtime\n")
    host.write("/var/lib/containerd/meta.db")
    assert "start containerd.service" in reset(host.request())["actions"]
