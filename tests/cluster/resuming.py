# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of interrupted runs share: which hosts, what is declared for them, what may not be seen of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from tests.cluster import secret_search
from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.interrupting import Chain
from tests.cluster.playbook import CHECKOUT
from tests.cluster.secret_search import Needle

FOUNDERS, WORKER = ("cp1", "cp2", "cp3"), "w1"
RECORD = CHECKOUT / "tests/output/ha/uninterrupted.json"
#: a longer list than that nobody reads
SHOWN = 30


class Declared:
    """Secrets that a user declares, in a file, as Ansible itself shows its command line."""

    def __init__(self, directory: Path) -> None:
        self.key = secrets.token_hex(32)
        self.path = directory / "declared.yml"
        self.path.write_text(f"kubephase_init_configuration:\n  certificateKey: {self.key}\n")

    @property
    def arguments(self) -> tuple[str, str]:
        return "-e", f"@{self.path}"


def needles(hosts: Iterable[Host], cluster: Cluster, declared: Declared) -> list[Needle]:
    """Every secret of the hosts and of the cluster."""
    found = [needle for host in hosts for needle in secret_search.of_host(host)]
    assert len(found) > 200
    return [*found, *secret_search.of_tokens(cluster), *secret_search.plain("certificate key", declared.key)]


def ended_well(chain: Chain, fewest: int) -> None:
    assert chain.last is not None
    assert chain.last.code == 0, f"after {chain.stops}:\n{chain.last.output[-20000:]}"
    assert len(chain.stops) >= fewest, chain.stops


def gives_nothing_away(chain: Chain, wanted: list[Needle]) -> None:
    """Output, log, facts and temporary files of all the runs, of those too that could not clean up."""
    assert (chain.folder / "ansible.log").stat().st_size > 10_000
    assert "ESTABLISH SSH CONNECTION" in (chain.folder / "output-000").read_text()
    found = secret_search.search_below(chain.folder, wanted)
    assert found == {}, found
    for path in chain.folder.rglob("*"):
        assert not path.is_file() or b"PRIVATE KEY-----" not in path.read_bytes(), path
