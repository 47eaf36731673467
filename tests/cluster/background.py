# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that goes on in threads while a test does something to a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any


class Background:
    """One thread for each item; each works until ``_over`` is set."""

    def __init__(self, work: Callable[[Any], None], items: Iterable[Any]) -> None:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work, args=(item,), daemon=True) for item in items]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
