# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane joins in two halves, between which its etcd becomes a member."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _join
from ansible_collections.kubephase.cluster.tests.unit.module_utils.discovery.joining_host import Host, join

LOCAL = "https://127.0.0.1:1"


def test_a_control_plane_starts_its_kubelet_before_anybody_can_sign(host: Host, api_server: Any) -> None:
    host.signs = False
    result = join(host, api_server, stage="start", local_server=LOCAL)
    assert result["joined"] and "certificate" not in result
    assert host.bootstrap and host.bootstrap["clusters"][0]["cluster"]["server"] == LOCAL
    assert os.path.exists(host.paths.bootstrap_conf)
    host.write_certificate()
    done = join(host, stage="wait", local_server=LOCAL)
    assert done["changed"] and done["server"] == LOCAL
    assert not os.path.exists(host.paths.bootstrap_conf)
    assert host.starts == 1
    for stage in ("start", "wait", "all"):
        assert not join(host, stage=stage, local_server=LOCAL)["changed"]


def test_a_control_plane_whose_certificate_does_not_come(host: Host, api_server: Any) -> None:
    host.signs = False
    join(host, api_server, stage="start", local_server=LOCAL)
    with pytest.raises(_join.JoinTimeout, match="no signed client certificate after"):
        join(host, stage="wait", local_server=LOCAL)
    assert not os.path.exists(host.paths.bootstrap_conf)
    assert join(host, api_server, stage="start", local_server=LOCAL)["joined"], "the next run begins anew"


def test_both_halves_in_check_mode(host: Host) -> None:
    started = join(host, check_mode=True, stage="start")
    assert started["actions"][-1] == "start the kubelet"
    assert join(host, check_mode=True, stage="wait")["actions"][-1] == f"remove {host.paths.bootstrap_conf}"
    assert host.starts == 0
