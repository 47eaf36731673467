# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of patches on a real file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.files import (
    list_files,
    parse_name,
    read_folder,
)


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        ("etcd.yaml", "etcd", "strategic"),
        ("etcd+json.yaml", "etcd", "json"),
        ("kube-apiserver0+merge.json", "kube-apiserver", "merge"),
        ("kube-scheduler-more_things+strategic.yaml", "kube-scheduler", "strategic"),
        ("etcd.old+json.yaml", "etcd", "strategic"),
        ("kubeletconfiguration.json", "kubeletconfiguration", "strategic"),
    ],
)
def test_names(name: str, target: str, kind: str) -> None:
    assert parse_name(name, 37) == (target, kind, "")


@pytest.mark.parametrize("name", ["etcd.yml", "README.md", "my-etcd.yaml", "etcd", ".yaml", "etcd.yaml~"])
def test_other_files_are_ignored(name: str) -> None:
    target, _kind, reason = parse_name(name, 37)
    assert target == "" and reason


def test_the_daemon_set_is_a_target_since_1_37() -> None:
    assert parse_name("kubeproxydaemonset.yaml", 37)[0] == "kubeproxydaemonset"
    assert parse_name("kubeproxydaemonset.yaml", 36)[0] == ""


@pytest.mark.parametrize("name", ["etcd+.yaml", "etcd+patch.yaml"])
def test_an_unknown_type_is_an_error(name: str) -> None:
    with pytest.raises(KubephaseError, match=r"^/there/etcd.*type of patch.*accepted: json, merge, strategic"):
        parse_name(name, 37, f"/there/{name}")


def test_a_folder_is_walked_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("etcd2.yaml", "etcd1.yaml", "b/etcd9.yaml", "a/etcd8.yaml", "empty/x", "etcd3.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("" if name == "etcd3.yaml" else "spec: {}\n")
    folder = read_folder(list_files(str(tmp_path)), 37, str(tmp_path))
    names = [str(Path(patch.source).relative_to(tmp_path)) for patch in folder.patches]
    assert names == ["a/etcd8.yaml", "b/etcd9.yaml", "etcd1.yaml", "etcd2.yaml"]
    assert [text.split(" is no patch")[0] for text in folder.ignored] == [
        str(tmp_path / "empty/x"),
        str(tmp_path / "etcd3.yaml"),
    ]


def test_what_is_no_patch_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\xff\xfe")
    (tmp_path / "etcd.txt").symlink_to("/nowhere")
    assert [content for _name, content in list_files(str(tmp_path))] == ["", ""]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"\xff", "not UTF-8 text"), (b"a: [", "not valid YAML"), (b"a: 1\na: 2\n", "'a' appears twice")],
)
def test_a_patch_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "etcd.yaml"
    path.write_bytes(content)
    with pytest.raises(KubephaseError, match=problem) as caught:
        read_folder(list_files(str(tmp_path)), 37, str(tmp_path))
    assert str(caught.value).startswith(str(path))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KubephaseError, match="^.*nowhere: this directory does not exist"):
        list_files(str(tmp_path / "nowhere"))
    (tmp_path / "file").touch()
    with pytest.raises(KubephaseError, match="^.*file: this is not a directory"):
        list_files(str(tmp_path / "file"))
