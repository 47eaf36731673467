# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reset asks the host's own etcd whether it is a member still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.belonging import refuse_member
from ansible_collections.kubephase.cluster.tests.unit.module_utils.etcd.conftest import Ring
from ansible_collections.kubephase.cluster.tests.unit.module_utils.reset.conftest import ETCD


@pytest.fixture
def etcd_host(tmp_path: Path) -> Callable[[str], Request]:
    def build(url: str) -> Request:
        (tmp_path / "etc/kubernetes/manifests").mkdir(parents=True)
        (tmp_path / "etc/kubernetes/manifests/etcd.yaml").write_text(ETCD.replace("URL", url))
        (tmp_path / "srv/etcd/member").mkdir(parents=True)
        return Request(node_name="cp1", root=str(tmp_path))

    return build


def test_a_member_is_refused(ring: Callable[..., Ring], etcd_host: Callable[[str], Request]) -> None:
    made = ring("cp1", "cp2", "cp3")
    with pytest.raises(KubephaseError) as refused:
        refuse_member(etcd_host(made.urls[0]))
    assert str(refused.value).startswith(
        "etcd member cp1: this host is a member of a running etcd (others: cp2, cp3). Take it out"
    )
    assert made.changes == []


def test_one_that_was_taken_out_is_not(ring: Callable[..., Ring], etcd_host: Callable[[str], Request]) -> None:
    made = ring("cp1", "cp2")
    url = made.urls[0]
    del made.members["cp1"]
    made.leader = "cp2"
    refuse_member(etcd_host(url))


def test_data_of_an_etcd_that_does_not_answer(
    ring: Callable[..., Ring], etcd_host: Callable[[str], Request], tmp_path: Path
) -> None:
    made = ring("cp1")
    made.dead.add("cp1")
    request = etcd_host(made.urls[0])
    with pytest.raises(KubephaseError, match="etcd member cp1: nobody can tell"):
        refuse_member(request)
    (tmp_path / "srv/etcd/member").rmdir()
    refuse_member(request)
