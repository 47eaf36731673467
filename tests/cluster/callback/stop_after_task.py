# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends ansible-playbook after a task, at once, as if the controller lost its power; for tests only.

Each run ends after the first task that no run before it ended after: what the runs have seen is in a file. Where only
changes count, a task that changed no host is passed, as an end after it leaves what the end before it left.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: stop_after_task
type: aggregate
short_description: Ends a run after the next task that no run before ended after
description: For tests.
options: {}
"""

#: exit status of a run that was ended
STOPPED = 75
SEEN = "KUBEPHASE_STOP_SEEN"
EVERY = "KUBEPHASE_STOP_EVERY"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stop_after_task"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._path = os.environ[SEEN]
        self._every = os.environ.get(EVERY) == "1"
        with open(self._path, "a+", encoding="utf-8") as seen:
            seen.seek(0)
            self._seen = set(seen.read().splitlines())
        self._play = ""
        self._due = ""

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._stop()
        self._play = play.get_name()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """All hosts have finished the one before, except with strategy free, where a run may die at any moment too."""
        self._stop()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._stop()

    def v2_runner_on_ok(self, result: Any) -> None:
        role = result.task._role.get_name(include_role_fqcn=False) if result.task._role else ""
        name = " | ".join(part for part in (self._play, role, result.task.name or result.task.action) if part)
        if name not in self._seen and (self._every or result.is_changed()):
            self._due = self._due or name

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """A run that comes here has ended by itself, but for an end after its very last task."""
        self._stop()

    def _stop(self) -> None:
        if self._due:
            with open(self._path, "a", encoding="utf-8") as seen:
                seen.write(self._due + "\n")
            os._exit(STOPPED)
