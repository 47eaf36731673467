# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that modules share which make certificates; documented in the fragment ``certificates``."""

from __future__ import annotations

from typing import Any

ARGUMENTS: dict[str, Any] = {
    "encryption_algorithm": {
        "type": "str",
        "choices": ["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"],
        "default": "RSA-2048",
    },
    "certificate_validity": {"type": "str", "default": "8760h0m0s"},
    "renew_before": {"type": "str", "default": ""},
    "request_only": {"type": "bool", "default": False},
    "skip_phases": {"type": "list", "elements": "str", "default": []},
    "signed_certificates": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"name": {"type": "str", "required": True}, "certificate": {"type": "str", "required": True}},
    },
}
