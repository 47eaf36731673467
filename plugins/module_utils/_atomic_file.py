# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there: written beside their place, synced, and renamed into it."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Optional


def read(path: str) -> Optional[bytes]:
    """The file's bytes, or None where there is no such file."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def mode_of(path: str) -> Optional[int]:
    """The permission bits of a file or directory, or None where there is none."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(path: str, data: bytes, mode: int, when: Optional[float] = None) -> None:
    """Replace ``path`` by ``data`` with exactly ``mode``, in one step.

    The temporary name begins with a dot, so that a kubelet watching the directory never reads it, and carries the mode
    from the start, so that a key is never readable by others. An existing file's owner is kept.

    :param when: when the file is said to have been changed, in seconds since the epoch; None is now.
    """
    directory = os.path.dirname(path) or "."
    handle, temporary = tempfile.mkstemp(prefix="." + os.path.basename(path) + ".", dir=directory)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), mode)
            _keep_owner(path, out.fileno())
            out.write(data)
            out.flush()
            if when is not None:
                os.utime(out.fileno(), (when, when))
            os.fsync(out.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_directory(directory)


def make_directory(path: str, mode: int) -> bool:
    """Create ``path`` with its missing parents (0755) and exactly ``mode``; an existing one is left as it is.

    :returns: whether it was created.
    """
    if os.path.isdir(path):
        return False
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        make_directory(parent, 0o755)
    try:
        os.mkdir(path)
    except FileExistsError:
        # somebody else was quicker
        return False
    os.chmod(path, mode)
    return True


def _keep_owner(path: str, descriptor: int) -> None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return
    mine = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(descriptor, found.st_uid, found.st_gid)


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
