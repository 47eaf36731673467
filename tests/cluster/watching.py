# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients and a worker see while something happens to control planes and balancers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.cluster import faults
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.hosts import Host
from tests.cluster.playbook import CHECKOUT
from tests.cluster.writer import Access, Writer

#: how long the API may be away, in seconds
AWAY = 15.0
#: after a fault the clients have to go on for so long without a failure
CALM = 3.0
#: what needs longer than that to show itself does so within this time
HOLD = 8.0
#: a kubelet renews its lease every ten seconds
LEASE = 10.0
WORKER = "w1"
MEASURED = CHECKOUT / "tests/output/ha/measured.txt"


@contextmanager
def writing(cluster: Cluster, namespace: str, size: int = 200) -> Iterator[Writer]:
    """Clients that write through the cluster's endpoint, so many bytes each time."""
    namespace = f"{namespace}-{secrets.token_hex(4)}"
    writer = Writer(Access.of(cluster.kubeconfig), namespace, size=size)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        cluster.call("delete", "namespace", namespace, "--wait=false")


class Watched:
    """From the moment before a fault, when all is well, to the one when all is well again."""

    def __init__(self, writer: Writer, cluster: Cluster, members: Sequence[Host]) -> None:
        self._writer, self._cluster = writer, cluster
        writer.wait(CALM)
        faults.wait_healthy(cluster, members)
        self._began = time.monotonic()

    def during(self) -> None:
        """While the fault lasts: the clients go on, and so does the worker."""
        time.sleep(HOLD)
        self._writer.wait(CALM)
        said = self._renewed()
        eventually(lambda: self._renewed() != said, f"the kubelet of {WORKER} renews its lease", LEASE + 5)
        assert ready(self._cluster.get("node", WORKER))

    def after(self, what: str, members: Sequence[Host]) -> None:
        """For how long a client was kept waiting at most, and whether anything that was acknowledged is missing."""
        faults.wait_healthy(self._cluster, members)
        self._writer.wait(CALM)
        gap, failures = self._writer.gap(self._began), self._writer.failures(self._began)
        written = self._writer.acknowledged
        said = f"{what}: longest gap {gap:.1f} s, {len(failures)} failed attempts, {len(written)} acknowledged writes"
        MEASURED.parent.mkdir(parents=True, exist_ok=True)
        with MEASURED.open("a") as measured:
            measured.write(f"{time.strftime('%F %T')} {said}\n")
        assert gap < AWAY, failures
        assert self._writer.missing(written) == []

    def _renewed(self) -> str:
        """When the worker's kubelet last said that it lives."""
        return str(self._cluster.get("lease", "-n", "kube-node-lease", WORKER)["spec"]["renewTime"])
