# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of every module that finds a cluster to join (documented in the fragment ``kubephase.cluster.discovery``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Discovery

DISCOVERY_ARGUMENTS: dict[str, dict[str, Any]] = {
    "api_server_endpoint": {"type": "str", "default": ""},
    "discovery_file": {"type": "str", "default": ""},
    "token": {"type": "str", "default": "", "no_log": True},
    "tls_bootstrap_token": {"type": "str", "default": "", "no_log": True},
    "ca_cert_hashes": {"type": "list", "elements": "str", "default": []},
    "unsafe_skip_ca_verification": {"type": "bool", "default": False},
}


def discovery_from(params: Mapping[str, Any]) -> Discovery:
    """What the module was given."""
    return Discovery(
        endpoint=params["api_server_endpoint"],
        file=params["discovery_file"],
        token=params["token"],
        tls_bootstrap_token=params["tls_bootstrap_token"],
        pins=params["ca_cert_hashes"],
        unsafe_skip_ca_verification=params["unsafe_skip_ca_verification"],
    )
