# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed for one receiver: HPKE (RFC 9180), base mode, single shot, with X25519, HKDF-SHA256 and AES-256-GCM.

Whoever knows a receiver's public key can seal for it, and it alone can open. Who sealed is not proven by it.
Distributions carry versions of the library without HPKE, so what is RFC 9180's own is written here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32
_KEM, _KDF, _AEAD = (0x0020).to_bytes(2, "big"), (0x0001).to_bytes(2, "big"), (0x0002).to_bytes(2, "big")
_KEM_SUITE = b"KEM" + _KEM
_SUITE = b"HPKE" + _KEM + _KDF + _AEAD
_BASE_MODE = b"\x00"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class NotOpened(KubephaseError):
    """It was sealed for another key or with another context, or it was changed on its way."""


class Pair(NamedTuple):
    """A receiver's keys, 32 bytes each."""

    private: bytes
    public: bytes


class Schedule(NamedTuple):
    """What both sides derive from the shared secret."""

    key: bytes
    nonce: bytes


def new_pair() -> Pair:
    """Keys of a receiver, from the system's source of randomness."""
    _certificate.require_library()
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = X25519PrivateKey.generate()
    return Pair(made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()), _public_bytes(made))


def seal(public: bytes, info: bytes, associated: bytes, data: bytes) -> bytes:
    """``data`` for the owner of ``public``: the encapsulated key, then what AES-256-GCM made of it."""
    _certificate.require_library()
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return seal_with(X25519PrivateKey.generate(), public, info, associated, data)


def seal_with(ephemeral: X25519PrivateKey, public: bytes, info: bytes, associated: bytes, data: bytes) -> bytes:
    """:func:`seal` with a key that is never to be used again."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    encapsulated = _public_bytes(ephemeral)
    derived = schedule(_shared_secret(ephemeral, public, encapsulated + public), info)
    return encapsulated + AESGCM(derived.key).encrypt(derived.nonce, data, associated)


def open_sealed(private: bytes, info: bytes, associated: bytes, sealed: bytes) -> bytes:
    """What :func:`seal` was given."""
    _certificate.require_library()
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    encapsulated, ciphertext = sealed[:KEY_BYTES], sealed[KEY_BYTES:]
    if len(ciphertext) < _TAG_BYTES:
        raise NotOpened("it was cut off")
    own = X25519PrivateKey.from_private_bytes(private)
    derived = schedule(_shared_secret(own, encapsulated, encapsulated + _public_bytes(own)), info)
    try:
        return AESGCM(derived.key).decrypt(derived.nonce, ciphertext, associated)
    except InvalidTag:
        raise NotOpened("it was sealed for another key, or changed on its way") from None


def schedule(shared_secret: bytes, info: bytes) -> Schedule:
    """RFC 9180, section 5.1, for base mode and a first message."""
    psk_id_hash = _labeled_extract(b"", _SUITE, b"psk_id_hash", b"")
    info_hash = _labeled_extract(b"", _SUITE, b"info_hash", info)
    context = _BASE_MODE + psk_id_hash + info_hash
    secret = _labeled_extract(shared_secret, _SUITE, b"secret", b"")
    return Schedule(
        _labeled_expand(secret, _SUITE, b"key", context, 32),
        _labeled_expand(secret, _SUITE, b"base_nonce", context, _NONCE_BYTES),
    )


def _shared_secret(own: X25519PrivateKey, theirs: bytes, context: bytes) -> bytes:
    """RFC 9180, section 4.1."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    if len(theirs) != KEY_BYTES:
        raise NotOpened("not an X25519 public key", value=f"{len(theirs)} bytes", accepted=f"{KEY_BYTES} bytes")
    try:
        exchanged = own.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:
        exchanged = bytes(KEY_BYTES)
    # a public key of small order: everybody would know the result
    if hmac.compare_digest(exchanged, bytes(KEY_BYTES)):
        raise NotOpened("not a usable X25519 public key")
    extracted = _labeled_extract(b"", _KEM_SUITE, b"eae_prk", exchanged)
    return _labeled_expand(extracted, _KEM_SUITE, b"shared_secret", context, 32)


def _public_bytes(key: X25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _labeled_extract(salt: bytes, suite: bytes, label: bytes, secret: bytes) -> bytes:
    return _mac(salt or bytes(hashlib.sha256().digest_size), b"HPKE-v1" + suite + label + secret)


def _labeled_expand(secret: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand, of which one block is enough here."""
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return _mac(secret, labeled + b"\x01")[:length]


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
