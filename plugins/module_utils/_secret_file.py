# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key for a library that reads files only, without a file of it on any disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def secret_file(content: bytes) -> Iterator[str]:
    """A path that OpenSSL can read ``content`` from: in memory, or on kernels without that a private file for a moment."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("kubephase", os.MFD_CLOEXEC)
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(prefix=".kubephase-")
    try:
        os.write(descriptor, content)
        yield path
    finally:
        os.close(descriptor)
        if not path.startswith("/proc/"):
            os.unlink(path)
