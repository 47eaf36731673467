# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that nobody interrupted leaves is written down, for the comparison with runs that died again and again."""

from __future__ import annotations

import json

from tests.cluster import left
from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.resuming import FOUNDERS, RECORD, WORKER


def test_record(cluster: Cluster, hosts: dict[str, Host]) -> None:
    record = {
        **{name: left.of_host(hosts[name]) for name in (*FOUNDERS, WORKER)},
        "cluster": left.of_cluster(cluster, hosts[FOUNDERS[0]]),
    }
    assert record["cluster"]["etcd"] == dict.fromkeys(FOUNDERS, False)
    assert "/etc/kubernetes/manifests/etcd.yaml" in record["cp3"]["texts"]
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1))
