# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go's durations (``8760h0m0s``), the way Kubernetes writes periods."""

from __future__ import annotations

import re
from datetime import timedelta

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
_SECONDS = re.compile(r"\d+\Z")
_LONGEST = 2562047 * 3600
_ACCEPTED = "a Go duration such as 8760h0m0s, or seconds"


def parse(text: str, field: str) -> timedelta:
    """A period longer than nothing; ``field`` names it in the error."""
    text = text.strip()
    seconds = float(text) if _SECONDS.match(text) else _go_seconds(text, field)
    if seconds > _LONGEST:
        raise KubephaseError("the period is too long", where=field, value=text, accepted="at most 2562047h, as in Go")
    period = timedelta(seconds=seconds)
    if period <= timedelta(0):
        raise KubephaseError("the period has to be longer than nothing", where=field, value=text, accepted=_ACCEPTED)
    return period


def _go_seconds(text: str, field: str) -> float:
    seconds, position = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != position:
            break
        seconds += float(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    if not text or position != len(text):
        raise KubephaseError("not a period", where=field, value=text, accepted=_ACCEPTED)
    return seconds
