# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's preflight checks: its names, thresholds and levels, and what makes them true again on a later run."""

from __future__ import annotations
