# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that cannot be right is refused before any host is touched; the error names field, value and way out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks

CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown field": (
        {"kubephase_cluster_configuration": {"networking": {"podSubnets": "10.1.0.0/16"}}},
        ("networking.podSubnets", "podSubnet"),
    ),
    "ill-typed field": (
        {"kubephase_cluster_configuration": {"apiServer": {"certSANs": "api.example.org"}}},
        ("apiServer.certSANs", "api.example.org", "list"),
    ),
    "ill-typed number": (
        {"kubephase_local_api_endpoint": {"bindPort": "https"}},
        ("bindPort", "https"),
    ),
    "overlapping networks": (
        {"kubephase_service_subnet": "10.244.128.0/20"},
        ("kubephase_pod_subnet", "10.244.0.0/16", "kubephase_service_subnet", "10.244.128.0/20"),
    ),
    "unsupported version": (
        {"kubephase_kubernetes_version": "v1.33.0"},
        ("kubephase_kubernetes_version", "v1.33.0", "v1.34"),
    ),
    "kubelet field": (
        {"kubephase_kubelet_configuration": {"clusterDNS": "10.96.0.10"}},
        ("clusterDNS", "10.96.0.10"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused(playbooks: Playbooks, members: list[Host], case: str) -> None:
    variables, words = CASES[case]
    run = playbooks.site(**variables)
    assert run.code != 0, run.output
    for word in words:
        assert word in run.error, run.output
    assert not any(run.changed.values())
    # at most the one call that reads the host's facts
    assert all(run.calls.get(host.name, 0) <= 1 for host in members), run.calls
