# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the certificates that control planes share, as kubeadm's phase download-certs does on a host that joins.

They are decrypted on the host that will use them. A host that has them already is checked and left alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _certs_secret,
    _cluster_match,
    _join_access,
    _membership,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import Access
from ansible_collections.kubephase.cluster.plugins.module_utils._certs_secret import SharedFile
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Discovery, Timeouts
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import HostConflict, Paths

_UPLOAD = "Upload them on a control plane (role upload_certs, or 'kubeadm init phase upload-certs --upload-certs'), and give its key"


@dataclass(frozen=True)
class Wanted:
    """What is to be on the host.

    :param cluster: this inventory's ClusterConfiguration.
    :param key: the certificate key; empty where the files were copied to the host.
    """

    cluster: Mapping[str, Any]
    key: str = field(default="", repr=False)
    discovery: Discovery = field(default_factory=Discovery)
    timeouts: Timeouts = field(default_factory=Timeouts)
    paths: Paths = field(default_factory=Paths)

    @property
    def files(self) -> list[SharedFile]:
        directory = str(self.cluster.get("certificatesDir") or "/etc/kubernetes/pki")
        return _certs_secret.shared_files(directory, (self.cluster.get("etcd") or {}).get("external") or None)


def ensure(wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Bring the files to the host; the result of the module."""
    files = [file for file in wanted.files if file.path]
    if wanted.key:
        _certs_secret.parse_key(wanted.key, "certificateKey")
    if _membership.membership(wanted.paths, _join_access.now()) and not _missing(files):
        return _result([], [])
    if check_mode:
        return _result(_missing(files) if wanted.key else [], [])
    access, warnings = _join_access.discover(wanted.discovery, wanted.timeouts)
    theirs = _cluster_match.read(access, wanted.timeouts.api)
    _cluster_match.require_endpoint(theirs)
    warnings += _cluster_match.compare(wanted.cluster, theirs)
    if not wanted.key:
        _require_copied(files)
        return _result([], warnings)
    contents = _download(access, wanted)
    _require_no_others(files, contents)
    return _result(_write(files, contents), warnings)


def _download(access: Access, wanted: Wanted) -> dict[str, bytes]:
    answer = _join_access.ask(access, _certs_secret.PATH, wanted.timeouts.api)
    if answer.status == 404:
        raise KubephaseError(
            "there is none: the certificates were never uploaded, or more than two hours ago",
            where=_certs_secret.WHERE,
            hint=_UPLOAD,
        )
    _join_access.require_let_in(access, answer, _certs_secret.WHERE, "The RoleBinding kubeadm:kubeadm-certs is missing")
    try:
        secret = json.loads(answer.body)
        secret["data"] = dict(secret.get("data") or {})
    except (ValueError, TypeError, RecursionError):
        raise KubephaseError("the answer is no Secret", where=_certs_secret.WHERE) from None
    return _certs_secret.opened(_certs_secret.parse_key(wanted.key, "certificateKey"), secret, wanted.files)


def _missing(files: list[SharedFile]) -> list[SharedFile]:
    return [file for file in files if file.required and not os.path.exists(file.path)]


def _require_copied(files: list[SharedFile]) -> None:
    missing = _missing(files)
    if missing:
        raise KubephaseErrors(
            [
                KubephaseError("it is missing, and no certificate key is given to download it with", where=one.path)
                for one in missing
            ],
            f"{_UPLOAD}; or copy these files from a control plane:",
        )


def _require_no_others(files: list[SharedFile], contents: Mapping[str, bytes]) -> None:
    """Nothing is overwritten: what is there and differs may be all that is left of another cluster."""
    others = []
    for file in files:
        found = _atomic_file.read(file.path)
        if found is not None and contents[file.name] and found != contents[file.name]:
            others.append(
                HostConflict(
                    f"it differs from the cluster's own ({_certs_secret.WHERE}, {file.name})",
                    where=file.path,
                    hint="Reset this host, or move the file away, before it joins",
                )
            )
    if others:
        raise KubephaseErrors(others, "This host has files of another cluster:")


def _write(files: list[SharedFile], contents: Mapping[str, bytes]) -> list[SharedFile]:
    written = []
    for file in files:
        data = contents[file.name]
        if data and _atomic_file.read(file.path) is None:
            _atomic_file.make_directory(os.path.dirname(file.path), 0o755)
            _atomic_file.write(file.path, data, _certs_secret.mode(data))
            written.append(file)
    return written


def _result(written: list[SharedFile], warnings: list[str]) -> dict[str, Any]:
    paths = [file.path for file in written]
    return {
        "changed": bool(paths),
        "files": paths,
        "warnings": warnings,
        "diff": [{"before_header": path, "after_header": path, "before": "", "after": "(hidden)\n"} for path in paths],
    }
