# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip.py that ansible-test downloads: the interpreter's own ensurepip, then the pip it asks for.

ansible-test fetches get-pip.py from a host of its own, which a machine that reaches package registries only cannot do.
Called as get-pip.py is: package pins and pip options as arguments.
"""

from __future__ import annotations

import subprocess
import sys


def main() -> None:
    pins = [argument for argument in sys.argv[1:] if "==" in argument]
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    if pins:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *pins], check=True)


if __name__ == "__main__":
    main()
