"""The cache outside the checkout. What is in the store is complete: it is built aside and renamed into place."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

from lab.report import say, step


def cache() -> Path:
    """~/.cache/kubephase, or what KUBEPHASE_CACHE says."""
    path = Path(os.environ.get("KUBEPHASE_CACHE") or Path.home() / ".cache" / "kubephase").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def folder(name: str) -> Path:
    """A folder of the cache, made when missing."""
    path = cache() / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def entry(key: str) -> Path:
    """Where the store keeps an entry; it exists only when it is complete."""
    return folder("store") / key


def ensure(key: str, title: str, make: Callable[[Path], None], progress: Callable[[], str] = lambda: "") -> Path:
    """Returns the entry, making it first where it is missing: make() fills an empty folder."""
    path = entry(key)
    if path.is_dir():
        return path
    aside = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=folder("tmp")))
    aside.chmod(0o755)
    try:
        with step(title, progress):
            make(aside)
        try:
            aside.rename(path)
        except OSError:
            # another command was faster; its entry is as good
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return path


def replace_text(path: Path, text: str, mode: int = 0o644) -> bool:
    """Writes a small file at once or not at all; says whether it was different."""
    if path.is_file() and path.read_text() == text and path.stat().st_mode & 0o777 == mode:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.touch(mode=mode)
    aside.write_text(text)
    aside.chmod(mode)
    aside.replace(path)
    return True


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Only one lab command at a time does this; the others wait."""
    with (folder("run") / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another lab command works on the {name}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
