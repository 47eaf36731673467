# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.kubephase.cluster.plugins.filter.component_args import component_args
from ansible_collections.kubephase.cluster.plugins.filter.to_kube_yaml import to_kube_yaml


def test_extra_arguments_replace_and_follow() -> None:
    base = {"v": "2", "leader-elect": "true", "bind-address": "127.0.0.1"}
    extra = [{"name": "v", "value": "4"}, {"name": "a", "value": ""}, {"name": "v", "value": "5"}]
    assert component_args(base, extra) == ["--bind-address=127.0.0.1", "--leader-elect=true", "--v=4", "--a=", "--v=5"]
    assert (
        component_args(base)
        == component_args(base, None)
        == ["--bind-address=127.0.0.1", "--leader-elect=true", "--v=2"]
    )


@pytest.mark.parametrize(("base", "extra"), [([], []), ({}, [1]), ({}, [{"name": "x"}]), ({}, "ab")])
def test_wrong_arguments_are_an_error(base: Any, extra: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="component_args: "):
        component_args(base, extra)


def test_yaml_is_kubernetes_own() -> None:
    assert to_kube_yaml({"mode": "", "bindAddress": "::", "list": [1]}) == "bindAddress: '::'\nlist:\n- 1\nmode: \"\"\n"
    with pytest.raises(AnsibleFilterError, match="to_kube_yaml: "):
        to_kube_yaml({"x": object()})
