# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on a real file system."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._artifacts import Artifact
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._file_set import FileSet, WantedFile, apply


def wanted(path: Path, content: str = "one\n", mode: str = "0600", **other: str) -> FileSet:
    return FileSet([WantedFile(str(path), content, mode=mode, **other)])


def test_writes_once_with_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    first = apply(wanted(path))
    assert first["changed"] and first["files"] == [str(path)]
    assert path.read_text() == "one\n" and path.stat().st_mode & 0o777 == 0o600
    second = apply(wanted(path))
    assert not second["changed"] and second["files"] == [] and second["diff"] == []


def test_an_unchanged_file_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    apply(wanted(path))
    os.utime(path, (1000, 1000))
    apply(wanted(path))
    assert path.stat().st_mtime == 1000


def test_drift_of_content_and_mode_is_shown_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "file"
    apply(wanted(path))
    path.write_text("two\n")
    path.chmod(0o644)
    planned = apply(wanted(path), check_mode=True)
    assert planned["changed"] and path.read_text() == "two\n"
    assert [(entry["before"], entry["after"]) for entry in planned["diff"]] == [
        ("two\n", "one\n"),
        ("mode 0644\n", "mode 0600\n"),
    ]
    apply(wanted(path))
    assert path.read_text() == "one\n" and path.stat().st_mode & 0o777 == 0o600


def test_check_mode_on_a_bare_host_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    files = wanted(path)
    files.directories = [{"path": str(tmp_path / "dir"), "mode": "0700"}]
    assert apply(files, check_mode=True)["changed"]
    assert list(tmp_path.iterdir()) == []


def test_absent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old\n")
    assert apply(wanted(path, state="absent"), check_mode=True)["changed"] and path.exists()
    assert apply(wanted(path, state="absent"))["changed"] and not path.exists()
    assert not apply(wanted(path, state="absent"))["changed"]


def test_an_existing_directory_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir(mode=0o755)
    assert not apply(FileSet(directories=[{"path": str(tmp_path / "dir"), "mode": "0700"}]))["changed"]
    assert (tmp_path / "dir").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("mode", ["rw", "0999"])
def test_everything_is_checked_before_the_first_write(tmp_path: Path, mode: str) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    files = FileSet([WantedFile(str(good), "x"), WantedFile(str(bad), "x", mode=mode)])
    with pytest.raises(KubephaseError, match="bad: the mode is not octal"):
        apply(files)
    assert not good.exists()


def test_a_directory_in_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(KubephaseError, match="a directory is in the place of this file"):
        apply(wanted(tmp_path / "file"))


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old\n")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_atomic_file.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        apply(wanted(path))
    assert path.read_text() == "old\n" and list(tmp_path.iterdir()) == [path]


def test_artifacts_are_checked_before_the_first_file_is_written(tmp_path: Path) -> None:
    release = tmp_path / "release"
    release.write_bytes(b"binary")
    files = wanted(tmp_path / "file")
    files.artifacts = [
        Artifact("tool", release.as_uri(), str(tmp_path / "bin" / "tool"), checksum="sha256:" + "0" * 64)
    ]
    with pytest.raises(KubephaseError, match="nothing was replaced"):
        apply(files, records=str(tmp_path / "records"))
    assert not (tmp_path / "file").exists()
    good = "sha256:" + hashlib.sha256(b"binary").hexdigest()
    files.artifacts = [Artifact("tool", release.as_uri(), str(tmp_path / "bin" / "tool"), checksum=good)]
    result = apply(files, records=str(tmp_path / "records"))
    assert result["installed"] == ["tool"] and (tmp_path / "bin" / "tool").read_bytes() == b"binary"
    assert apply(files, records=str(tmp_path / "records"))["changed"] is False


def test_a_directorys_mode_is_checked_before_anything_is_installed(tmp_path: Path) -> None:
    release = tmp_path / "release"
    release.write_bytes(b"binary")
    good = "sha256:" + hashlib.sha256(b"binary").hexdigest()
    files = FileSet(
        directories=[{"path": str(tmp_path / "dir"), "mode": "rwx"}],
        artifacts=[Artifact("tool", release.as_uri(), str(tmp_path / "bin" / "tool"), checksum=good)],
    )
    with pytest.raises(KubephaseError, match="dir: the mode is not octal"):
        apply(files, records=str(tmp_path / "records"))
    assert not (tmp_path / "bin").exists()


def patched(path: Path, directory: Path | str, target: str = "kubeletconfiguration") -> FileSet:
    files = [WantedFile(str(path), "a: 1\nb: 1\n", patch_target=target, overrides={"b": 1})]
    return FileSet(files, patches={"version": "v1.37.2", "directory": str(directory)})


def test_writes_the_patched_file_and_shows_it(tmp_path: Path) -> None:
    folder, path = tmp_path / "patches", tmp_path / "config.yaml"
    folder.mkdir()
    (folder / "kubeletconfiguration.yaml").write_text("a: 2\nb: 2\n")
    (folder / "notes.txt").touch()
    planned = apply(patched(path, folder), check_mode=True)
    assert planned["diff"][0]["after"] == "a: 2\nb: 1\n" and not path.exists()
    assert [text.split(" is ")[0] for text in planned["warnings"]] == [str(folder / "notes.txt")]
    apply(patched(path, folder))
    assert path.read_text() == "a: 2\nb: 1\n"
    assert not apply(patched(path, folder))["changed"]


def test_a_patch_that_fails_changes_nothing(tmp_path: Path) -> None:
    folder, path = tmp_path / "patches", tmp_path / "etcd.yaml"
    with pytest.raises(KubephaseError, match="does not exist"):
        apply(patched(path, folder))
    folder.mkdir()
    (folder / "etcd+json.yaml").write_text("- {op: remove, path: /c}\n")
    set_of_files = patched(path, folder, "etcd")
    set_of_files.files.insert(0, WantedFile(str(tmp_path / "first"), "x\n"))
    with pytest.raises(KubephaseError, match="etcd.json.yaml: cannot be applied to etcd: operation 1"):
        apply(set_of_files)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_is_not_needed_where_nothing_can_be_patched(tmp_path: Path) -> None:
    files = FileSet([WantedFile(str(tmp_path / "one"), "x\n")], patches={"version": "v1.37.2", "directory": "/nowhere"})
    assert apply(files)["warnings"] == []


@pytest.mark.parametrize(
    ("present", "absent", "content"),
    [(["ca.crt"], ["ca.key"], "other\n"), (["ca.crt", "no"], [], "x\n"), ([], ["ca.crt"], "x\n"), ([], [], "other\n")],
)
def test_other_content_where_the_host_wants_it(
    tmp_path: Path, present: list[str], absent: list[str], content: str
) -> None:
    (tmp_path / "ca.crt").touch()
    there = {
        name: [str(tmp_path / each) for each in given] for name, given in (("present", present), ("absent", absent))
    }
    apply(FileSet([WantedFile(str(tmp_path / "file"), "x\n", instead={**there, "content": "other\n"})]))
    assert (tmp_path / "file").read_text() == content
