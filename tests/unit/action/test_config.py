# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action as a playbook runs it: real ansible-playbook over a local connection."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
TOKEN = "abcdef.0123456789abcdef"


class Run:
    """One run of plays on one local host; the fact is written to a file by the last of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *options: str, plays: int = 1, **variables: Any) -> tuple[int, str, dict[str, Any]]:
        out = self.folder / "fact.json"
        out.unlink(missing_ok=True)
        play = {"hosts": "all", "gather_facts": False, "roles": ["kubephase.cluster.config"]}
        write = {
            "ansible.builtin.copy": {"content": "{{ kubephase | to_json }}", "dest": str(out), "mode": "0600"},
            "check_mode": False,
            "no_log": True,
        }
        (self.folder / "play.yml").write_text(yaml.safe_dump([*([play] * (plays - 1)), {**play, "tasks": [write]}]))
        (self.folder / "vars.json").write_text(json.dumps({"ansible_python_interpreter": sys.executable, **variables}))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [str(PROGRAM), "-i", "node1,", "-c", "local", "play.yml", "-e", "@vars.json", *options]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        fact = json.loads(out.read_text()) if out.exists() else {}
        return done.returncode, done.stdout + done.stderr, fact


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_the_host_is_asked_once_in_a_run_and_tokens_stay_secret(run: Run) -> None:
    (run.folder / "kubeadm.yaml").write_text(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens:\n"
        f"- token: {TOKEN}\nnodeRegistration:\n  name: other\n  taints: null\n"
    )
    code, output, fact = run(
        "--check",
        "-vvv",
        plays=2,
        kubephase_config_file="kubeadm.yaml",
        kubephase_init_configuration={"bootstrapTokens": [{"token": TOKEN}]},
        kubephase_node_registration={"taints": []},
    )
    assert code == 0, output
    assert fact["node_registration"]["name"] == "other"
    assert fact["node_registration"]["taints"] == []
    assert fact["host"]["hostname"] == os.uname().nodename
    assert fact["changed"] is False
    assert output.count("modules/host_info.py") == 1
    assert TOKEN.split(".")[1] not in output + json.dumps(fact)


@pytest.mark.parametrize("by_file", [False, True])
def test_the_host_is_asked_about_the_directory_that_is_configured(run: Run, by_file: bool) -> None:
    folder = run.folder / "pki"
    (folder / "etcd").mkdir(parents=True)
    (folder / "etcd/ca.crt").touch()
    text = f"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\ncertificatesDir: {folder}\n"
    (run.folder / "kubeadm.yaml").write_text(text)
    by_variable = {"kubephase_cluster_configuration": {"certificatesDir": str(folder)}}
    _code, output, fact = run("--check", **({"kubephase_config_file": "kubeadm.yaml"} if by_file else by_variable))
    assert fact["host"]["etcd_authority"] == "certificate", output


def test_faults_name_their_fields(run: Run) -> None:
    code, output, _fact = run(
        kubephase_cluster_configuration={"networkin": {}},
        kubephase_service_subnet="10.244.0.0/16",
        kubephase_pod_subnet="10.244.0.0/16",
    )
    assert code == 2
    assert "kubephase_cluster_configuration.networkin: unknown field. Did you mean networking?" in output
    assert "kubephase_pod_subnet: the Pod network overlaps the service network" in output
    assert "Traceback" not in output


def test_a_dry_run_is_check_mode(run: Run) -> None:
    wanted = {"kubephase_init_configuration": {"dryRun": True}}
    code, output, _fact = run(**wanted)
    assert code == 2
    assert "kubephase_init_configuration.dryRun: a dry run is wanted, and this run changes hosts" in output
    code, output, _fact = run("--check", **wanted)
    assert code == 0, output


def test_a_folder_of_the_controller_is_found_beside_the_playbook(run: Run) -> None:
    code, output, fact = run(kubephase_patches_directory="patches")
    assert code == 0, output
    assert fact["patches"] == {"directory": "", "controller_directory": str(run.folder / "patches")}


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A server with labels, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            known = self.path == "/release/stable-1.36.txt"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(b"v1.36.9\n" if known else b"v1.34.0\n")

        def log_message(self, *_arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/release", asked
        server.shutdown()
        thread.join()


def test_a_label_is_asked_for_once_in_a_run(run: Run, labels: tuple[str, list[str]]) -> None:
    url, asked = labels
    wanted = {"kubephase_kubernetes_url": url, "kubephase_kubernetes_version": "stable-1.36"}
    code, output, fact = run(plays=2, **wanted)
    assert code == 0, output
    assert fact["version"]["gitVersion"] == "v1.36.9"
    assert fact["cluster"]["kubernetesVersion"] == "v1.36.9"
    assert asked == ["/release/stable-1.36.txt"]


def test_a_label_that_leads_nowhere_is_warned_of(run: Run, labels: tuple[str, list[str]]) -> None:
    url, _asked = labels
    wanted = {"kubephase_kubernetes_url": url, "kubephase_kubernetes_version": "latest"}
    code, output, fact = run(**wanted)
    assert code == 0, output
    assert fact["version"]["gitVersion"] == "v1.37.2"
    assert "the label latest cannot be resolved" in output
