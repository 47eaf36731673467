# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection makes of a case: its own roles and modules, described by the code that described kubeadm's work."""

from __future__ import annotations

import getpass
import json
import shutil
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from lab import collect, golden_matrix, golden_store, pins
from lab.golden_cases import Case
from lab.golden_store import Golden
from lab.masking import mask_object, mask_token
from tests.parity.host_in_folder import HostInFolder
from tests.parity.playing import TaskFailed, play, playbook_file

HERE = Path(__file__).parent
ROLES: dict[str, Any] = playbook_file(HERE / "roles.yml")
#: where the case's own files lie on the host, and kubeadm is started
CASE = "/root/case"
RESOLVING = "config : Resolve the configuration"
#: arguments of kubeadm and the variables that say the same
VARIABLES = {"--upload-certs": {"kubephase_upload_certs": True}}


class NotPlayed(Exception):
    """The case needs something that is not done here."""


def make(case: Case, minor: str, root: Path) -> Golden:
    """Plays the roles of the case's kind on a host that is the folder ``root``.

    A refusal is what the resolver or a module says; whatever else fails is the caller's.
    """
    if case.kind not in ROLES:
        raise NotPlayed(f"cases of kind {case.kind}")
    version = pins.RELEASES[minor].version
    host = HostInFolder(root, {**json.loads((golden_store.FOLDER / "host.json").read_text()), **case.host})
    lay_out(case, case.config(version), root)
    kind = ROLES[case.kind]
    try:
        play(kind["roles"], kind["group"], variables(case, root), host.run)
    except TaskFailed as failed:
        if host.refused or (failed.task.endswith(RESOLVING) and not failed.crashed):
            return Golden(refused=str(failed).replace(str(root), ""))
        raise
    return collected(host, [*golden_matrix.DIRECTORIES, *case.directories])


def lay_out(case: Case, config: str, root: Path) -> None:
    """The case's own files, where it names them. Its shell commands are not for this machine: what they make is in its facts."""
    folder = Path(f"{root}{CASE}")
    shutil.copytree(case.folder, folder)
    (folder / "config.yaml").write_text(config)


def variables(case: Case, root: Path) -> dict[str, Any]:
    """What somebody writes who has kubeadm's documents, its arguments and its environment."""
    given: dict[str, Any] = {"kubephase_config_file": f"{root}{CASE}/config.yaml"}
    proxies = {name: value for name, value in case.environment.items() if name.lower().endswith("_proxy")}
    if proxies:
        given["kubephase_proxy_env"] = proxies
    for argument in case.arguments:
        if argument not in VARIABLES:
            raise NotPlayed(f"argument {argument}")
        given.update(VARIABLES[argument])
    return given


def collected(host: HostInFolder, directories: list[str]) -> Golden:
    """Paths as the host would have them."""
    shutil.rmtree(f"{host.root}{CASE}")
    said = StringIO()
    with redirect_stdout(said), warnings.catch_warnings():
        # it is written for the cryptography of the oldest target
        warnings.simplefilter("ignore")
        collect.main([f"{host.root}{directory}" for directory in directories])
    found = json.loads(said.getvalue().replace(str(host.root), ""))
    return Golden(
        files={path: _of_root(entry) for path, entry in found["files"].items()},
        certificates=golden_store.without_run_time(found["certificates"]),
        keys=found["keys"],
        texts={path: mask_token(text) for path, text in found["texts"].items()},
        objects=[mask_object(each) for each in host.api.created],
    )


def _of_root(entry: dict[str, Any]) -> dict[str, Any]:
    """What belongs to who runs the tests would belong to root, as which the modules run on a host."""
    me = getpass.getuser()
    return {key: "root" if key in ("owner", "group") and value == me else value for key, value in entry.items()}
