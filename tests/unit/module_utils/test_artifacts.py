# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._artifacts import Artifact, install, recorded
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

BINARY = b"#!/bin/sh\necho one\n"


class Mirror(http.server.SimpleHTTPRequestHandler):
    requests: list[str] = []

    cut = 0

    def copyfile(self, source: Any, outputfile: Any) -> None:
        if Mirror.cut and self.path == "/tool":
            Mirror.cut -= 1
            outputfile.write(source.read(5))
            return
        super().copyfile(source, outputfile)

    def log_message(self, *arguments: object) -> None:
        self.requests.append(self.path)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    tree = tmp_path / "mirror"
    tree.mkdir()
    (tree / "tool").write_bytes(BINARY)
    (tree / "tool.sha256").write_text(hashlib.sha256(BINARY).hexdigest())
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as out:
        for name in ("bin/alpha", "bin/beta", "../evil"):
            member = tarfile.TarInfo(name)
            member.size = len(BINARY)
            out.addfile(member, io.BytesIO(BINARY))
    (tree / "set.tar.gz").write_bytes(archive.getvalue())
    (tree / "sums").write_text(
        f"{'0' * 64}  other.tar.gz\n{hashlib.sha256(archive.getvalue()).hexdigest()}  set.tar.gz\n"
    )
    Mirror.requests, Mirror.cut = [], 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Mirror, directory=str(tree)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def tool(mirror: str, tmp_path: Path, **other: str) -> Artifact:
    given = {"checksum_url": f"{mirror}/tool.sha256", **other}
    return Artifact("tool", f"{mirror}/tool", str(tmp_path / "bin" / "tool"), **given)


def run(artifact: Artifact, tmp_path: Path, check_mode: bool = False) -> dict[str, object]:
    return install([artifact], check_mode, str(tmp_path / "records"))


def test_installs_once_and_needs_no_network_afterwards(mirror: str, tmp_path: Path) -> None:
    first = run(tool(mirror, tmp_path), tmp_path)
    target = tmp_path / "bin" / "tool"
    assert first["installed"] == ["tool"]
    assert target.read_bytes() == BINARY and target.stat().st_mode & 0o777 == 0o755
    Mirror.requests = []
    assert run(tool(mirror, tmp_path), tmp_path)["changed"] is False
    assert Mirror.requests == []
    assert sorted(path.name for path in target.parent.iterdir()) == ["tool"]


def put(tmp_path: Path, content: bytes, mode: int) -> Path:
    """The binary as somebody else installed it."""
    target = tmp_path / "bin" / "tool"
    target.parent.mkdir()
    target.write_bytes(content)
    target.chmod(mode)
    return target


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_same_binary_of_somebody_else_stays(mirror: str, tmp_path: Path, check_mode: bool) -> None:
    target = put(tmp_path, BINARY, 0o755)
    before = target.stat()
    assert run(tool(mirror, tmp_path), tmp_path, check_mode)["changed"] is False
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (tmp_path / "records").exists() is not check_mode
    assert Mirror.requests == ["/tool.sha256"]
    Mirror.requests = []
    run(tool(mirror, tmp_path), tmp_path)
    assert Mirror.requests == ([] if not check_mode else ["/tool.sha256"])


@pytest.mark.parametrize(("content", "mode"), [(BINARY + b"#\n", 0o755), (BINARY, 0o700)])
def test_another_binary_or_mode_of_somebody_else_is_replaced(
    mirror: str, tmp_path: Path, content: bytes, mode: int
) -> None:
    target = put(tmp_path, content, mode)
    assert run(tool(mirror, tmp_path), tmp_path)["installed"] == ["tool"]
    assert target.read_bytes() == BINARY and target.stat().st_mode & 0o777 == 0o755


def test_check_mode_downloads_nothing(mirror: str, tmp_path: Path) -> None:
    assert run(tool(mirror, tmp_path), tmp_path, check_mode=True)["changed"] is True
    assert Mirror.requests == [] and not (tmp_path / "bin").exists()


def test_a_wrong_checksum_replaces_nothing(mirror: str, tmp_path: Path) -> None:
    run(tool(mirror, tmp_path), tmp_path)
    wrong = tool(mirror, tmp_path, checksum="sha256:" + "a" * 64)
    with pytest.raises(KubephaseError, match="nothing was replaced") as caught:
        run(wrong, tmp_path)
    assert f"{mirror}/tool" in str(caught.value) and "a" * 64 in str(caught.value)
    assert (tmp_path / "bin" / "tool").read_bytes() == BINARY
    assert run(tool(mirror, tmp_path), tmp_path)["changed"] is False


def test_one_wrong_checksum_keeps_all_others_out(mirror: str, tmp_path: Path) -> None:
    good = tool(mirror, tmp_path)
    bad = Artifact(
        "set", f"{mirror}/set.tar.gz", str(tmp_path / "bin"), checksum="sha256:" + "b" * 64, extract=("alpha",)
    )
    with pytest.raises(KubephaseError, match="set.tar.gz"):
        install([good, bad], records=str(tmp_path / "records"))
    assert list((tmp_path / "bin").iterdir()) == []


def test_archive_members_by_base_name_only(mirror: str, tmp_path: Path) -> None:
    archive = Artifact(
        "set", f"{mirror}/set.tar.gz", str(tmp_path / "bin"), checksum_url=f"{mirror}/sums", extract=("alpha", "beta")
    )
    run(archive, tmp_path)
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["alpha", "beta"]
    assert not (tmp_path / "evil").exists()


