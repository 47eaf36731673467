# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is a folder: the collection's real modules run in this process and write below it.

Every argument that a module's specification calls a path is taken to be below the folder, so a new module needs nothing
here. Nothing is downloaded or started.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn, Optional
from unittest import mock

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certs_secret
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, tree
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit
from tests.parity.in_memory_api import InMemoryApi, answered_by

write, shared_files = _atomic_file.write, _certs_secret.shared_files
MODULES = "ansible_collections.kubephase.cluster.plugins.modules"
#: what needs a network
LEFT_OUT: Mapping[str, Mapping[str, Any]] = {"template_set": {"artifacts": []}}
#: users and groups of the golden host, as far as they take numbers that kubeadm would take
DATABASES = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nmessagebus:x:100:101:::\nsshd:x:101:65534:::\n",
    "/etc/group": "root:x:0:\nusers:x:100:\nmessagebus:x:101:\n_ssh:x:102:\n",
    "/etc/login.defs": "",
}


class HostInFolder:
    """:param facts: what module host_info says of it.
    :param now: what its clock shows all the time, as a loaded machine may need long.
    """

    def __init__(self, root: Path, facts: dict[str, Any], now: Optional[datetime] = None) -> None:
        self.root = root
        self.now = now or datetime.now(timezone.utc).replace(microsecond=0)
        self.facts = facts
        self.api = InMemoryApi()
        #: whether a module has found something wrong
        self.refused = False
        #: of the cluster's authority, as a pin has it
        self.ca_hash = ""
        #: user and group of files that are not root's
        self.owners: dict[str, tuple[int, int]] = {}
        for name, text in DATABASES.items():
            path = Path(f"{root}{name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def owner(self, path: str) -> dict[str, str]:
        """Names, as the host's own databases have them. Everything is root's, as which modules run, unless it is given away."""
        uid, gid = self.owners.get(f"{self.root}{path}", (0, 0))
        return {"owner": self._name("/etc/passwd", uid), "group": self._name("/etc/group", gid)}

    def _name(self, database: str, number: int) -> str:
        lines = [line.split(":") for line in Path(f"{self.root}{database}").read_text().splitlines()]
        return next(line[0] for line in lines if int(line[2]) == number)

    def _clock(self) -> type[datetime]:
        moment = self.now

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Clock:
                return cls.fromtimestamp(moment.timestamp(), tz)

        return Clock

    def _write(self, path: str, data: bytes, mode: int) -> None:
        assert os.fspath(path).startswith(f"{self.root}/"), f"{path} is of the machine that runs the tests"
        write(path, data, mode)
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))

    def _shared_files(self, directory: str, external: Mapping[str, Any] | None) -> list[Any]:
        """Their places come from kubeadm's fields, which go into texts as they are."""
        path = {"type": "path"}
        moved = external and {name: _moved(self.root, value, path) for name, value in external.items()}
        return shared_files(_moved(self.root, directory, path), moved)

    def _give(self, path: str, uid: int, gid: int) -> None:
        self.owners[os.fspath(path)] = (uid, gid)

    def run(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A module's result, as the host would give it."""
        if module == "host_info":
            return {"changed": False, "host": self.facts}
        loaded = importlib.import_module(f"{MODULES}.{module}")
        here = _module_below(self.root, LEFT_OUT.get(module, {}))
        umask = os.umask(0o022)
        try:
            with (
                patch_module_args(arguments),
                mock.patch.object(loaded, "AnsibleModule", here),
                mock.patch.object(Unit, "ensure", return_value=[]),
                mock.patch.object(tree, "datetime", self._clock()),
                mock.patch.object(client_files, "datetime", self._clock()),
                mock.patch.object(_atomic_file, "write", self._write),
                mock.patch.object(_certs_secret, "shared_files", self._shared_files),
                mock.patch.object(os, "chown", self._give),
                mock.patch.object(os, "lchown", self._give),
                answered_by(self.api),
                redirect_stdout(StringIO()),
            ):
                loaded.main()
        except _Ended as ended:
            self.refused = bool(ended.result.get("failed"))
            self.ca_hash = ended.result.get("ca_cert_hash", "").removeprefix("sha256:") or self.ca_hash
            return ended.result
        finally:
            os.umask(umask)
        raise AssertionError(f"module {module} ended without a result")


class _Ended(Exception):
    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("the module has ended")
        self.result = result


def _module_below(root: Path, left_out: Mapping[str, Any]) -> type[AnsibleModule]:
    class ModuleBelow(AnsibleModule):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.params: dict[str, Any] = {**below(root, self.params, self.argument_spec), **left_out}

        def _log_invocation(self) -> None:
            """Nothing of it is for this machine's log."""

        def exit_json(self, **result: Any) -> NoReturn:
            raise _Ended(result)

        def fail_json(self, msg: str, **result: Any) -> NoReturn:
            raise _Ended({"failed": True, "msg": msg, **result})

    return ModuleBelow


def below(root: Path, values: dict[str, Any], specification: dict[str, Any]) -> dict[str, Any]:
    """The values, with every absolute path of the specification's paths moved below the root."""
    return {name: _moved(root, value, specification.get(name, {})) for name, value in values.items()}


def _moved(root: Path, value: Any, option: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_moved(root, each, {**option, "type": option.get("elements")}) for each in value]
    if isinstance(value, dict) and option.get("options"):
        return below(root, value, option["options"])
    if (
        option.get("type") == "path"
        and isinstance(value, str)
        and value.startswith("/")
        and not value.startswith(f"{root}/")
    ):
        return f"{root}{value}"
    return value
