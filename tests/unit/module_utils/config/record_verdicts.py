# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask every kubeadm of the lab's mirror what it says to each row, and write it down.

``.venv/bin/python tests/unit/module_utils/config/record_verdicts.py``, after ``python -m lab artifacts`` for each
minor version. kubeadm only reads the file (``config validate``).
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import tempfile
from pathlib import Path

from verdict_rows import MINORS, VERDICTS, Row, rows

MIRROR = Path.home() / ".cache/kubephase/mirror/release"
FIRST = {"Upgrade": 36}
"""The first kubeadm whose ``config validate`` looks at a kind; the older ones' ``upgrade`` says the same."""


def refuses(program: Path, text: str) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as handle:
        handle.write(text)
        handle.flush()
        command = [str(program), "config", "validate", "--config", handle.name]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode != 0


def ask(row: Row, programs: dict[int, Path]) -> list[int]:
    first = FIRST.get(row.kind, 0)
    found = [minor for minor in MINORS if minor >= first and refuses(programs[minor], row.text(minor))]
    return [minor for minor in MINORS if minor in found or (minor < first and first in found)]


def main() -> None:
    programs = {int(path.parts[-5].split(".")[1]): path for path in sorted(MIRROR.glob("v1.*/bin/linux/*/kubeadm"))}
    asked = [dataclasses.replace(row, refused=ask(row, programs)) for row in rows()]
    VERDICTS.write_text("".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in asked))


if __name__ == "__main__":
    main()
