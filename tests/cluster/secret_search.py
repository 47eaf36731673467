# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of hosts, in every shape in which they could show up elsewhere, and the search for them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host

#: where anything that is secret lies on a host
PLACES = ("/etc/kubernetes", "/var/lib/kubelet/pki", "/etc/kubephase")
BLOCK = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(.+?)-----END", re.DOTALL)
EMBEDDED = re.compile(r"\b[A-Za-z0-9+/]{200,}={0,2}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{80,}={0,2}")
#: fewer characters may be those of something else
SHORTEST = 24
DEPTH = 3

#: runs on the host: every small file there that could hold a key, as JSON
READ = """\
import json, os, sys
found = {}
for top in sys.argv[1:]:
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and os.path.getsize(path) < 1 << 20:
                with open(path, errors="replace") as text:
                    found[path] = text.read()
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True)
class Needle:
    """Part of a secret; the name may be told, the text never."""

    name: str
    text: bytes


def of_host(host: Host) -> list[Needle]:
    """Of every private key on the host, whatever file it is in."""
    command = f"python3 - {' '.join(PLACES)}"
    files: dict[str, str] = json.loads(host.run(command, stdin=READ.encode()))
    return of_files({f"{host.name}:{path}": text for path, text in files.items()})


def of_files(files: Mapping[str, str]) -> list[Needle]:
    found: dict[bytes, Needle] = {}
    for path, text in files.items():
        for key in private_keys(text):
            for shape in shapes(key):
                found.setdefault(shape, Needle(path, shape))
    return list(found.values())


def private_keys(text: str) -> Iterator[str]:
    """Bodies of the keys in a text, those in its base64 parts too."""
    yield from BLOCK.findall(text)
    for part in EMBEDDED.findall(text):
        try:
            yield from BLOCK.findall(base64.b64decode(part).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue


def shapes(body: str) -> Iterator[bytes]:
    """What of a key nobody may see, in lines of the PEM form, as bytes, and in the PEM form once more in base64.

    The public part, which a key has too, is in certificates and requests, and at times in the same characters.
    """
    lines = body.split()
    raw = base64.b64decode("".join(lines))
    regions = [(raw.find(number), len(number)) for number in _secret_numbers(raw)]
    own = [part.encode() for number, line in enumerate(lines) for part in _secret_parts(line, 48 * number, regions)]
    yield from own
    yield from (raw[start : start + 32] for start, _ in regions)
    for text in own[:2]:
        for shift in range(3):
            # 12 bytes are 16 characters; what lies before and after decides over the outermost ones
            yield base64.b64encode(b"\0" * shift + text)[4 : 4 + len(text) // 12 * 16 - 16]


def _secret_numbers(raw: bytes) -> list[bytes]:
    key = serialization.load_der_private_key(raw, None)
    if isinstance(key, rsa.RSAPrivateKey):
        found = key.private_numbers()
        numbers = [(found.d, key.key_size // 8), (found.p, key.key_size // 16), (found.q, key.key_size // 16)]
        # where a number begins with zeros it is written without them
        return [number.to_bytes(size, "big").lstrip(b"\0") for number, size in numbers]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return [key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")]
    assert isinstance(key, (ed25519.Ed25519PrivateKey, x25519.X25519PrivateKey))
    return [key.private_bytes_raw()]


def _secret_parts(line: str, first: int, regions: Iterable[tuple[int, int]]) -> Iterator[str]:
    """What of a line, whose first byte has this number in the key, tells of these bytes alone."""
    for start, length in regions:
        begins, ends = max(start - first, 0), min(start + length - first, len(line) // 4 * 3)
        part = line[-(-begins // 3) * 4 : ends // 3 * 4]
        if ends - begins >= 18 and len(part) >= SHORTEST:
            yield part


def of_tokens(cluster: Cluster) -> list[Needle]:
    tokens = cluster.items("secrets", "-n", "kube-system", "--field-selector", "type=bootstrap.kubernetes.io/token")
    return [
        Needle(f"token {each['metadata']['name']}", base64.b64decode(each["data"]["token-secret"])) for each in tokens
    ]


def plain(name: str, secret: str) -> list[Needle]:
    """A password or a certificate key."""
    raw = secret.encode()
    return [Needle(name, raw), *(Needle(name, base64.b64encode(b"\0" * shift + raw)[4:-4]) for shift in range(3))]


def search(data: bytes, needles: Iterable[Needle]) -> set[str]:
    """Names of the secrets that are in the data, or in what it holds in base64."""
    wanted = list(needles)
    return {needle.name for text in _unpacked(data, DEPTH) for needle in wanted if needle.text in text}


def search_below(directory: Path, needles: Iterable[Needle]) -> dict[str, set[str]]:
    """By file: what was found in it."""
    wanted = list(needles)
    files = (path for path in sorted(directory.rglob("*")) if path.is_file() and not path.is_symlink())
    found = {str(path.relative_to(directory)): search(path.read_bytes(), wanted) for path in files}
    return {path: names for path, names in found.items() if names}


def _unpacked(data: bytes, depth: int) -> Iterator[bytes]:
    yield data
    if depth:
        for part in BASE64.findall(data):
            text = part.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
            yield from _unpacked(base64.b64decode(text[: len(text) // 4 * 4]), depth - 1)
