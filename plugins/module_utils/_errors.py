# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error every backend raises: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class KubephaseError(Exception):
    """A fault that a user can understand and act on.

    Rendered as one line: ``WHERE: PROBLEM (got VALUE; accepted: ACCEPTED). HINT``. The host's name is not part of it,
    Ansible prints it. Never pass key material or a token's secret as ``value``.

    :param problem: what is wrong, without a full stop.
    :param where: a field path (``networking.podSubnet``), a file or an endpoint.
    :param value: the offending value as it was found.
    :param accepted: what would have been right.
    :param hint: what to do next, without a full stop.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        value: Any = None,
        accepted: str = "",
        hint: str = "",
    ) -> None:
        self.problem = problem
        self.where = where
        self.value = value
        self.accepted = accepted
        self.hint = hint
        super().__init__(self._render())

    def _render(self) -> str:
        details = []
        if self.value is not None:
            details.append(f"got {self.value!r}")
        if self.accepted:
            details.append(f"accepted: {self.accepted}")
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        if details:
            text += f" ({'; '.join(details)})"
        if self.hint:
            text += f". {self.hint}"
        return text


class KubephaseErrors(KubephaseError):
    """Several faults found in one pass, reported together."""

    def __init__(self, errors: Sequence[KubephaseError], heading: str = "") -> None:
        self.errors = list(errors)
        lines = [f"- {error}" for error in self.errors]
        if heading:
            lines.insert(0, heading)
        super().__init__("\n".join(lines) if len(lines) > 1 else str(self.errors[0]))
