# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layering of the plugins: thin modules over plain Python, in files one can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = sorted(path for top in ("plugins", "lab", "tests") for path in (CHECKOUT / top).rglob("*.py"))
BACKENDS = sorted((CHECKOUT / "plugins/module_utils").rglob("*.py"))
MODULES = sorted((CHECKOUT / "plugins/modules").glob("*.py"))
ANSIBLE = re.compile(r"^\s*(?:from|import) ansible(?:\.|\s|$)", re.MULTILINE)


def shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_file_can_be_read_at_a_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem.strip("_") not in ("utils", "util", "helpers", "helper", "common", "misc")


@pytest.mark.parametrize("path", BACKENDS, ids=shown)
def test_backend_is_private_plain_python(path: Path) -> None:
    parts = path.relative_to(CHECKOUT / "plugins/module_utils").parts
    assert parts[0].startswith("_")
    assert path.name == "_module.py" or not ANSIBLE.search(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_module_is_thin(path: Path) -> None:
    """Its code: what follows the documentation."""
    code = path.read_text().rpartition('"""')[2]
    assert len(code.splitlines()) <= 150
