"""Runs kubeadm on a golden host: commands from standard input, as JSON with the fields of `main`; answers as JSON.

A run is {command, clean, bare, serve, etcd}: `clean` makes the host one without a trace of an earlier run first, and then what
the case has there, without what an earlier kubeadm made where it is `bare`; `serve` and `etcd` are the API server {port,
certificate, key, objects by path} and the etcd {binary, cluster} that kubeadm finds. Ends at the first command that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lab import golden_api, golden_etcd

CASE = Path("/root/case")


def main(
    files: dict[str, str],
    existing: list[str],
    prepare: list[str],
    runs: list[dict[str, Any]],
    environment: dict[str, str],
    directories: list[str],
    hostname: str,
) -> None:
    said = []
    before = socket.gethostname()
    socket.sethostname(hostname)
    try:
        for run in runs:
            if run.get("clean"):
                clean([*directories, str(CASE)])
                write(files)
                for command in [*(existing if not run.get("bare") else []), *prepare]:
                    subprocess.run(["sh", "-euc", command], cwd=CASE, check=True, stdout=sys.stderr)
            with golden_etcd.Etcd(**run["etcd"]) if run.get("etcd") else nullcontext():
                said.append(execute(run["command"], {**os.environ, **environment}, run.get("serve")))
            if said[-1]["status"]:
                break
    finally:
        socket.sethostname(before)
    json.dump(said, sys.stdout)


def clean(directories: list[str]) -> None:
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def write(files: dict[str, str]) -> None:
    CASE.mkdir()
    for name, text in files.items():
        path = CASE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def execute(command: list[str], environment: dict[str, str], serve: dict[str, Any] | None) -> dict[str, Any]:
    api, server = golden_api.Api(serve["objects"] if serve else {}), None
    if serve:
        golden_api.sign_cluster_info(api.objects)
        server = golden_api.serve(api, serve["port"], serve["certificate"], serve["key"])
    try:
        done = subprocess.run(command, cwd=CASE, env=environment, capture_output=True, text=True)
    finally:
        if server:
            server.shutdown()
            server.server_close()
    return {"status": done.returncode, "output": done.stdout, "errors": done.stderr, "recorded": api.recorded}


if __name__ == "__main__":
    main(**json.load(sys.stdin))
