# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what a run really sends to its hosts, and how long each role took."""

from __future__ import annotations

DOCUMENTATION = r"""
name: remote_calls
type: aggregate
short_description: Counts remote module calls per host and seconds per role
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - A remote module call costs 0.3 to 1 second whatever it does, so their number is what decides how long a run takes.
  - Counts the calls where they are made, in the action plugins, so that an action that calls several modules counts
    several, and one that only works on the controller counts none. Loop items and retries count each.
    Delegated calls count for the host that they run on. Commands count for actions that send no module, such as
    M(ansible.builtin.raw); temporary directories made and removed around a module do not.
  - At the end of the run prints the calls of each host and the seconds of each role.
requirements:
  - enabled with C(callbacks_enabled = kubephase.cluster.remote_calls) or E(ANSIBLE_CALLBACKS_ENABLED)
options:
  file:
    description: A file that gets one line of JSON for each run, with every single call.
    type: path
    env:
      - name: KUBEPHASE_REMOTE_CALLS_FILE
    ini:
      - section: callback_remote_calls
        key: file
"""

import functools
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

COMMAND = "command"


class Recorder:
    """Notes each call that an action plugin makes to a host.

    Actions run in forked workers, so the calls become lines of a file, which workers and controller share. What reaches
    a host goes through two methods of ActionBase; a module call's own commands are not noted.
    """

    def __init__(self) -> None:
        handle, self.path = tempfile.mkstemp(prefix="remote_calls.")
        os.close(handle)
        self._host = ""
        self._in_module = False

    def watch(self) -> None:
        run, execute_module = ActionBase.run, ActionBase._execute_module
        execute_command = ActionBase._low_level_execute_command

        @functools.wraps(run)
        def noting_host(action: ActionBase, *arguments: Any, **keywords: Any) -> Any:
            self._remember_host(keywords.get("task_vars") or (arguments[1:2] or [None])[0])
            return run(action, *arguments, **keywords)

        @functools.wraps(execute_module)
        def noting_module(action: ActionBase, *arguments: Any, **keywords: Any) -> Any:
            self._remember_host(keywords.get("task_vars"))
            name = keywords.get("module_name") or (arguments or [None])[0] or action._task.action
            return self._noted(action, name, functools.partial(execute_module, action, *arguments, **keywords))

        @functools.wraps(execute_command)
        def noting_command(action: ActionBase, *arguments: Any, **keywords: Any) -> Any:
            return self._noted(action, COMMAND, functools.partial(execute_command, action, *arguments, **keywords))

        ActionBase.run = noting_host
        ActionBase._execute_module = noting_module
        ActionBase._low_level_execute_command = noting_command

    def _remember_host(self, variables: Mapping[str, Any] | None) -> None:
        if variables:
            self._host = str(variables.get("inventory_hostname", self._host))

    def _noted(self, action: ActionBase, module: str, call: Callable[[], Any]) -> Any:
        if self._in_module:
            return call()
        started = time.monotonic()
        self._in_module = True
        try:
            return call()
        finally:
            self._in_module = False
            host = action._task.delegate_to or self._host
            entry = {"task": action._task._uuid, "host": host, "module": module, "seconds": time.monotonic() - started}
            with open(self.path, "a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")

    def take(self) -> list[dict[str, Any]]:
        with open(self.path, encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        os.unlink(self.path)
        return entries


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kubephase.cluster.remote_calls"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._recorder = Recorder()
        self._tasks: list[dict[str, Any]] = []
        self._began = time.monotonic()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._recorder.watch()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        now = time.monotonic()
        self._end_task(now)
        role = task._role.get_name(include_role_fqcn=True) if task._role else ""
        self._tasks.append({"uuid": task._uuid, "role": role, "task": task.name or task.action, "began": now})

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        now = time.monotonic()
        self._end_task(now)
        run = summary(self._tasks, self._recorder.take(), now - self._began)
        for line in table(run):
            self._display.display(line)
        path = self.get_option("file")
        if path:
            with open(path, "a", encoding="utf-8") as out:
                out.write(json.dumps(run) + "\n")

    def _end_task(self, now: float) -> None:
        if self._tasks and "seconds" not in self._tasks[-1]:
            self._tasks[-1]["seconds"] = now - self._tasks[-1].pop("began")


def summary(tasks: list[dict[str, Any]], calls: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """One run: calls by host, and each task that took part with its calls."""
    sent_modules = {(call["task"], call["host"]) for call in calls if call["module"] != COMMAND}
    of_task: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        if call["module"] != COMMAND or (call["task"], call["host"]) not in sent_modules:
            of_task.setdefault(call["task"], []).append({k: v for k, v in call.items() if k != "task"})
    entries = [
        {"role": task["role"], "task": task["task"], "seconds": task["seconds"], "calls": of_task.get(task["uuid"], [])}
        for task in tasks
    ]
    hosts = Counter(call["host"] for entry in entries for call in entry["calls"])
    return {"seconds": seconds, "hosts": dict(sorted(hosts.items())), "tasks": entries}


def table(run: dict[str, Any]) -> list[str]:
    hosts = list(run["hosts"])
    roles: dict[str, tuple[float, Counter[str]]] = {}
    for entry in run["tasks"]:
        role = entry["role"] or "(no role)"
        seconds, calls = roles.get(role, (0.0, Counter()))
        calls.update(call["host"] for call in entry["calls"])
        roles[role] = (seconds + entry["seconds"], calls)
    width = max(map(len, [*roles, "remote calls"])) + 2
    widths = [max(len(host), 4) + 2 for host in hosts]
    lines = ["", f"{'remote calls':<{width}}{'seconds':>8}" + "".join(f"{h:>{w}}" for h, w in zip(hosts, widths))]
    for role, (seconds, calls) in roles.items():
        cells = "".join(f"{calls[host] or '':>{w}}" for host, w in zip(hosts, widths))
        lines.append(f"{role:<{width}}{seconds:>8.1f}{cells}".rstrip())
    cells = "".join(f"{run['hosts'][host]:>{w}}" for host, w in zip(hosts, widths))
    return [*lines, f"{'total':<{width}}{run['seconds']:>8.1f}{cells}", ""]
