# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the static Pod templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.kubephase.cluster.plugins.module_utils import _static_pod
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    def filtered(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except KubephaseError as error:
            raise AnsibleFilterError(str(error)) from error

    return filtered


def _merge_env(_block: str, base: Sequence[Mapping[str, Any]], extra: Sequence[Mapping[str, Any]]) -> str:
    return _static_pod.merge_env(base, extra)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "certificate_directories": _guarded(_static_pod.certificate_directories),
            "merge_arguments": _guarded(_static_pod.merge_arguments),
            "merge_env": _guarded(_merge_env),
            "merge_volume_mounts": _guarded(_static_pod.merge_volume_mounts),
            "merge_volumes": _guarded(_static_pod.merge_volumes),
            "probe_endpoint": _guarded(_static_pod.probe_endpoint),
        }
