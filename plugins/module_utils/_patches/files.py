# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a folder of patches, named as kubeadm wants them: ``target[suffix][+type].json`` or ``.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import MAX_BYTES, load_all

TYPES = ("json", "merge", "strategic")
_EXTENSION = re.compile(r".+\.(json|yaml)\Z")
_TARGETS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeletconfiguration", "corednsdeployment",
)  # fmt: skip


@dataclass(frozen=True)
class Patch:
    """The documents of one file, to be applied one after the other."""

    source: str
    target: str
    type: str
    documents: tuple[Any, ...]


@dataclass(frozen=True)
class Folder:
    """What was found in a folder: its patches in the order in which they are applied, and what was no patch, and why."""

    patches: tuple[Patch, ...]
    ignored: tuple[str, ...]


def known_targets(minor: int) -> tuple[str, ...]:
    """What can be patched in Kubernetes 1.``minor``."""
    return (*_TARGETS, "kubeproxydaemonset") if minor >= 37 else _TARGETS


def list_files(directory: str) -> list[tuple[str, str]]:
    """Path inside the directory and content of each file, in the order of kubeadm's walk, sub-directories included."""
    if not os.path.isdir(directory):
        problem = "this is not a directory" if os.path.lexists(directory) else "this directory does not exist"
        raise KubephaseError(problem, where=directory, hint="It is where the patches are read from")
    return [(os.path.relpath(path, directory), _text(path)) for path in _walk(directory)]


def read_folder(files: Iterable[Sequence[str]], minor: int, directory: str = "") -> Folder:
    """The patches among the files, which are pairs of path and content."""
    patches, ignored = [], []
    for path, content in files:
        source = os.path.join(directory, path)
        target, kind, reason = parse_name(os.path.basename(path), minor, source)
        if not reason and not content:
            reason = "it is empty"
        if reason:
            ignored.append(f"{source} is no patch and was ignored: {reason}")
        else:
            patches.append(Patch(source, target, kind, _documents(content, source)))
    return Folder(tuple(patches), tuple(ignored))


def parse_name(name: str, minor: int, source: str = "") -> tuple[str, str, str]:
    """Target and type of the patch that a file's name announces, and why the file is none."""
    targets = known_targets(minor)
    if not _EXTENSION.match(name):
        return "", "", "its name does not end in .json or .yaml"
    found = re.match(rf"({'|'.join(targets)})([^.+\n]*)(\+)?({'|'.join(TYPES)})?", name)
    if found is None:
        return "", "", f"its name does not begin with one of {', '.join(targets)}"
    if found[3] and not found[4]:
        given = name.split("+", 1)[1].rsplit(".", 1)[0]
        raise KubephaseError(
            "unknown type of patch after the + of the file's name", where=source, value=given, accepted=", ".join(TYPES)
        )
    return found[1], found[4] or "strategic", ""


def _documents(content: str, source: str) -> tuple[Any, ...]:
    return tuple(document for document in load_all(content, source) if document is not None)


def _walk(directory: str) -> list[str]:
    paths = []
    for name in sorted(os.listdir(directory), key=os.fsencode):
        path = os.path.join(directory, name)
        if os.path.isdir(path):
            paths += [] if os.path.islink(path) else _walk(path)
        else:
            paths.append(path)
    return paths


def _text(path: str) -> str:
    """The content of a file; of one that cannot be a patch nothing, it is only named."""
    if not _EXTENSION.match(os.path.basename(path)):
        return ""
    problem: Optional[str] = None
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        return data.decode("utf-8")
    except UnicodeDecodeError:
        problem = "not UTF-8 text"
    except OSError as error:
        problem = error.strerror or str(error)
    raise KubephaseError(problem, where=path)
