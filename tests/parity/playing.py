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
from pathlib import Path
from typing import Any
from unittest import mock

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

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = "kubephase.cluster"
#: which host is what, and what a host's roles are told by others
WIRING = CHECKOUT / "playbooks" / "vars" / "cluster.yml"

HOST = "golden"
#: how Ansible begins to tell of an exception
CRASH = "Task failed: "

Modules = Callable[[str, dict[str, Any]], dict[str, Any]]


class TaskFailed(Exception):
    """What Ansible would have shown for a task.

    :param crashed: by an exception, and not because it found something wrong.
    """

    def __init__(self, task: str, message: str, crashed: bool = False) -> None:
        super().__init__(message)
        self.task = task
        self.crashed = crashed


def play(roles: Sequence[dict[str, Any]], group: str, variables: dict[str, Any], run_module: Modules) -> None:
    """One after the other, on one host of that group of the playbooks.

    :param roles: entries as in a playbook, with names of the collection's roles.
    :param run_module: what a module of the collection answers to its arguments.
    :raises TaskFailed: at the first task that fails.
    """
    _plugin_loader()
    loader = DataLoader()
    loader.set_basedir(str(CHECKOUT / "playbooks"))
    inventory = InventoryManager(loader=loader, sources=[f"{HOST},"])
    inventory.add_group(group)
    inventory.add_host(HOST, group)
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory, manager, loader)
    source = {
        "name": "Golden host",
        "hosts": HOST,
        "gather_facts": False,
        "vars_files": [str(WIRING)],
        "vars": {"ansible_connection": "local", **variables},
        "roles": [{**entry, "role": f"{COLLECTION}.{entry['role']}"} for entry in roles],
    }
    try:
        loaded = Play.load(source, variable_manager=manager, loader=loader)
        with mock.patch.object(ActionBase, "_execute_module", functools.partialmethod(_execute_module, run_module)):
            _run(loaded, inventory, manager, loader)
    except AnsibleError as error:
        raise TaskFailed("loading", str(error)) from error


def playbook_file(path: Path) -> Any:
    """A YAML file whose expressions Ansible evaluates."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def _run(loaded: Play, inventory: InventoryManager, manager: VariableManager, loader: DataLoader) -> None:
    context = PlayContext(play=loaded)
    tasks = PlayIterator(inventory, loaded, context, manager, manager.get_vars(play=loaded))
    host = inventory.get_host(HOST)
    while True:
        _state, task = tasks.get_next_task_for_host(host)
        if task is None:
            return
        if task.action in ("meta", "ansible.builtin.meta"):
            if task.args.get("_raw_params") == "role_complete":
                task._role._completed[host.name] = True
            continue
        variables = manager.get_vars(play=loaded, host=host, task=task)
        result = TaskExecutor(host, task, variables, context, loader, plugins, None, manager).run()
        if result.get("failed"):
            message = str(result.get("msg"))
            raise TaskFailed(task.get_name(), message, message.startswith(CRASH))
        if "include" in result:
            raise TaskFailed(task.get_name(), "tasks that are included when they run are not played here")
        if task.register:
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


@functools.cache
def _plugin_loader() -> None:
    """Ansible finds collections by an importer of its own; folders that Python itself has imported are not known to it."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "ansible_collections" and getattr(module, "__file__", None) is None:
            del sys.modules[name]
    plugins.init_plugin_loader([])
