# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: made, read and written in the encodings kubeadm uses."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Union

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    # _certificate.require_library says so before anything here is called
    pass

if TYPE_CHECKING:
    PrivateKey = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey]
    PublicKey = Union[rsa.RSAPublicKey, ec.EllipticCurvePublicKey]

_RSA = {"RSA-2048": 2048, "RSA-3072": 3072, "RSA-4096": 4096}
_ECDSA = {"ECDSA-P256": "SECP256R1", "ECDSA-P384": "SECP384R1"}
_PRIVATE_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PUBLIC_BLOCK = re.compile(rb"-----BEGIN ((?:RSA )?PUBLIC KEY)-----.*?-----END \1-----", re.DOTALL)


def generate(algorithm: str) -> PrivateKey:
    """A new key of one of kubeadm's ``encryptionAlgorithm`` values."""
    if algorithm in _RSA:
        return rsa.generate_private_key(65537, _RSA[algorithm])
    if algorithm in _ECDSA:
        return ec.generate_private_key(getattr(ec, _ECDSA[algorithm])())
    raise KubephaseError(
        "unknown algorithm", where="encryptionAlgorithm", value=algorithm, accepted=", ".join([*_RSA, *_ECDSA])
    )


def generate_many(algorithm: str, count: int) -> list[PrivateKey]:
    """``count`` new keys. RSA takes long; where the library frees the interpreter meanwhile, all processors share the work."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(generate, [algorithm] * count))


def load(data: bytes, path: str, passphrase: str = "") -> PrivateKey:
    """Read an RSA or ECDSA key, PKCS#1, SEC1 or PKCS#8. No part of ``data`` or the passphrase reaches the error."""
    block = _PRIVATE_BLOCK.search(data)
    if block is None:
        raise _unusable("not a PEM private key", path)
    try:
        key = serialization.load_pem_private_key(block.group(0) + b"\n", passphrase.encode() or None)
    except TypeError:
        problem = (
            "the private key is not encrypted, but a passphrase is given"
            if passphrase
            else "the private key is encrypted"
        )
        raise _unusable(problem, path) from None
    except (ValueError, UnsupportedAlgorithm):
        if passphrase:
            raise KubephaseError("the passphrase does not open the private key", where=path) from None
        raise _unusable("the private key is damaged", path) from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise _unusable("the private key is of an unsupported kind", path)
    return key


def private_pem(key: PrivateKey) -> bytes:
    """``RSA PRIVATE KEY`` (PKCS#1) or ``EC PRIVATE KEY`` (SEC1)."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def public_pem(key: PublicKey) -> bytes:
    """``PUBLIC KEY`` (PKIX)."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_der(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo, which tells two keys apart and is what a CA pin hashes."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_ders_in(data: bytes) -> list[bytes]:
    """The SubjectPublicKeyInfo of every readable public key in a PEM file; a ``sa.pub`` may hold several."""
    found = []
    for block in _PUBLIC_BLOCK.finditer(data):
        try:
            key = serialization.load_pem_public_key(block.group(0) + b"\n")
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
            found.append(public_der(key))
    return found


def _unusable(problem: str, path: str) -> KubephaseError:
    return KubephaseError(
        problem,
        where=path,
        accepted="an unencrypted RSA or ECDSA key in PEM",
        hint="Nothing was changed. Restore the file, or remove it and its certificate to have both made anew",
    )
