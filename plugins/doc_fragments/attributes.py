# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection supports."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Says what would be done without changing anything, also on a host where nothing is installed yet.
    support: full
  diff_mode:
    description: Shows what changes. Only public facts are shown, never key material or a token's secret.
    support: full
  idempotent:
    description: A second call with the same arguments changes nothing.
    support: full
  platform:
    description: Target operating systems.
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Only reads, so it runs the same in check mode.
    support: full
  diff_mode:
    description: Nothing changes, so there is no diff.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
  platform:
    description: Target operating systems.
    support: full
    platforms: linux
"""
