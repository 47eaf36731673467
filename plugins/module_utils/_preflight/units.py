# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of the units that the checks look at."""

from __future__ import annotations

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host

UNITS = ("kubelet", "firewalld")
PROPERTIES = "LoadState,ActiveState,UnitFileState,MainPID"


def unit(host: Host, name: str) -> dict[str, str] | None:
    """A unit's properties, or None where systemd does not answer. One call for all units; the answers come in order."""
    code, out = host.output("systemctl", "show", f"--property={PROPERTIES}", *(f"{one}.service" for one in UNITS))
    parts = out.split("\n\n")
    if code != 0 or len(parts) != len(UNITS):
        return None
    return dict(line.split("=", 1) for line in parts[UNITS.index(name)].splitlines() if "=" in line)
