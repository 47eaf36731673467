# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions as far as the checks compare them."""

from __future__ import annotations

import re
from typing import NamedTuple

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z")


class Version(NamedTuple):
    """A semantic version."""

    major: int
    minor: int
    patch: int
    prerelease: str

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.prerelease}" if self.prerelease else "")

    def before_minor(self, minor: int) -> bool:
        """Whether it is older than the release 1.MINOR.0."""
        core = (self.major, self.minor, self.patch)
        return core < (1, minor, 0) or (core == (1, minor, 0) and bool(self.prerelease))


def parse(text: str) -> Version | None:
    """The version in ``text``, or None where it is none."""
    found = _VERSION.match(text.strip())
    if not found:
        return None
    major, minor, patch, prerelease = found.groups()
    return Version(int(major), int(minor), int(patch), prerelease or "")
