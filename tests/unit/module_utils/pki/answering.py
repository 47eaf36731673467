# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing what waits, where the authority's key is."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, signing


def answers(found, vault, authority="ca", check_mode=False, **changed):
    """Sign what ``found`` says is waiting, with the keys in ``vault``."""
    waiting = [
        signing.Waiting(
            item["name"],
            item["authority"],
            item["csr"],
            tuple(item["usages"]),
            timedelta(seconds=item["validity_seconds"]),
            item["authority_certificate"],
        )
        for item in found["requests"]
    ]
    file = {"ca": "ca", "front-proxy-ca": "front-proxy-ca", "etcd-ca": "etcd/ca"}[authority]
    known = {"certificate_path": str(vault / f"{file}.crt"), "key_path": str(vault / f"{file}.key"), **changed}
    return signing.sign(waiting, [signing.Authority(authority, **known)], check_mode)


def by_name(result):
    return {item["name"]: item["certificate"] for item in result["signed_certificates"]}


def names(result):
    return tuple(item["name"] for item in result["requests"])


def host_file(host, name, user):
    return client_files.Wanted(str(host.root / name), "https://x:6443", user)
