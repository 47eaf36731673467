# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays roles with Ansible's own loader, variables, templating and action plugins, all in this process.

Only the last step is another: where an action would send a module to a host, the given function answers.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from ansible._internal._templating._jinja_bits import _TemplateCompileContext
from ansible.errors import AnsibleError
from ansible.executor.play_iterator import PlayIterator
from ansible.executor.task_executor import TaskExecutor
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.plugins import loader as plugins
from ansible.plugins.action import ActionBase
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from jinja2 import Environment

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = "kubephase.cluster"

HOST = "golden"
#: how Ansible begins to tell of an exception
CRASH = "Task failed: "
#: actions that find something wrong by themselves
REFUSING = (f"{COLLECTION}.config", "ansible.builtin.fail", "ansible.builtin.assert")

Modules = Callable[[str, dict[str, Any]], dict[str, Any]]


class TaskFailed(Exception):
    """What Ansible would have shown for a task.

    :param refused: it found something wrong, and did not crash.
    """

    def __init__(self, task: str, message: str, refused: bool = False) -> None:
        super().__init__(message)
        self.task = task
        self.refused = refused


@dataclass(frozen=True)
class Loaded:
    """A play as Ansible has read it, which takes longer than to play it; one for every kind of case in a process."""

    loader: DataLoader
    inventory: InventoryManager
    play: Play


def load(roles: Sequence[dict[str, Any]], tasks: Sequence[dict[str, Any]], variables: dict[str, Any]) -> Loaded:
    """Roles one after the other, then tasks, on one host.

    :param roles: entries as in a playbook, with names of the collection's roles.
    """
    _plugin_loader()
    loader = DataLoader()
    loader.set_basedir(str(CHECKOUT / "playbooks"))
    inventory = InventoryManager(loader=loader, sources=[f"{HOST},"])
    source = {
        "name": "Golden host",
        "hosts": HOST,
        "gather_facts": False,
        "vars": {"ansible_connection": "local", **variables},
        "roles": [{**entry, "role": f"{COLLECTION}.{entry['role']}"} for entry in roles],
        "tasks": [dict(task) for task in tasks],
    }
    manager = VariableManager(loader=loader, inventory=inventory)
    return Loaded(loader, inventory, Play.load(source, variable_manager=manager, loader=loader))


def play(loaded: Loaded, variables: dict[str, Any], run_module: Modules) -> dict[str, Any]:
    """Returns what the tasks registered.

    :param variables: as on Ansible's command line.
    :param run_module: what a module of the collection answers to its arguments.
    :raises TaskFailed: at the first task that fails.
    """
    manager = VariableManager(loader=loaded.loader, inventory=loaded.inventory)
    HostVars(loaded.inventory, manager, loaded.loader)
    # Ansible has one mapping of these for a process
    manager._extra_vars = {"ansible_check_mode": False, **variables}
    for role in loaded.play.roles:
        _forget(role)
    try:
        with (
            mock.patch.object(ActionBase, "_execute_module", functools.partialmethod(_execute_module, run_module)),
            mock.patch.object(Environment, "compile", _compiled_once),
        ):
            return _run(loaded, manager)
    except AnsibleError as error:
        raise TaskFailed("play", str(error)) from error


def _forget(role: Any) -> None:
    """That it, or a role it depends on, was played before."""
    role._completed.clear()
    for other in role.get_all_dependencies():
        other._completed.clear()


def playbook_file(path: Path) -> Any:
    """A YAML file whose expressions Ansible evaluates."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def _run(loaded: Loaded, manager: VariableManager) -> dict[str, Any]:
    registered: dict[str, Any] = {}
    context = PlayContext(play=loaded.play)
    tasks = PlayIterator(loaded.inventory, loaded.play, context, manager, manager.get_vars(play=loaded.play))
    host = loaded.inventory.get_host(HOST)
    while True:
        _state, original = tasks.get_next_task_for_host(host)
        if original is None:
            return registered
        if original.action in ("meta", "ansible.builtin.meta"):
            if original.args.get("_raw_params") == "role_complete":
                original._role._completed[host.name] = True
            continue
        # a task's expressions are evaluated in place
        task = original.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = original._parent
        variables = manager.get_vars(play=loaded.play, host=host, task=task)
        result = TaskExecutor(host, task, variables, context, loaded.loader, plugins, None, manager).run()
        if result.get("failed"):
            message = str(result.get("msg"))
            raise TaskFailed(task.get_name(), message, task.action in REFUSING and not message.startswith(CRASH))
        if "include" in result:
            raise TaskFailed(task.get_name(), "tasks that are included when they run are not played here")
        if task.register:
            registered[task.register] = result
            manager.set_nonpersistent_facts(host.name, {task.register: result})
        if "ansible_facts" in result:
            manager.set_nonpersistent_facts(host.name, result["ansible_facts"])


def _execute_module(
    action: ActionBase,
    run_module: Modules,
    module_name: str | None = None,
    module_args: dict[str, Any] | None = None,
    *_arguments: Any,
    **_named: Any,
) -> dict[str, Any]:
    name = module_name or action._task.action
    collection, _dot, module = name.rpartition(".")
    if collection != COLLECTION:
        raise AnsibleError(f"module {name} is not played here")
    return run_module(module, dict(action._task.args if module_args is None else module_args))


_compile = Environment.compile
_compiled: dict[tuple[Any, ...], Any] = {}


def _compiled_once(environment: Environment, source: Any, *arguments: Any, **named: Any) -> Any:
    """The same templates are compiled for every task and every case; most of the time would go there."""
    escaping = _TemplateCompileContext.current().escape_backslashes
    key = (str(source), escaping, environment.trim_blocks, environment.lstrip_blocks, arguments, tuple(named.items()))
    if not isinstance(source, str):
        return _compile(environment, source, *arguments, **named)
    if key not in _compiled:
        _compiled[key] = _compile(environment, source, *arguments, **named)
    return _compiled[key]


@functools.cache
def _plugin_loader() -> None:
    """Ansible finds collections by an importer of its own; folders that Python itself has imported are not known to it."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "ansible_collections" and getattr(module, "__file__", None) is None:
            del sys.modules[name]
    plugins.init_plugin_loader([])
