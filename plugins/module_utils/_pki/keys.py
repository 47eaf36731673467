# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: made, read and written in the encodings kubeadm uses."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Union

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import gnutls_keys

try:
    from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
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
        return _rsa_key(_RSA[algorithm])
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
        key = _load(block.group(0) + b"\n", passphrase.encode() or None)
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
    if isinstance(key, rsa.RSAPrivateKey) and not _is_whole(key):
        raise _unusable("the private key is damaged", path)
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


def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    _without_prime_checks()
    pem = gnutls_keys.private_pem(bits) if _openssl_is_slow() else None
    if pem is not None:
        key = _load(pem, None)
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size == bits and _is_whole(key) and _exponent(key) == 65537:
            return key
    return rsa.generate_private_key(65537, bits)


def _exponent(key: rsa.RSAPrivateKey) -> int:
    return key.public_key().public_numbers().e


def _openssl_is_slow() -> bool:
    from cryptography.hazmat.backends.openssl import backend

    return " 3." in backend.openssl_version_text()


def _load(pem: bytes, passphrase: bytes | None) -> Any:
    """Read a key without proving its primes, which takes longer than all else together. :func:`_is_whole` checks it instead."""
    _without_prime_checks()
    if _certificate.takes(serialization.load_pem_private_key, "unsafe_skip_rsa_key_validation"):
        return serialization.load_pem_private_key(pem, passphrase, unsafe_skip_rsa_key_validation=True)
    return serialization.load_pem_private_key(pem, passphrase)


def _without_prime_checks() -> None:
    """Until version 39 the library has a switch instead of an argument, and proves primes that it has just made."""
    from cryptography.hazmat.backends.openssl import backend

    if hasattr(backend, "_rsa_skip_check_key"):
        backend._rsa_skip_check_key = True


def _is_whole(key: rsa.RSAPrivateKey) -> bool:
    """What the private half signs, the public half verifies."""
    probe = b"kubephase"
    try:
        signature = key.sign(probe, padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, probe, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, InternalError):
        return False
    return True


def _unusable(problem: str, path: str) -> KubephaseError:
    return KubephaseError(
        problem,
        where=path,
        accepted="an unencrypted RSA or ECDSA key in PEM",
        hint="Nothing was changed. Restore the file, or remove it and its certificate to have both made anew",
    )
