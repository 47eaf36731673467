"""Runs kubeadm on a golden host, each time on a host without a trace of an earlier run.

On the host itself, as root, from standard input: `python3 - JSON`, with the fields of `main`. Answers what each run said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CASE = Path("/root/case")


def main(
    files: dict[str, str],
    prepare: list[str],
    runs: list[list[str]],
    environment: dict[str, str],
    directories: list[str],
) -> None:
    said = []
    for run in runs:
        for directory in [*directories, str(CASE)]:
            shutil.rmtree(directory, ignore_errors=True)
        CASE.mkdir()
        for name, text in files.items():
            path = CASE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for command in prepare:
            subprocess.run(["sh", "-euc", command], cwd=CASE, check=True, stdout=sys.stderr)
        done = subprocess.run(run, cwd=CASE, env={**os.environ, **environment}, capture_output=True, text=True)
        said.append({"status": done.returncode, "output": done.stdout, "errors": done.stderr})
        if done.returncode:
            break
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
