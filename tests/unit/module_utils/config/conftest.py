# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def host() -> dict[str, Any]:
    return {
        "hostname": "CP1",
        "default_ipv4": "192.0.2.10",
        "default_ipv6": "2001:db8::10",
        "architecture": "amd64",
        "systemd_resolved": False,
        "member": "",
    }


@pytest.fixture
def fact(host: dict[str, Any]) -> Resolve:
    """Resolves inputs (and the text of a configuration file) for the host."""

    def run(text: str = "", **inputs: Any) -> dict[str, Any]:
        if text:
            inputs["config_file"] = "kubeadm.yaml"
        return resolve(inputs, host, text.encode() if text else None)[0]

    return run


@pytest.fixture
def fault(fact: Resolve) -> Callable[..., str]:
    """The message with which a resolution fails."""

    def run(text: str = "", **inputs: Any) -> str:
        with pytest.raises(KubephaseError) as caught:
            fact(text, **inputs)
        return str(caught.value)

    return run
