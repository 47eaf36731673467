# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.parity`, see `command`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # as pytest is told in pyproject.toml
    sys.path.append(str(Path(__file__).resolve().parents[2] / ".venv" / "collections"))
    from tests.parity.command import main

    sys.exit(main(sys.argv[1:]))
