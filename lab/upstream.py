"""The projects' own download addresses, where this machine reaches them."""

from __future__ import annotations

import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from lab import checksums
from lab.report import LabError, say

KUBERNETES = "https://dl.k8s.io/release"
GITHUB = "https://github.com"
REGISTRY = "registry.k8s.io"

PROBE_SECONDS = 4


@cache
def reachable(site: str) -> bool:
    """Whether a site (scheme and host) answers at all; asked once a run and quickly."""
    try:
        with urllib.request.urlopen(site, timeout=PROBE_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        say(f"{site} does not answer: building from Go modules instead")
        return False


def offers(url: str) -> bool:
    parts = urlsplit(url)
    return reachable(f"{parts.scheme}://{parts.netloc}/")


def fetch(url: str, target: Path, checksum_url: str) -> None:
    """Downloads a file and holds it to its published checksum."""
    wanted = checksums.find(read(checksum_url), url.rpartition("/")[2])
    with urllib.request.urlopen(url, timeout=60) as answer, target.open("wb") as output:
        while block := answer.read(1 << 20):
            output.write(block)
    if (found := checksums.sha256(target)) != wanted:
        raise LabError(f"{url}: SHA-256 is {found}, published is {wanted}")


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
