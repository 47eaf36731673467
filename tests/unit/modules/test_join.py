# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: arguments in, JSON out, nothing secret in it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
SECRET = "0123456789abcdef"
PIN = "sha256:" + 64 * "0"


def run(arguments: dict[str, Any], tmp_path: pathlib.Path, *options: str) -> tuple[int, str]:
    """One task with the module, on this host: its exit code and all that it printed."""
    where = {
        "ca_cert_path": str(tmp_path / "pki/ca.crt"),
        "kubernetes_dir": str(tmp_path),
        "kubelet_config_path": str(tmp_path / "config.yaml"),
        "kubelet_cert_dir": str(tmp_path / "kubelet"),
    }
    command = [
        str(pathlib.Path(sys.executable).parent / "ansible"),
        "localhost,", "--inventory=localhost,", "--connection=local", "--module-name=kubephase.cluster.join", "-vvv",
        f"--extra-vars=ansible_python_interpreter={sys.executable}",
        f"--args={json.dumps({**where, **arguments})}", *options,
    ]  # fmt: skip
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
    }
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT)
    assert SECRET not in ran.stdout + ran.stderr
    return ran.returncode, ran.stdout + ran.stderr


def test_bare_host_in_check_mode(tmp_path: pathlib.Path) -> None:
    code, text = run({"node_name": "w1"}, tmp_path, "--check", "--diff")
    assert code == 0
    assert "start the kubelet and wait for its certificate" in text
    assert "changed: true" in text
    assert not (tmp_path / "pki").exists()


def test_refusal_is_one_clear_error_without_the_token(tmp_path: pathlib.Path) -> None:
    arguments = {
        "node_name": "w1",
        "api_server_endpoint": "127.0.0.1:1",
        "token": f"abcdef.{SECRET}",
        "ca_cert_hashes": [PIN],
        "timeouts": {"discovery": 0},
    }
    code, text = run(arguments, tmp_path)
    assert code != 0
    assert "https://127.0.0.1:1: the API server cannot be reached: connection refused" in text
    assert "Traceback" not in text
    assert not (tmp_path / "pki").exists()
