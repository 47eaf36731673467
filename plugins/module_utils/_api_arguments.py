# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of every module that talks to the API server (documented in the fragment ``kubephase.cluster.api``)."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import ADMIN_CONF

API_ARGUMENTS: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "path", "default": ADMIN_CONF},
    "server": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 60},
}
