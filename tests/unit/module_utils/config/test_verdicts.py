# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm accepts is accepted, what it refuses is refused: every row, with every minor version."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.legacy import LAST_MINOR, LEGACY_API_VERSION
from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from tests.unit.module_utils.config.verdict_rows import MINORS, Row, rows

ROWS = rows()
GROUPS = [(subject, list(group)) for subject, group in itertools.groupby(ROWS, key=lambda row: row.subject)]
HOST = {"hostname": "cp1", "default_ipv4": "192.0.2.10", "default_ipv6": "", "systemd_resolved": False, "member": ""}

STRICTER = {
    "a NUL can be in no argument and no file name": ["an escaped NUL"],
    "a tag asks for a type that is not known": ["a foreign tag", "a tag of Python"],
    "Pods and services would share addresses": ['ClusterConfiguration networking.podSubnet = "10.0.0.0/8"'],
    "certificates that are never valid": [
        f'ClusterConfiguration {name} = "{value}"'
        for name in ("certificateValidityPeriod", "caCertificateValidityPeriod")
        for value in ("0s", "0", "-1h")
    ],
    "a wait that ends before it begins": [
        f'{kind}Configuration timeouts.{name} = "0s"'
        for kind in ("Init", "Join")
        for name in ("discovery", "tlsBootstrap", "controlPlaneComponentHealthCheck")
    ],
    "init and join refuse it, after `config validate`": [
        'InitConfiguration localAPIEndpoint.advertiseAddress = "169.254.1.1"',
        'JoinConfiguration controlPlane.localAPIEndpoint.advertiseAddress = "169.254.1.1"',
    ],
    "no such host can be asked": ['JoinConfiguration discovery.bootstrapToken.apiServerEndpoint = "https://a"'],
}
"""Rows that kubeadm accepts and the collection refuses, by reason."""
MORE_LENIENT = {
    "a document without content says nothing": [
        "a comment before the first document",
        "a comment after the last document",
        "two separators",
    ],
    "only `config validate` refuses it, init and join warn": [
        "a document of another group",
        "another kind of kubeadm's group",
        "a kind in lower case",
        "a key twice",
        "an unknown field",
        "a field in other case",
        "an old document with a new field",
    ],
    "a play finds out how to join": [
        "JoinConfiguration discovery = {}",
        "JoinConfiguration discovery = null",
        'JoinConfiguration discovery = {"bootstrapToken": {}}',
    ],
}
"""Rows that kubeadm refuses and the collection accepts, by reason."""
REFUSED = {name for names in STRICTER.values() for name in names}
ACCEPTED = {name for names in MORE_LENIENT.values() for name in names}


def accepts(row: Row, minor: int) -> bool:
    joins = row.kind == "Join"
    role = "worker" if joins and not row.path.startswith("controlPlane") else "control_plane"
    inputs: dict[str, Any] = {"config_file": "f", "node_role": role, "joins": joins}
    try:
        resolve(inputs, HOST, row.text(minor).encode())
    except KubephaseError:
        return False
    return True


def _unreadable(row: Row, minor: int) -> bool:
    """A document of v1beta3 is refused by 1.37, whatever is in it."""
    return minor > LAST_MINOR and LEGACY_API_VERSION in row.text(minor)


@pytest.mark.parametrize(("subject", "group"), GROUPS, ids=[subject for subject, _group in GROUPS])
def test_the_verdict_is_kubeadms(subject: str, group: list[Row]) -> None:
    wrong = []
    for row, minor in itertools.product(group, MINORS):
        wanted = minor not in row.refused
        if (row.name in REFUSED and wanted) or (row.name in ACCEPTED and not _unreadable(row, minor)):
            wanted = not wanted
        if accepts(row, minor) is not wanted:
            wrong.append(f"1.{minor} {row.name}: {'should be accepted' if wanted else 'should be refused'}")
    assert wrong == []


def test_every_difference_is_one() -> None:
    """A row that no longer differs is taken out of the lists."""
    differs = {row.name for row in ROWS for minor in MINORS if accepts(row, minor) is (minor in row.refused)}
    assert differs == REFUSED | ACCEPTED
