# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the certificates on a host end, those that ``kubeadm certs check-expiration`` lists. No key is looked at."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import AUTHORITIES

_KUBECONFIGS = ("admin.conf", "controller-manager.conf", "scheduler.conf", "super-admin.conf")


def expirations(kubernetes_dir: str, certificates_dir: str, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Those that are there, by name: ``certificates``, and the ``authorities`` that they come from."""
    own: list[dict[str, Any]] = []
    authorities: list[dict[str, Any]] = []
    for authority in AUTHORITIES:
        external = not os.path.exists(os.path.join(certificates_dir, f"{authority.file}.key"))
        issuer = {"authority": authority.name, "externally_managed": external}
        path = os.path.join(certificates_dir, f"{authority.file}.crt")
        authorities += _described(authority.name, path, {"externally_managed": external}, now)
        for leaf in authority.leaves:
            own += _described(leaf.name, os.path.join(certificates_dir, f"{leaf.file}.crt"), issuer, now)
        if authority.name == "ca":
            for name in _KUBECONFIGS:
                own += _described(name, os.path.join(kubernetes_dir, name), issuer, now)
    return {
        "certificates": sorted(own, key=lambda one: str(one["name"])),
        "authorities": sorted(authorities, key=lambda one: str(one["name"])),
    }


def _described(name: str, path: str, issuer: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Nothing where there is no such file; what is wrong with it where it cannot be read."""
    data = _atomic_file.read(path)
    if data is None:
        return []
    facts: dict[str, Any] = {"name": name, "path": path, **issuer, "expires": "", "residual_seconds": 0, "error": ""}
    try:
        _certificate.require_library()
        if path.endswith(".conf"):
            data = _kubeconfig.parse(data, path).read_client_certificate()
        end = _certificate.not_after(certificates.load_chain(data, path)[0])
    except KubephaseError as error:
        return [{**facts, "error": str(error)}]
    return [{**facts, "expires": _certificate.stamp(end), "residual_seconds": int((end - now).total_seconds())}]
