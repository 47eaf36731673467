# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as Kubernetes' own tools write it."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError


def to_kube_yaml(value: Any) -> str:
    """The text that ``sigs.k8s.io/yaml`` gives for the same object."""
    try:
        return _kube_yaml.dump(value)
    except KubephaseError as error:
        raise AnsibleFilterError(f"to_kube_yaml: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"to_kube_yaml": to_kube_yaml}
