# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates and keys of a control plane host.

- ``sans``, ``durations``, ``profile`` and ``inventory`` say what a host is to have; they need nothing but Python.
- ``keys`` and ``certificates`` make, read and judge single keys and certificates; they need ``cryptography`` 3.4.8 or newer.
- ``plan`` compares a host's files with the inventory and decides everything before ``write`` changes the first file.
- ``requests``, ``signing`` and ``signing_command`` are for authorities whose key is elsewhere: what waits, and signing it there.
- ``tree`` is the entry point: one call for a host's whole tree.
"""
