# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping a secret that a module gives back out of what connections print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible.plugins.action import ActionBase


@contextmanager
def hidden_output(action: ActionBase, wanted: bool) -> Iterator[None]:
    """With ``-vvv`` the ssh connection prints whatever a module said, unless this tells it not to.

    It is what ``no_log`` of a task tells it too; that one would hide the module's errors as well.
    """
    contexts = [action._play_context, getattr(action._connection, "_play_context", None)]
    found = [(context, context.no_log) for context in contexts if context is not None]
    try:
        for context, before in found:
            context.no_log = wanted or before
        yield
    finally:
        for context, before in found:
            context.no_log = before
