# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are not there: every module is answered at once, and what the controller does for each host is measured."""

from __future__ import annotations

import functools
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from ansible.vars.hostvars import HostVars

from ansible_collections.kubephase.cluster.plugins.module_utils._host_info import gather

DOCUMENTATION = r"""
name: answering_hosts
type: aggregate
short_description: Measures the controller's part of a run
description:
  - Answers each module as a host would, without one, so that only the controller's own work is left.
  - Notes for each task and host the processor's seconds, the hosts whose variables were looked up, and the bytes that
    would have gone to the host.
options:
  file:
    description: File for the record, one JSON document.
    type: path
    env:
      - name: KUBEPHASE_FLEET_RECORD
  nodes:
    description: File with what the cluster says of its nodes, JSON.
    type: path
    env:
      - name: KUBEPHASE_FLEET_NODES
"""

PIN = "sha256:" + "0" * 64
#: the fields of results that roles read
ANSWERS: dict[str, dict[str, Any]] = {
    "node": {"missing_packages": []},
    "preflight": {"missing_images": []},
    "pki": {"ca_cert_hash": PIN, "requests": []},
    "kubeconfig": {"requests": []},
    "certificate_signing": {"signed_certificates": {}},
    "bootstrap_token": {"token": "abcdef.0123456789abcdef"},
    "etcd_member": {"initial_cluster": "", "members": []},
    "copy_certs": {"public_key": "", "wanted": [], "present": {}, "sealed": {}, "installed": []},
}


class Answers:
    """In place of ActionBase._execute_module; in the workers that Ansible forks."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.nodes = nodes
        with tempfile.TemporaryDirectory() as root:
            (Path(root) / "etc").mkdir()
            (Path(root) / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
            self.bare = {**gather(root, list), "cgroup_version": 2, "architecture": "amd64"}
        self.sent = 0

    def __call__(
        self,
        action: ActionBase,
        module_name: str | None = None,
        module_args: dict[str, Any] | None = None,
        tmp: Any = None,
        task_vars: dict[str, Any] | None = None,
        *_others: Any,
        **_named: Any,
    ) -> dict[str, Any]:
        name = (module_name or action._task.action).rpartition(".")[2]
        arguments = action._task.args if module_args is None else module_args
        self.sent += len(json.dumps(arguments, default=str))
        if name == "host_info":
            return {"changed": False, "host": self.host(task_vars or {})}
        return {"changed": False, **ANSWERS.get(name, {}), **({"nodes": self.nodes} if name == "wait_nodes" else {})}

    def host(self, variables: dict[str, Any]) -> dict[str, Any]:
        """What module host_info says of a Debian with nothing on it, and what is this host's."""
        own = {"hostname": variables["inventory_hostname"], "default_ipv4": variables["fleet_address"]}
        return {**self.bare, **own, "member": variables["fleet_member"]}


class Notes:
    """Lines of a file, which workers and controller share."""

    def __init__(self, answers: Answers) -> None:
        handle, self.path = tempfile.mkstemp(prefix="fleet.")
        os.close(handle)
        self.answers = answers
        self.lookups = 0

    def watch(self) -> None:
        run, look_up = TaskExecutor.run, HostVars.raw_get

        @functools.wraps(look_up)
        def counted(hosts: HostVars, name: str) -> Any:
            self.lookups += 1
            return look_up(hosts, name)

        @functools.wraps(run)
        def noted(task: TaskExecutor) -> Any:
            return self._noted(task, run)

        HostVars.raw_get = counted
        TaskExecutor.run = noted
        ActionBase._execute_module = functools.partialmethod(_answered, self.answers)

    def _noted(self, executor: TaskExecutor, run: Callable[[TaskExecutor], Any]) -> Any:
        began, before, sent = time.process_time(), self.lookups, self.answers.sent
        try:
            return run(executor)
        finally:
            line = {
                "task": executor._task._uuid,
                "host": executor._host.name,
                "seconds": time.process_time() - began,
                "lookups": self.lookups - before,
                "bytes": self.answers.sent - sent,
            }
            with open(self.path, "a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")

    def take(self) -> list[dict[str, Any]]:
        with open(self.path, encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
        os.unlink(self.path)
        return found


def _answered(action: ActionBase, answers: Answers, *arguments: Any, **named: Any) -> dict[str, Any]:
    return answers(action, *arguments, **named)


def processor() -> float:
    """Seconds of this process and of the workers that have ended."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "answering_hosts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._plays: list[dict[str, Any]] = []
        self._tasks: dict[str, dict[str, Any]] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._notes = Notes(Answers(json.loads(Path(self.get_option("nodes")).read_text())))
        self._notes.watch()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._end()
        self._plays.append({"play": play.get_name(), "began": time.monotonic(), "spent": processor()})

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        role = task._role.get_name() if task._role else ""
        self._tasks[task._uuid] = {"play": len(self._plays) - 1, "role": role, "task": task.name or task.action}

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._end()
        record = {"plays": self._plays, "tasks": self._tasks, "runs": self._notes.take()}
        Path(self.get_option("file")).write_text(json.dumps(record))

    def _end(self) -> None:
        if self._plays:
            last = self._plays[-1]
            last["seconds"] = time.monotonic() - last.pop("began")
            last["processor"] = processor() - last.pop("spent")
