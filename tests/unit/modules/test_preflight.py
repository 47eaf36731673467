# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""preflight and image_pull as Ansible runs them: documentation against arguments, packed and sent, arguments in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml

from ansible_collections.kubephase.cluster.plugins.modules import image_pull, preflight
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import (
    ImageStore,
    condition,
    field,
    serving,
)

MODULES = "ansible_collections.kubephase.cluster.plugins.modules"
# what a machine that runs tests may lack
IGNORED = ["SystemVerification", "KubeletVersion", "Mem", "NumCPU", "FileExisting-losetup", "IsPrivilegedUser"]


def run(name: str, arguments: dict[str, Any], check: bool = False) -> dict[str, Any]:
    """Run a module as a process of its own."""
    sent = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check, "_ansible_remote_tmp": "/tmp"}}
    done = subprocess.run(
        [sys.executable, "-m", f"{MODULES}.{name}"],
        input=json.dumps(sent),
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def texts(warnings: list[Any]) -> list[str]:
    return [one["event"]["msg"] if isinstance(one, dict) else one for one in warnings]


@pytest.mark.parametrize("module", [preflight, image_pull])
def test_the_documentation_says_what_the_arguments_are(module: Any) -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    for option in documented.values():
        option.pop("description")
    assert documented == module.ARGUMENTS
    assert yaml.safe_load(module.EXAMPLES)
    assert yaml.safe_load(module.RETURN)


def arguments(cri_socket: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "profile": "join",
        "cluster_configuration": {"kubernetesVersion": "v1.37.2"},
        "node_registration": {"name": "localhost", "criSocket": cri_socket, "ignorePreflightErrors": IGNORED},
        "discovery_endpoint": "127.0.0.1:6443",
        "free_disk": {},
        "controller_time": time.time(),
    }
    found.update(changes)
    return found


def test_one_error_lists_all_that_is_wrong() -> None:
    found = run("preflight", arguments("/nowhere/cri.sock", controller_time=1.0, free_disk={"/": 1 << 40}))
    assert found["failed"] is True
    lines = found["msg"].splitlines()
    expected = ["[ERROR CRI]", "[ERROR ContainerRuntimeVersion]", "[ERROR DiskSpace--]", "[ERROR ClockSkew]"]
    assert [name for name in expected if any(line.startswith(name) for line in lines)] == expected


def test_check_mode_pulls_nothing_and_says_so() -> None:
    answers = {"Status": field(1, condition("RuntimeReady", True)), "RuntimeConfig": field(1, b"\x08\x01")}
    with serving({**answers, **ImageStore(["a:1"]).answers()}) as stub:
        sent = arguments(f"unix://{stub.path}", images=["a:1", "b:1"], pull=True)
        sent["node_registration"]["ignorePreflightErrors"] = ["all"]
        found = run("preflight", sent, check=True)
        assert found.get("failed") is None, found
        assert (found["changed"], found["missing_images"], found["pulled_images"]) == (True, ["b:1"], [])
        assert {one["name"]: one["result"] for one in found["checks"]}["CRI"] == "ok"
        assert "PullImage" not in stub.methods()
        assert all(text.startswith("[WARNING ") for text in texts(found.get("warnings", [])))


def test_image_pull() -> None:
    with serving(ImageStore(["a:1"]).answers()) as stub:
        sent = {"images": ["a:1", "b:1"], "cri_socket": f"unix://{stub.path}", "serial": False}
        planned = run("image_pull", sent, check=True)
        assert (planned["changed"], planned["pulled_images"], planned["present_images"]) == (True, ["b:1"], ["a:1"])
        first = run("image_pull", sent)
        assert (first["changed"], first["pulled_images"]) == (True, ["b:1"])
        second = run("image_pull", sent)
        assert (second["changed"], second["pulled_images"], second["present_images"]) == (False, [], ["a:1", "b:1"])


def test_image_pull_without_a_runtime() -> None:
    sent = {"images": ["a:1"], "cri_socket": "unix:///nowhere/cri.sock"}
    assert "the container runtime does not answer" in run("image_pull", sent)["msg"]
    assert run("image_pull", sent, check=True)["changed"] is True


def test_ansible_packs_everything_the_modules_import() -> None:
    sent = json.dumps(arguments("/nowhere/cri.sock", ignore=[], controller_time=1.0))
    done = subprocess.run(
        ["ansible", "localhost", "-m", "kubephase.cluster.preflight", "-a", sent],
        env={**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert "[ERROR ClockSkew]" in done.stdout, done.stdout + done.stderr
