# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that control planes share, as kubeadm hands them on: encrypted in Secret kubeadm-certs.

Each file is sealed with AES-256-GCM under the certificate key; a random nonce stands before what it sealed.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

NAME = "kubeadm-certs"
NAMESPACE = "kube-system"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
PATH = f"{SECRETS}/{NAME}"
WHERE = f"Secret {NAMESPACE}/{NAME}"

_KEY = re.compile(r"[0-9a-fA-F]{64}\Z")
_KEY_BYTES = 32
_NONCE_BYTES = 12


class WrongKey(KubephaseError):
    """What is in the Secret was not sealed with this key."""


@dataclass(frozen=True)
class SharedFile:
    """One of the files.

    :param name: its data key in the Secret.
    :param required: whether a control plane cannot do without.
    """

    name: str
    path: str
    required: bool = True


def shared_files(certificates_dir: str, external_etcd: Mapping[str, Any] | None) -> list[SharedFile]:
    """What is handed on. The keys of certificate authorities may be elsewhere, so no host has to have them."""
    pki = certificates_dir
    found = [
        SharedFile("ca.crt", f"{pki}/ca.crt"),
        SharedFile("ca.key", f"{pki}/ca.key", False),
        SharedFile("front-proxy-ca.crt", f"{pki}/front-proxy-ca.crt"),
        SharedFile("front-proxy-ca.key", f"{pki}/front-proxy-ca.key", False),
        SharedFile("sa.pub", f"{pki}/sa.pub"),
        SharedFile("sa.key", f"{pki}/sa.key"),
    ]
    if external_etcd is None:
        return [
            *found,
            SharedFile("etcd-ca.crt", f"{pki}/etcd/ca.crt"),
            SharedFile("etcd-ca.key", f"{pki}/etcd/ca.key", False),
        ]
    fields = (("external-etcd-ca.crt", "caFile"), ("external-etcd.crt", "certFile"), ("external-etcd.key", "keyFile"))
    paths = [(name, str(external_etcd.get(field) or "")) for name, field in fields]
    return found + [SharedFile(name, path, bool(path)) for name, path in paths]


def new_key() -> str:
    """A certificate key from the system's source of randomness."""
    return secrets.token_hex(_KEY_BYTES)


def parse_key(text: str, where: str) -> bytes:
    """The bytes of a certificate key."""
    if not _KEY.match(text):
        raise KubephaseError(
            "not a certificate key",
            where=where,
            accepted="64 hex digits, that is 32 bytes",
            hint="kubeadm certs certificate-key makes one",
        )
    return bytes.fromhex(text)


def seal(key: bytes, data: bytes) -> bytes:
    """Nonce, ciphertext and tag."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + bytes(_cipher(key).encrypt(nonce, data, None))


def unseal(key: bytes, sealed: bytes, where: str) -> bytes:
    """What :func:`seal` was given."""
    _certificate.require_library()
    from cryptography.exceptions import InvalidTag

    try:
        if len(sealed) <= _NONCE_BYTES:
            raise InvalidTag
        return bytes(_cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None))
    except (InvalidTag, ValueError):
        raise WrongKey(
            "it cannot be decrypted with this certificate key: it was uploaded with another one",
            where=where,
            hint="Give the key of the last upload, or upload the certificates again (role upload_certs, "
            "or 'kubeadm init phase upload-certs --upload-certs') and give the new key",
        ) from None


def read(files: list[SharedFile]) -> dict[str, bytes]:
    """What is on the host, by data key; empty for a file that is not there."""
    return {file.name: (_atomic_file.read(file.path) or b"") if file.path else b"" for file in files}


def sealed_data(key: bytes, contents: Mapping[str, bytes]) -> dict[str, str]:
    """The data of the Secret."""
    return {name: base64.b64encode(seal(key, data)).decode("ascii") if data else "" for name, data in contents.items()}


def opened(key: bytes, secret: Mapping[str, Any], files: list[SharedFile]) -> dict[str, bytes]:
    """The contents of a stored Secret by data key. Each file has to have its data key, as with kubeadm."""
    data = secret.get("data") or {}
    contents = {}
    for file in files:
        if file.name not in data:
            raise KubephaseError(
                f"it lacks {file.name}, which becomes {file.path}",
                where=WHERE,
                hint="The control plane that uploaded it has another configuration (is etcd local or external?), or other "
                "software wrote it: upload the certificates again",
            )
        contents[file.name] = _opened(key, data[file.name], f"{WHERE}, {file.name}")
    return contents


def _opened(key: bytes, encoded: Any, where: str) -> bytes:
    if not encoded:
        return b""
    try:
        sealed = base64.b64decode(str(encoded), validate=True)
    except (binascii.Error, ValueError):
        raise KubephaseError("not base64", where=where) from None
    return unseal(key, sealed, where)


def mode(data: bytes) -> int:
    """A private key is its owner's alone."""
    return 0o600 if b"PRIVATE KEY-----" in data else 0o644


def external_authorities(files: list[SharedFile]) -> list[str]:
    """The certificate authorities whose certificate is on the host and whose key is not."""
    paths = {file.name: file.path for file in files}
    pairs = [("ca.crt", "ca.key"), ("front-proxy-ca.crt", "front-proxy-ca.key")]
    return [paths[crt] for crt, key in pairs if os.path.exists(paths[crt]) and not os.path.exists(paths[key])]


def _cipher(key: bytes) -> Any:
    _certificate.require_library()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
