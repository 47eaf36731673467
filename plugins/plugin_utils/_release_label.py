# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version behind a label such as stable-1.36, asked for on the controller."""

from __future__ import annotations

import http.client
from typing import Any

from ansible.module_utils.urls import open_url

TIMEOUT = 10
"""Seconds, as kubeadm waits."""
_LONGEST_ANSWER = 1024


class Fetch:
    """Asks once in a run: a host whose fact holds an answer keeps it."""

    def __init__(self, fact: Any) -> None:
        version = fact.get("version") if isinstance(fact, dict) else None
        self.known = version if isinstance(version, dict) else {}

    def __call__(self, url: str) -> str:
        label = self.known.get("label")
        if label and url.endswith(f"/{str(label).rpartition('/')[2]}.txt"):
            return str(self.known["gitVersion"])
        try:
            with open_url(url, timeout=TIMEOUT, http_agent="kubephase") as answer:
                return bytes(answer.read(_LONGEST_ANSWER)).decode("ascii")
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
