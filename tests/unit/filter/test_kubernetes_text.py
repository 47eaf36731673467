# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.kubephase.cluster.plugins.filter.to_kube_yaml import to_kube_yaml


def test_yaml_is_kubernetes_own() -> None:
    assert to_kube_yaml({"mode": "", "bindAddress": "::", "list": [1]}) == "bindAddress: '::'\nlist:\n- 1\nmode: \"\"\n"
    with pytest.raises(AnsibleFilterError, match="to_kube_yaml: "):
        to_kube_yaml({"x": object()})
