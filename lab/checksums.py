"""Checksum files as the upstream projects publish them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def bare(path: Path) -> str:
    """As dl.k8s.io has it: the digest alone, with no newline."""
    return sha256(path)


def line(path: Path) -> str:
    """As sha256sum prints it, and as the release pages have it."""
    return f"{sha256(path)}  {path.name}\n"


def find(text: str, name: str) -> str:
    """The digest of a file in a checksum file of either kind; signatures and other files around it do not matter."""
    text = text.strip()
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    for found in re.finditer(r"^([0-9a-f]{64}) [ *](\S+)$", text, re.MULTILINE):
        if found[2].rpartition("/")[2] == name:
            return found[1]
    raise ValueError(f"no SHA-256 of {name} in its checksum file")
