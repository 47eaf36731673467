# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever becomes of a configuration, the resolver answers with a fact or with errors that say where, and soon.

``KUBEPHASE_FUZZ_SEED`` repeats a run; the seed is printed.
"""

from __future__ import annotations

import json
import os
import random
import re
import reprlib
import time
import warnings
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump
from tests.fuzz import mutations, seeds

SEED = int(os.environ.get("KUBEPHASE_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
SHARDS = 8
EACH = 3000
LONGEST = 2.0
"""Seconds of processor time that one configuration may take."""
FILE = "kubeadm.yaml"
WHERE = re.compile(rf"(kubephase_|{re.escape(FILE)}|(Cluster|Init|Join|Reset|Upgrade|Kubelet|KubeProxy)Configuration)")
ROLES = ("", "control_plane", "worker")
FILES, VARIABLES = EACH // 2, EACH
"""Configurations of each shard."""


def attempt(inputs: dict[str, Any], text: bytes | None = None) -> bool:
    """Whether it resolved. Anything but a fact that can be written, or errors that say where, is a failure."""
    started = time.process_time()
    try:
        fact, notes = resolve(inputs, seeds.HOST, text, fetch=answer)
    except KubephaseError as error:
        for one in error.errors if isinstance(error, KubephaseErrors) else [error]:
            assert WHERE.match(one.where) or re.match(r"and \d+ more", one.problem), repr(one.where)
        assert len(str(error).encode()) < 100_000
        return False
    finally:
        assert time.process_time() - started < LONGEST
    json.dumps(fact, allow_nan=False).encode()
    for document in (fact["cluster"], fact["kubelet"], fact["kube_proxy"]):
        dump(document).encode()
    assert all(isinstance(note, str) and note.encode() for note in notes)
    return True


def answer(url: str) -> str:
    """What a server says to a label: something, mostly."""
    chosen = random.Random(url)
    if chosen.random() < 0.3:
        raise OSError("no route to host")
    return chosen.choice(["v1.36.3\n", "v1.99.0", "stable-1", "<html>", "", "v1.37.0-alpha.1", "\0", "9" * 1000])


@pytest.mark.parametrize("shard", range(SHARDS))
def test_files_with_accidents(shard: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance, files = begin(f"{SEED} files {shard}", capsys), seeds.files()
    verdicts: list[bool] = []
    while len(verdicts) < FILES:
        text = mutations.mutate_bytes(chance.choice(files), chance, files)
        inputs = {"config_file": FILE, "node_role": chance.choice(ROLES)}
        verdicts.append(judged(f"file {shard}.{len(verdicts)}", text, inputs, text))
    assert 0 < sum(verdicts) < FILES, "only refusals do not reach the inner fields, and without one nothing was wrong"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_variables_with_accidents(shard: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance, variables = begin(f"{SEED} variables {shard}", capsys), seeds.variables()
    verdicts: list[bool] = []
    while len(verdicts) < VARIABLES:
        inputs = mutations.mutate_value(chance.choice(variables), chance)
        if isinstance(inputs, dict):
            inputs = {"node_role": chance.choice(ROLES), "joins": chance.choice([True, False, "", None]), **inputs}
            verdicts.append(judged(f"variables {shard}.{len(verdicts)}", inputs, inputs))
    assert 0 < sum(verdicts) < VARIABLES


def judged(name: str, shown: Any, inputs: dict[str, Any], text: bytes | None = None) -> bool:
    try:
        return attempt(inputs, text)
    except BaseException as error:
        raise AssertionError(f"seed {SEED}, {name}: {error!r}\n{text_of(shown)}") from error


def text_of(value: Any) -> str:
    try:
        return repr(value)[:3000]
    except (RecursionError, ValueError):
        return reprlib.repr(value)


def begin(seed: str, capsys: pytest.CaptureFixture[str]) -> random.Random:
    warnings.simplefilter("error")
    with capsys.disabled():
        print(f"\nKUBEPHASE_FUZZ_SEED={SEED} ({seed})")
    return random.Random(seed)


def test_there_are_enough() -> None:
    assert SHARDS * (FILES + VARIABLES) >= 20_000
