"""What the lab tells the person who waits for it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

HEARTBEAT = 20.0

_started = time.monotonic()


def say(text: str) -> None:
    """One line, with the seconds since the command began."""
    print(f"lab {time.monotonic() - _started:6.1f}s  {text}", flush=True)


class LabError(SystemExit):
    """Ends the command with one clear line and exit status 1."""

    def __init__(self, text: str) -> None:
        super().__init__(f"lab: {text}")


@contextmanager
def step(title: str, progress: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Announces a step that takes long, tells every few seconds how far it is, and how long it took."""
    say(f"{title} …")
    begun, done = time.monotonic(), threading.Event()

    def heartbeat() -> None:
        while not done.wait(HEARTBEAT):
            detail = progress()
            say(f"{title}: {time.monotonic() - begun:.0f} s so far{', ' if detail else ''}{detail}")

    threading.Thread(target=heartbeat, daemon=True).start()
    try:
        yield
    finally:
        done.set()
        verb = "failed after" if sys.exc_info()[0] else "done in"
        say(f"{title}: {verb} {time.monotonic() - begun:.1f} s")