def test_a_missing_member_is_an_error(mirror: str, tmp_path: Path) -> None:
    archive = Artifact(
        "set", f"{mirror}/set.tar.gz", str(tmp_path / "bin"), checksum_url=f"{mirror}/sums", extract=("gamma",)
    )
    with pytest.raises(KubephaseError, match="the archive lacks gamma"):
        run(archive, tmp_path)


@pytest.mark.parametrize("damage", ["replace", "chmod", "delete"])
def test_damage_is_seen_and_mended(mirror: str, tmp_path: Path, damage: str) -> None:
    run(tool(mirror, tmp_path), tmp_path)
    target = tmp_path / "bin" / "tool"
    if damage == "replace":
        target.write_bytes(b"broken")
    elif damage == "chmod":
        target.chmod(0o644)
    else:
        target.unlink()
    assert run(tool(mirror, tmp_path), tmp_path, check_mode=True)["changed"] is True
    assert run(tool(mirror, tmp_path), tmp_path)["installed"] == ["tool"]
    assert target.read_bytes() == BINARY and os.access(target, os.X_OK)


def test_a_missing_file_names_its_address(mirror: str, tmp_path: Path) -> None:
    missing = Artifact("none", f"{mirror}/none", str(tmp_path / "bin" / "none"), checksum="sha256:" + "c" * 64)
    with pytest.raises(KubephaseError, match=r"/none: the server answered 404"):
        run(missing, tmp_path)


def test_a_checksum_that_is_none_is_an_error(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(KubephaseError, match="not a SHA-256 checksum"):
        run(tool(mirror, tmp_path, checksum_url=f"{mirror}/tool"), tmp_path)


def test_an_unreachable_mirror(tmp_path: Path) -> None:
    with pytest.raises(KubephaseError, match="cannot be reached"):
        run(tool("http://127.0.0.1:1", tmp_path), tmp_path)


def test_a_download_that_breaks_off_is_tried_again(mirror: str, tmp_path: Path) -> None:
    Mirror.cut = 2
    install([tool(mirror, tmp_path)], records=str(tmp_path / "records"))
    assert (tmp_path / "bin/tool").read_bytes() == BINARY
    (tmp_path / "bin/tool").unlink()
    Mirror.cut = 9
    with pytest.raises(
        KubephaseError, match=f"/tool: the download broke off: 5 of {len(BINARY)} bytes came. Run again"
    ):
        install([tool(mirror, tmp_path)], records=str(tmp_path / "records"))
    assert os.listdir(tmp_path / "bin") == []


def test_what_a_killed_run_left_is_removed(mirror: str, tmp_path: Path) -> None:
    leftover = tmp_path / "bin/.tool.abcd1234"
    leftover.mkdir(parents=True)
    (leftover / ".download").write_bytes(b"half")
    (tmp_path / "bin/.toolbox.abcd1234").mkdir()
    install([tool(mirror, tmp_path)], records=str(tmp_path / "records"))
    assert sorted(os.listdir(tmp_path / "bin")) == [".toolbox.abcd1234", "tool"]


def die_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The run is killed as soon as so many files are in their places; with none, before the first."""
    rename, left = os.rename, [number]

    def dying(source: Any, target: Any, **options: Any) -> None:
        if os.path.basename(os.path.dirname(target)) != "bin":
            rename(source, target, **options)
            return
        if left[0]:
            rename(source, target, **options)
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", dying)


@pytest.mark.parametrize("placed", [0, 1])
def test_a_run_that_dies_among_the_files_leaves_none_that_look_like_somebody_elses(
    mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, placed: int
) -> None:
    records = str(tmp_path / "records")
    target = tmp_path / "bin/tool"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        die_at(patch, placed)
        run(tool(mirror, tmp_path), tmp_path)
    assert target.exists() is bool(placed)
    assert run(tool(mirror, tmp_path), tmp_path)["installed"] == ([] if placed else ["tool"])
    assert recorded("tool", records) == {str(target): ""}
    assert "adopted" not in (tmp_path / "records/tool.json").read_text()


def test_our_old_binary_stays_ours_where_the_new_one_did_not_come(
    mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = str(tmp_path / "records")
    run(tool(mirror, tmp_path), tmp_path)
    newer = Artifact("tool", f"{mirror}/tool?v=2", str(tmp_path / "bin/tool"), checksum_url=f"{mirror}/tool.sha256?v=2")
    for _time in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            die_at(patch, 0)
            run(newer, tmp_path)
        assert recorded("tool", records) == {str(tmp_path / "bin/tool"): ""}
        assert run(newer, tmp_path, check_mode=True)["changed"]
    run(newer, tmp_path)
    assert not run(newer, tmp_path)["changed"]
    (tmp_path / "bin/tool").write_bytes(b"mine")
    assert recorded("tool", records) == {str(tmp_path / "bin/tool"): "it was changed since it was installed"}


def test_a_binary_of_somebody_else_is_not_ours_where_the_new_one_did_not_come(
    mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = put(tmp_path, b"theirs", 0o755)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        die_at(patch, 0)
        run(tool(mirror, tmp_path), tmp_path)
    assert target.read_bytes() == b"theirs"
    assert recorded("tool", str(tmp_path / "records"))[str(target)] == "it was changed since it was installed"
