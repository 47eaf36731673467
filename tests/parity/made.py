# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection makes of a case: its own roles and modules, described by the code that described kubeadm's work."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import warnings
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

from lab import collect, golden_cases, golden_matrix, golden_runs, golden_store, pins
from lab.golden_cases import Case
from lab.golden_store import Golden
from lab.masking import mask_object, mask_token
from tests.parity.cluster_to_join import reachable
from tests.parity.host_in_folder import HostInFolder
from tests.parity.playing import Loaded, TaskFailed, load, play, playbook_file
from tests.parity.telling import variables

PLAYS: dict[str, Any] = playbook_file(Path(__file__).with_name("plays.yml"))
#: how much earlier the cluster was made that is joined
BEFORE = timedelta(seconds=10)
#: where the case's own files lie on the host, and kubeadm is started
CASE = "/root/case"
#: beginnings of the paths that a case's commands name
ON_THE_HOST = re.compile(r"(?<![\w./:])(?=/(?:etc|var|srv|root)(?:/|\b))")


def make(case: Case, minor: str, root: Path) -> Golden:
    """Plays the roles of the case's kind on a host that is a folder below ``root``.

    A refusal is what the resolver or a module says; whatever else fails is the caller's.
    """
    version = pins.RELEASES[minor].version
    facts = json.loads((golden_store.FOLDER / "host.json").read_text())
    host = HostInFolder(root / "host", {**facts, **case.host})
    try:
        if not case.joins:
            return _played(case, case.config(version), host)
        first = golden_cases.load(case.cluster)
        cluster = HostInFolder(root / "cluster", facts, host.now - BEFORE)
        _play(first, first.config(version), cluster)
        shutil.copytree(f"{cluster.root}/etc/kubernetes", f"{host.root}{golden_runs.CLUSTER}")
        host.api = cluster.api
        host.api.forget()
        documents = f"{first.config(version)}\n---\n{case.config(version, cluster.ca_hash)}"
        with reachable(cluster):
            return _played(case, documents, host)
    except TaskFailed as failed:
        if failed.refused or host.refused:
            return Golden(refused=str(failed).replace(str(host.root), ""))
        raise


def _played(case: Case, config: str, host: HostInFolder) -> Golden:
    results = _play(case, config, host)
    found = _collected(host, [*golden_runs.DIRECTORIES, *case.directories])
    if case.kind == "token":
        # kubeadm found certificates there, which are not what it was asked for
        token = results["parity_token"]
        told = variables(case, "")["parity_tokens"]
        output = f"{token.get('join_command') or token.get('token') or told[0]['token']}\n"
        return Golden(objects=found.objects, output=golden_matrix.mask_output(output))
    return found


def _play(case: Case, config: str, host: HostInFolder) -> dict[str, Any]:
    """Everything that the tasks registered."""
    config_file = _lay_out(case, config, host.root)
    if case.prepare:
        # what was made by commands was made before
        host.now = datetime.now(timezone.utc).replace(microsecond=0)
    if case.existing_without is not None:
        _play_kind("existing", {"kubephase_config_file": config_file}, host)
        for path in case.existing_without:
            Path(f"{host.root}{path}").unlink()
    return _play_kind(case.kind, variables(case, config_file), host)


def _play_kind(kind: str, given: dict[str, Any], host: HostInFolder) -> dict[str, Any]:
    return play(_loaded(kind), given, host.run)


@functools.cache
def _loaded(kind: str) -> Loaded:
    wanted = PLAYS[kind]
    return load(wanted.get("roles", []), wanted.get("tasks", []), wanted["variables"])


def _lay_out(case: Case, config: str, root: Path) -> str:
    """The case's own files, where it names them, and what its commands make of them.

    Commands whose work has to be taken back are not for this machine; what they make is among the case's facts.
    """
    folder = Path(f"{root}{CASE}")
    shutil.copytree(case.folder, folder)
    (folder / "config.yaml").write_text(config.replace(CASE, str(folder)))
    if not case.cleanup:
        for command in case.prepare:
            moved = f"umask 022\n{ON_THE_HOST.sub(str(root), command)}"
            subprocess.run(["sh", "-euc", moved], cwd=folder, check=True, capture_output=True)
    return str(folder / "config.yaml")


def _collected(host: HostInFolder, directories: list[str]) -> Golden:
    """Paths as the host would have them."""
    said = StringIO()
    with redirect_stdout(said), warnings.catch_warnings():
        # it is written for the cryptography of the oldest target
        warnings.simplefilter("ignore")
        collect.main([f"{host.root}{directory}" for directory in directories])
    found = json.loads(said.getvalue().replace(str(host.root), ""))
    return Golden(
        files={path: {**entry, **host.owner(path)} for path, entry in found["files"].items()},
        certificates=golden_store.without_run_time(found["certificates"]),
        keys=found["keys"],
        requests=found["requests"],
        texts={path: mask_token(text) for path, text in found["texts"].items()},
        objects=[mask_object(each) for each in host.api.sent],
        patches=host.api.patches,
    )
