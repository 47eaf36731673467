# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a kubelet's start: its kubeconfig names the certificate that the kubelet rotates itself.

kubeadm then restarts the kubelet. One that made the rotated certificate itself works with that already, whatever its
kubeconfig says, and goes on: a kubelet that has just started puts off the first probe of a new Pod for up to ten seconds.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import outline
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

ROTATED_NAME = "kubelet-client-current.pem"
FILE_MODE = 0o600


def finalize(
    path: str, certificate_directory: str, unit: Unit, check_mode: bool, joined: bool = False
) -> dict[str, Any]:
    """Let the kubeconfig ``path`` name the rotated certificate, and restart a kubelet that may not be working with it.

    Nothing is done where the kubelet has not made such a certificate, because rotation is off. An expired one is not
    taken: a kubelet started with the certificate inside the kubeconfig replaces it.

    :param joined: leave the file as the kubelet itself writes it on a host that joins.
    :returns: the result of the module ``kubelet_finalize``.
    """
    rotated = f"{certificate_directory.rstrip('/')}/{ROTATED_NAME}"
    data = _atomic_file.read(path)
    if data is None:
        if not check_mode:
            raise KubephaseError(
                "the kubelet's kubeconfig is missing", where=path, hint="Run the role kubeconfig first"
            )
        return _result(path, rotated, "", True, [])
    mapping = _kubeconfig.load_mapping(data, path)
    user = _kubeconfig.current_user(mapping, path)
    before = _credentials(user)
    if _is_usable(rotated) or (check_mode and not os.path.exists(rotated) and not unit.is_active()):
        for name in ("client-certificate-data", "client-key-data"):
            user.pop(name, None)
        user["client-certificate"] = user["client-key"] = rotated
        if joined:
            mapping = _kubeconfig.of_tls_bootstrap(_kubeconfig.current_cluster(mapping, path), user)
    written = _credentials(user) != before
    works_with_it = written and unit.is_older_than(rotated)
    if written and not check_mode:
        # a file that keeps its time is no reason for a restart, to no later run either
        keeps = works_with_it and not unit.is_older_than(path)
        _atomic_file.write(path, _kubeconfig.text(mapping), FILE_MODE, os.stat(path).st_mtime if keeps else None)
    done = unit.ensure(state="unchanged", newer_than=[path], restart=written and not works_with_it)
    return _result(path, rotated, before, written, done)


def _is_usable(path: str) -> bool:
    data = _atomic_file.read(path)
    if data is None:
        return False
    _certificate.require_library()
    from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates

    return _certificate.not_after(certificates.load_chain(data, path)[0]) > datetime.now(timezone.utc)


def _credentials(user: dict[str, Any]) -> str:
    """The kubelet's credentials as the lines of a diff, without what is secret."""
    lines = [
        f"{name}: {user[name] if not name.endswith('-data') else '(inside the file)'}"
        for name in ("client-certificate", "client-certificate-data", "client-key", "client-key-data")
        if user.get(name)
    ]
    return "".join(f"{line}\n" for line in lines)


def _result(path: str, rotated: str, before: str, written: bool, done: list[str]) -> dict[str, Any]:
    after = f"client-certificate: {rotated}\nclient-key: {rotated}\n"
    return {
        "changed": written or bool(done),
        "unit": done,
        "diff": [outline.file_diff(path, before, after)] if written else [],
    }
