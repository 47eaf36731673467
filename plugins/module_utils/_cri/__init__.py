# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Container Runtime Interface from the standard library alone: HTTP/2, gRPC and protobuf, as much as CRI needs."""

from __future__ import annotations
