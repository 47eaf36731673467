# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of a certificate: the files read, parsed and held together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Entry

if TYPE_CHECKING:
    from cryptography import x509

KEY_MODE = 0o600
CERTIFICATE_MODE = 0o644
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\Z")


@dataclass
class Found:
    """The state of one certificate on the host.

    ``interrupted`` is set where an earlier run put a new key in place and died before its certificate; ``chain`` then
    already is the certificate that is still to be written.
    """

    entry: Entry
    chain: list[x509.Certificate] = field(default_factory=list)
    key: keys.PrivateKey | None = None
    interrupted: bool = False

    @property
    def certificate(self) -> x509.Certificate | None:
        return self.chain[0] if self.chain else None


def journal_path(entry: Entry) -> str:
    """Where the pair is kept while key and certificate are replaced together: two renames cannot be one step."""
    directory, name = os.path.split(entry.key_path)
    return f"{directory}/.{name[: -len('.key')]}.renewal"


def read(entry: Entry) -> Found:
    """Read an entry's files."""
    found = Found(entry)
    certificate, key = _atomic_file.read(entry.certificate_path), _atomic_file.read(entry.key_path)
    if certificate is not None:
        found.chain = certificates.load_chain(certificate, entry.certificate_path)
    if key is not None:
        found.key = keys.load(key, entry.key_path)
    journal = _atomic_file.read(journal_path(entry))
    if journal is not None and found.certificate is not None and found.key is not None:
        _finish(found, journal)
    return found


def excess_modes(paths: Iterable[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Files open to more than they should be, with their mode and the one they should have. Tighter ones are the user's choice."""
    found = [(path, _atomic_file.mode_of(path), allowed) for path, allowed in paths]
    return [(path, mode, mode & allowed) for path, mode, allowed in found if mode is not None and mode & ~allowed]


def leftovers(paths: Iterable[str]) -> list[str]:
    """Temporary files that a killed run left beside ``paths``, and journals."""
    wanted: dict[str, set[str]] = {}
    for path in paths:
        directory, name = os.path.split(path)
        wanted.setdefault(directory, set()).add(name)
    return [
        f"{directory}/{name}"
        for directory, names in wanted.items()
        if os.path.isdir(directory)
        for name in sorted(os.listdir(directory))
        if _is_leftover(name, names)
    ]


def _is_leftover(name: str, names: set[str]) -> bool:
    if name.endswith(".renewal") and name[1 : -len(".renewal")] + ".key" in names:
        return True
    temporary = _TEMPORARY.match(name)
    if temporary is None:
        return False
    of = temporary.group("name")
    return of in names or (of.endswith(".renewal") and of[1 : -len(".renewal")] + ".key" in names)


def _finish(found: Found, journal: bytes) -> None:
    """Take the journal's certificate where the key on disk is the journal's and the certificate on disk is not yet."""
    try:
        chain = certificates.load_chain(journal, found.entry.certificate_path)
    except KubephaseError:
        return
    if found.key is None or found.certificate is None:
        return
    on_disk = keys.public_der(found.key.public_key())
    if on_disk == _certificate.public_der(chain[0]) and on_disk != _certificate.public_der(found.certificate):
        found.chain, found.interrupted = chain, True
