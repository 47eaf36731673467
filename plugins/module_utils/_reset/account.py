# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be taken away, and the account of what went and what was left."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

MARK = b"Written by kubephase.cluster."
"""Stands in the first lines of every file that is ours and no artifact of kubeadm's."""
_MARK_WITHIN = 1024


@dataclass(frozen=True)
class Request:
    """What is to go.

    :param everything: binaries, container runtime and host preparation too, and not the cluster alone.
    :param force: go ahead where the host is, or may be, a member of a running cluster.
    :param skip_phases: of ``kubeadm reset``.
    :param root: other than empty in tests only; stands before every path.
    """

    node_name: str = ""
    everything: bool = True
    force: bool = False
    certificates_dir: str = "/etc/kubernetes/pki"
    manifests: str = "/etc/kubernetes/manifests"
    cri_socket: str = "unix:///var/run/containerd/containerd.sock"
    skip_phases: tuple[str, ...] = ()
    unmount_flags: tuple[str, ...] = ()
    cleanup_tmp_dir: bool = False
    kubernetes_dir: str = "/etc/kubernetes"
    kubelet_dir: str = "/var/lib/kubelet"
    cni_config_dir: str = "/etc/cni/net.d"
    network_config_dir: str = "/etc/kubephase"
    root: str = ""

    def at(self, path: str) -> str:
        return self.root + path

    def skips(self, phase: str) -> bool:
        return phase in self.skip_phases


@dataclass
class Account:
    """Does what it is told, or in check mode only writes it down.

    :ivar actions: what was done, in order.
    :ivar left: what stayed although one might expect it to go: ``path`` and ``reason``.
    """

    check_mode: bool = False
    root: str = ""
    actions: list[str] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def do(self, what: str, act: Callable[[], Any]) -> None:
        self.actions.append(what)
        if not self.check_mode:
            act()

    def leave(self, path: str, reason: str) -> None:
        self.left.append({"path": self._shown(path), "reason": reason})

    def delete(self, path: str) -> bool:
        """A file or link, and what a run that was killed left of it."""
        found = [path] if os.path.lexists(path) else []
        folder, name = os.path.split(path)
        # temporary names of _atomic_file
        found += glob.glob(f"{glob.escape(folder)}/.{glob.escape(name)}.????????")
        for one in found:
            self.gone.add(one)
            self.do(f"delete {self._shown(one)}", partial(os.unlink, one))
        return bool(found)

    def delete_marked(self, path: str) -> bool:
        """The file, where it says that it is ours."""
        if not os.path.lexists(path):
            return False
        if not is_marked(path):
            self.leave(path, "somebody else's")
            return False
        return self.delete(path)

    def empty(self, directory: str) -> bool:
        """Everything in a directory, which itself stays."""
        if not os.path.isdir(directory) or not os.listdir(directory):
            return False
        if not self.check_mode:
            _refuse_mounts(directory)
        self.gone.update(os.path.join(directory, name) for name in os.listdir(directory))
        self.do(f"delete everything in {self._shown(directory)}", partial(_empty, directory))
        return True

    def delete_tree(self, directory: str) -> bool:
        """With the directory itself, unless that is a mount point or leads to another place: whoever made it so keeps it."""
        if not os.path.isdir(directory):
            return False
        if os.path.islink(directory) or os.path.ismount(directory):
            return self.empty(directory)
        if not self.check_mode:
            _refuse_mounts(directory)
        self.gone.add(directory)
        self.do(f"delete {self._shown(directory)} and everything in it", partial(shutil.rmtree, directory))
        return True

    def delete_if_empty(self, *directories: str) -> None:
        """Directories that nothing is in any more. What is a mount of its own stays."""
        for directory in directories:
            if not os.path.isdir(directory) or os.path.islink(directory) or os.path.ismount(directory):
                continue
            if all(os.path.join(directory, name) in self.gone for name in os.listdir(directory)):
                self.gone.add(directory)
                self.do(f"delete {self._shown(directory)}", partial(os.rmdir, directory))

    def _shown(self, path: str) -> str:
        return path[len(self.root) :] if self.root and path.startswith(self.root) else path


def is_marked(path: str) -> bool:
    try:
        with open(path, "rb") as handle:
            return MARK in handle.read(_MARK_WITHIN)
    except OSError:
        return False


def mounts(table: str = "/proc/self/mounts") -> list[str]:
    """Mount points in the order they were made."""
    with open(table, encoding="utf-8", errors="surrogateescape") as handle:
        return [_unescaped(line.split(" ")[1]) for line in handle if line.count(" ") > 1]


def mounts_below(directory: str, table: str = "/proc/self/mounts") -> list[str]:
    """The innermost first. The directory itself is not among them."""
    inside = os.path.realpath(directory) + "/"
    return [point for point in reversed(mounts(table)) if point.startswith(inside)]


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def _refuse_mounts(directory: str) -> None:
    """What is mounted there is somebody's data."""
    found = mounts_below(directory)
    if found:
        raise KubephaseError(
            "something is mounted below it, so nothing in it was deleted",
            where=directory,
            value=found[0],
            hint=f"Run 'umount {found[0]}', then run again",
        )


def _empty(directory: str) -> None:
    for entry in list(os.scandir(directory)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
