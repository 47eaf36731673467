# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kubelet of this host says that it is healthy, at the address its own configuration gives."""

from __future__ import annotations

import http.client

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_ADDRESS = "127.0.0.1"
_PORT = 10248
_TIMEOUT = 2.0


def is_healthy(kubelet_config: str) -> bool:
    """Ask ``/healthz``. A kubelet whose health endpoint is turned off (port 0) counts as healthy."""
    address, port = health_endpoint(kubelet_config)
    if port == 0:
        return True
    connection = http.client.HTTPConnection(address, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def health_endpoint(kubelet_config: str) -> tuple[str, int]:
    """Where the kubelet configuration at this path lets it answer; the defaults where there is none to read."""
    data = _atomic_file.read(kubelet_config)
    try:
        config = _kube_yaml.load(data) if data else None
    except KubephaseError:
        config = None
    if not isinstance(config, dict):
        return _ADDRESS, _PORT
    port = config.get("healthzPort")
    address = config.get("healthzBindAddress")
    if address in (None, "", "0.0.0.0"):
        address = _ADDRESS
    return "::1" if address == "::" else str(address), port if isinstance(port, int) else _PORT
