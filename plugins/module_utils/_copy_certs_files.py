# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that control planes share, as one host has them: which there are, and what they are by their public facts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _certs_secret
from ansible_collections.kubephase.cluster.plugins.module_utils._certs_secret import SharedFile
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys

#: As in kubeadm's Secret.
NAMES = (
    *("ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.pub", "sa.key", "etcd-ca.crt", "etcd-ca.key"),
    *("external-etcd-ca.crt", "external-etcd.crt", "external-etcd.key"),
)
SHARED = "shared"
SINGLE = "single"
AUTHORITY_KEYS = ("ca.key", "front-proxy-ca.key", "etcd-ca.key")
#: A key, and what holds its public half.
PAIRS = {
    "ca.key": "ca.crt",
    "front-proxy-ca.key": "front-proxy-ca.crt",
    "etcd-ca.key": "etcd-ca.crt",
    "sa.key": "sa.pub",
    "external-etcd.key": "external-etcd.crt",
}
#: Each control plane may have its own.
_OF_THE_HOST = ("external-etcd-ca.crt", "external-etcd.crt", "external-etcd.key")


@dataclass(frozen=True)
class Layout:
    """Where the files are, and which of them are handed on.

    :param authority_keys: with ``single`` the keys of certificate authorities stay where they are.
    :param left_out: names of files that are of no concern.
    """

    certificates_dir: str = "/etc/kubernetes/pki"
    external_etcd: Mapping[str, Any] = field(default_factory=dict)
    authority_keys: str = SHARED
    left_out: Sequence[str] = ()

    def all_files(self) -> dict[str, SharedFile]:
        """By name, keys before certificates: a run that dies leaves no certificate that seems to be without its key."""
        found = _certs_secret.shared_files(self.certificates_dir, self.external_etcd or None)
        kept = [file for file in found if file.path and file.name not in self.left_out]
        return {file.name: file for file in sorted(kept, key=lambda file: not is_private(file.name))}

    def handed_on(self) -> dict[str, SharedFile]:
        files = self.all_files()
        if self.authority_keys == SINGLE:
            return {name: file for name, file in files.items() if name not in AUTHORITY_KEYS}
        return files


def is_private(name: str) -> bool:
    return name.endswith(".key")


def read(layout: Layout) -> dict[str, bytes]:
    """What is on the host, by name; a file that is not there is not in it."""
    contents = {name: _atomic_file.read(file.path) for name, file in layout.all_files().items()}
    return {name: data for name, data in contents.items() if data is not None}


def fingerprints(contents: Mapping[str, bytes], layout: Layout) -> dict[str, str]:
    """SHA-256 of a certificate (of all that are in the file), or of a key's public half. Files that cannot be read are errors."""
    if not contents:
        return {}
    _certificate.require_library()
    files = layout.all_files()
    return {name: _fingerprint(name, data, files[name].path) for name, data in contents.items()}


def public_half(name: str, data: bytes, path: str) -> str:
    """SHA-256 of the public key that a certificate, a public or a private key is of; of several the first."""
    return _sha256(_public_ders(name, data, path)[0])


def require_pairs(contents: Mapping[str, bytes], layout: Layout) -> None:
    """What a key signs, its certificate or public key verifies."""
    errors = []
    files = layout.all_files()
    for private, public in PAIRS.items():
        if private not in contents or public not in contents:
            continue
        own = _public_ders(private, contents[private], files[private].path)[0]
        if own not in _public_ders(public, contents[public], files[public].path):
            errors.append(KubephaseError(f"it is not the key of {files[public].path}", where=files[private].path))
    if errors:
        raise KubephaseErrors(errors, "Nothing was written:")


def contradictions(
    receiver: str, present: Mapping[str, str], holder: str, contents: Mapping[str, bytes], layout: Layout
) -> list[KubephaseError]:
    """Files of the receiver that are not the holder's, although all control planes have the same."""
    files = layout.all_files()
    expected = _expected(contents, files)
    found = []
    for name, fingerprint in present.items():
        wanted = expected.get(name)
        if wanted is None or name in _OF_THE_HOST or fingerprint == wanted:
            continue
        what = "public key" if name.startswith("sa.") or is_private(name) else "certificate"
        found.append(
            KubephaseError(
                f"its {what} (SHA-256 {fingerprint}) is not that of {holder} ({wanted})",
                where=f"{receiver}: {files[name].path}",
                hint=f"It is of another cluster, or has been replaced on one of them: reset {receiver}, or move the file away "
                "where nothing uses it, and run again",
            )
        )
    return found


def _expected(contents: Mapping[str, bytes], files: Mapping[str, SharedFile]) -> dict[str, str]:
    expected = {name: _fingerprint(name, data, files[name].path) for name, data in contents.items()}
    for private, public in PAIRS.items():
        # whoever has a key of an authority has that of its certificate, wherever the holder's own key is
        if private in AUTHORITY_KEYS and public in contents:
            expected[private] = public_half(public, contents[public], files[public].path)
    return expected


def _fingerprint(name: str, data: bytes, path: str) -> str:
    if name.endswith(".crt"):
        from cryptography.hazmat.primitives.serialization import Encoding

        return _sha256(b"".join(one.public_bytes(Encoding.DER) for one in certificates.load_chain(data, path)))
    return _sha256(b"".join(_public_ders(name, data, path)))


def _public_ders(name: str, data: bytes, path: str) -> list[bytes]:
    if is_private(name):
        return [keys.public_der(keys.load(data, path).public_key())]
    if name.endswith(".crt"):
        return [_certificate.public_der(certificates.load_chain(data, path)[0])]
    found = keys.public_ders_in(data)
    if not found:
        raise KubephaseError(
            "the public key is damaged",
            where=path,
            accepted="PEM blocks of type PUBLIC KEY",
            hint="Nothing was changed. Restore the file, or remove it to have it copied anew",
        )
    return found


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
