# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of binaries, files, directories and the systemd unit that uses them, as desired state."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._artifacts import RECORDS, Artifact, install
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.applying import Patcher
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit


@dataclass
class WantedFile:
    """``mode`` is octal text; ``owner`` and ``group`` are names or ids, None leaves them as they are.

    ``instead`` is other ``content`` where all files of its ``present`` are on the host and none of its ``absent``.
    ``patch_target`` names the patches that are for it, ``overrides`` the fields which none of them may change.
    """

    path: str
    content: str
    state: str = "present"
    mode: str = "0644"
    owner: Optional[str] = None
    group: Optional[str] = None
    instead: Optional[dict[str, Any]] = None
    patch_target: Optional[str] = None
    overrides: Optional[dict[str, Any]] = None


@dataclass
class FileSet:
    """What is to be on the host after one call."""

    files: list[WantedFile] = field(default_factory=list)
    directories: list[dict[str, Any]] = field(default_factory=list)
    unit: Optional[dict[str, Any]] = None
    artifacts: list[Artifact] = field(default_factory=list)
    patches: Optional[dict[str, Any]] = None


def apply(wanted: FileSet, check_mode: bool = False, records: str = RECORDS) -> dict[str, Any]:
    """Install and write what differs, and restart the unit when its process is older than a file of the set.

    :returns: ``changed``, ``diff`` (one entry for each file), ``installed`` (names of artifacts), ``files`` (paths that
        changed), ``unit`` (what was done), ``warnings``.
    """
    for item in wanted.files:
        choose(item)
    warnings = patch(wanted)
    _refuse_impossible(wanted)
    artifacts = install(wanted.artifacts, check_mode, records)
    diffs: list[dict[str, str]] = artifacts["diff"]
    for directory in wanted.directories:
        diffs += _directory(directory["path"], _mode(directory), check_mode)
    changed_files: list[str] = []
    for item in wanted.files:
        found = _absent(item.path, check_mode) if item.state == "absent" else _file(item, check_mode)
        changed_files += [item.path] if found else []
        diffs += found
    actions = _unit(wanted, check_mode, bool(changed_files or artifacts["installed"]))
    return {
        "changed": bool(diffs or actions),
        "diff": diffs,
        "installed": artifacts["installed"],
        "files": changed_files,
        "unit": actions,
        "warnings": warnings,
    }


def choose(item: WantedFile) -> None:
    """Take the other content where the host is as that wants it."""
    other = item.instead
    if (
        other
        and all(map(os.path.exists, other.get("present") or []))
        and not any(map(os.path.exists, other.get("absent") or []))
    ):
        item.content = other["content"]


def patch(wanted: FileSet) -> list[str]:
    """Apply the patches to the files they are for. The warnings name what is no patch."""
    targets = [item for item in wanted.files if item.patch_target and item.state == "present"]
    if not targets:
        return []
    patcher = Patcher.of(wanted.patches)
    for item in targets:
        item.content = patcher.text(item.patch_target or "", item.content, item.overrides)
    return patcher.warnings


def _mode(entry: dict[str, Any]) -> int:
    return octal(entry.get("mode") or "0755", entry["path"])


def octal(text: str, path: str) -> int:
    """Permission bits from their octal text, for the file or directory ``path``."""
    try:
        return int(text, 8)
    except ValueError:
        raise KubephaseError("the mode is not octal", where=path, value=text, accepted="like '0644'") from None


def _refuse_impossible(wanted: FileSet) -> None:
    """Everything that can be known beforehand fails before the first file is written."""
    for item in wanted.files:
        if not os.path.isabs(item.path):
            raise KubephaseError("the path is not absolute", where=item.path)
        if os.path.isdir(item.path):
            raise KubephaseError("a directory is in the place of this file", where=item.path, hint="Move it away")
        octal(item.mode, item.path)
        _ids(item)
    for directory in wanted.directories:
        _mode(directory)
        if os.path.lexists(directory["path"]) and not os.path.isdir(directory["path"]):
            raise KubephaseError(
                "a file is in the place of this directory", where=directory["path"], hint="Move it away"
            )


def _ids(item: WantedFile) -> tuple[int, int]:
    try:
        uid = pwd.getpwnam(item.owner).pw_uid if item.owner else -1
        gid = grp.getgrnam(item.group).gr_gid if item.group else -1
    except KeyError as error:
        raise KubephaseError(f"no such owner or group: {error}", where=item.path) from None
    return uid, gid


def _directory(path: str, mode: int, check_mode: bool) -> list[dict[str, str]]:
    if os.path.isdir(path):
        return []
    if not check_mode:
        _atomic_file.make_directory(path, mode)
    return [_diff(path + "/", "absent\n", f"directory, mode {mode:04o}\n")]


def _file(item: WantedFile, check_mode: bool) -> list[dict[str, str]]:
    data = item.content.encode()
    mode = octal(item.mode, item.path)
    before = _atomic_file.read(item.path)
    diffs = []
    if before != data:
        diffs.append(_diff(item.path, (before or b"").decode(errors="replace"), item.content))
        if not check_mode:
            _atomic_file.make_directory(os.path.dirname(item.path), 0o755)
            _atomic_file.write(item.path, data, mode)
    diffs += _attributes(item, mode, check_mode)
    return diffs


def _attributes(item: WantedFile, mode: int, check_mode: bool) -> list[dict[str, str]]:
    """Mode and owner of a file whose content stands already."""
    if not os.path.exists(item.path):
        return []
    found = os.stat(item.path)
    diffs = []
    found_mode = found.st_mode & 0o7777
    if found_mode != mode:
        diffs.append(_diff(item.path, f"mode {found_mode:04o}\n", f"mode {mode:04o}\n"))
        if not check_mode:
            os.chmod(item.path, mode)
    uid, gid = _ids(item)
    if uid not in (-1, found.st_uid) or gid not in (-1, found.st_gid):
        diffs.append(_diff(item.path, f"owner {found.st_uid}:{found.st_gid}\n", f"owner {item.owner}:{item.group}\n"))
        if not check_mode:
            os.chown(item.path, uid, gid)
    return diffs


def _absent(path: str, check_mode: bool) -> list[dict[str, str]]:
    before = _atomic_file.read(path)
    if before is None:
        return []
    if not check_mode:
        os.unlink(path)
    return [_diff(path, before.decode(errors="replace"), "")]


def _unit(wanted: FileSet, check_mode: bool, changes: bool) -> list[str]:
    if not wanted.unit:
        return []
    watched = [item.path for item in wanted.files] + list(wanted.unit.get("watch") or [])
    return Unit(wanted.unit["name"], check_mode).ensure(
        enabled=wanted.unit.get("enabled"),
        state=wanted.unit.get("state") or "started",
        newer_than=watched,
        restart=check_mode and changes,
    )


def _diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}
