# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reset asks the cluster whether the host is its node still, with the kubelet's own credentials."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.belonging import refuse_member

NODE = "/api/v1/nodes/w1"


@pytest.fixture
def request_of(tmp_path, admin_conf):
    (tmp_path / "etc/kubernetes").mkdir(parents=True)
    shutil.copy(admin_conf, tmp_path / "etc/kubernetes/kubelet.conf")
    return Request(node_name="w1", root=str(tmp_path))


def test_a_node_is_refused(api, request_of):
    api.store[NODE] = {"metadata": {"name": "w1"}}
    with pytest.raises(KubephaseError) as refused:
        refuse_member(request_of)
    assert str(refused.value).startswith(
        f"node w1: this host is a node of the running cluster at {api.url}. Take it out"
    )
    assert "reset_force" in str(refused.value)


def test_a_node_that_is_gone_is_no_member(api, request_of):
    refuse_member(request_of)
    assert [path for _, path, _ in api.requests] == [NODE]
    assert api.writes == 0


def test_a_node_of_another_name_is_refused(api, request_of):
    api.next = [(403, "Forbidden")]
    with pytest.raises(KubephaseError, match="node w1: this host is a node of a running cluster, and not of this name"):
        refuse_member(request_of)


@pytest.mark.parametrize("answer", [(401, "Unauthorized"), (500, "InternalError"), "hang up"])
def test_nobody_can_tell(api, request_of, answer):
    api.next = [answer] * 3
    with pytest.raises(KubephaseError, match="node w1: nobody can tell whether this host still belongs"):
        refuse_member(request_of)


def test_a_kubeconfig_that_cannot_be_read(request_of, tmp_path):
    (tmp_path / "etc/kubernetes/kubelet.conf").write_text("kind: [")
    with pytest.raises(KubephaseError, match="nobody can tell .* not a kubeconfig"):
        refuse_member(request_of)


def test_a_host_that_never_joined_is_asked_nothing(api, request_of, tmp_path):
    (tmp_path / "etc/kubernetes/kubelet.conf").unlink()
    refuse_member(request_of)
    assert api.requests == []
