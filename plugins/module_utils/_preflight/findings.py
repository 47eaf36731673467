# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is and what it can find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, NamedTuple

ERROR = "error"
WARNING = "warning"
# in check mode: an earlier role would install what the check looks at
SKIPPED = "skipped"


class Finding(NamedTuple):
    """One thing a check found."""

    level: str
    message: str


class Check(NamedTuple):
    """A check under kubeadm's name.

    :ivar level: the worst that kubeadm lets it be: ``error`` or ``warning``.
    """

    name: str
    level: str
    run: Callable[[], Iterable[Finding]]


def error(message: str) -> Finding:
    """Something without which the host cannot become a node."""
    return Finding(ERROR, message)


def warning(message: str) -> Finding:
    """Something that may turn out to be a fault."""
    return Finding(WARNING, message)


def skipped(what: str) -> Finding:
    """Something that is not there yet because check mode installs nothing."""
    return Finding(SKIPPED, f"{what}: cannot be known in check mode before installation")


def path_name(kind: str, path: str) -> str:
    """The name of a check on a path: every slash becomes a dash."""
    return f"{kind}-{path.replace('/', '-')}"
