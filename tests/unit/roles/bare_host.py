# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What module host_info says of a host on which nothing is installed."""

from __future__ import annotations

ADDRESS = "192.0.2.6"
FACTS = {
    "hostname": "lb2",
    "default_ipv4": ADDRESS,
    "default_ipv6": "",
    "architecture": "amd64",
    "distribution": {"id": "debian", "version_id": "12", "family": "debian"},
    "cgroup_version": 2,
    "systemd_resolved": False,
    "extra_ca_directories": [],
    "python_cryptography": "38.0.4",
    "python_yaml": "6.0",
    "kernel": "6.1.0",
    "member": "",
    "memory_mib": 2048,
    "cpus": 2,
}
