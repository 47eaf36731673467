# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPKE against the test vectors of RFC 9180, against another implementation, and against what is changed on its way."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils import _hpke
from ansible_collections.kubephase.cluster.plugins.module_utils._hpke import NotOpened

VECTORS = json.loads((pathlib.Path(__file__).parent / "rfc9180.json").read_text())
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.fixture(params=VECTORS)
def vector(request: pytest.FixtureRequest) -> dict[str, bytes]:
    return {name: bytes.fromhex(text) for name, text in request.param.items()}


def test_seals_as_in_the_rfc(vector: dict[str, bytes]) -> None:
    ephemeral = X25519PrivateKey.from_private_bytes(vector["skEm"])
    sealed = _hpke.seal_with(ephemeral, vector["pkRm"], vector["info"], vector["aad"], vector["pt"])
    assert sealed == vector["enc"] + vector["ct"]


def test_opens_as_in_the_rfc(vector: dict[str, bytes]) -> None:
    sealed = vector["enc"] + vector["ct"]
    assert _hpke.open_sealed(vector["skRm"], vector["info"], vector["aad"], sealed) == vector["pt"]


def test_derives_as_in_the_rfc(vector: dict[str, bytes]) -> None:
    assert _hpke.schedule(vector["shared_secret"], vector["info"]) == (vector["key"], vector["base_nonce"])


@given(info=st.binary(max_size=200), data=st.binary(max_size=5000))
@settings(max_examples=20, deadline=None)
def test_another_implementation_agrees(info: bytes, data: bytes) -> None:
    """Newer versions of the library have one, without associated data."""
    theirs: Any = pytest.importorskip("cryptography.hazmat.primitives.hpke")
    suite = theirs.Suite(theirs.KEM.X25519, theirs.KDF.HKDF_SHA256, theirs.AEAD.AES_256_GCM)
    pair = _hpke.new_pair()
    public = X25519PublicKey.from_public_bytes(pair.public)
    assert _hpke.open_sealed(pair.private, info, b"", suite.encrypt(data, public, info)) == data
    private = X25519PrivateKey.from_private_bytes(pair.private)
    assert suite.decrypt(_hpke.seal(pair.public, info, b"", data), private, info) == data


def test_is_another_one_each_time() -> None:
    pair = _hpke.new_pair()
    first, second = (_hpke.seal(pair.public, b"", b"", b"the same") for _ in range(2))
    assert first[: _hpke.KEY_BYTES] != second[: _hpke.KEY_BYTES]
    assert first[_hpke.KEY_BYTES :] != second[_hpke.KEY_BYTES :]


@pytest.mark.parametrize("position", [0, 31, 32, 40, -1])
def test_what_was_changed_is_not_opened(position: int) -> None:
    pair = _hpke.new_pair()
    sealed = bytearray(_hpke.seal(pair.public, b"info", b"associated", b"a secret of some length"))
    sealed[position] ^= 1
    with pytest.raises(NotOpened):
        _hpke.open_sealed(pair.private, b"info", b"associated", bytes(sealed))


def test_context_and_receiver_are_bound() -> None:
    pair = _hpke.new_pair()
    sealed = _hpke.seal(pair.public, b"info", b"associated", b"secret")
    for private, info, associated in (
        (_hpke.new_pair().private, b"info", b"associated"),
        (pair.private, b"other", b"associated"),
        (pair.private, b"info", b"other"),
    ):
        with pytest.raises(NotOpened, match="sealed for another key, or changed on its way"):
            _hpke.open_sealed(private, info, associated, sealed)


@pytest.mark.parametrize("length", [0, 31, 32, 47])
def test_what_was_cut_off_is_not_opened(length: int) -> None:
    pair = _hpke.new_pair()
    with pytest.raises(NotOpened, match="cut off"):
        _hpke.open_sealed(pair.private, b"", b"", _hpke.seal(pair.public, b"", b"", b"")[:length])


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_points_of_small_order_are_refused(point: str) -> None:
    with pytest.raises(NotOpened, match="not a usable X25519 public key"):
        _hpke.seal(bytes.fromhex(point), b"", b"", b"everybody could read this")
    with pytest.raises(NotOpened, match="not a usable X25519 public key"):
        _hpke.open_sealed(_hpke.new_pair().private, b"", b"", bytes.fromhex(point) + bytes(16))


def test_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(NotOpened, match="got '31 bytes'"):
        _hpke.seal(bytes(31), b"", b"", b"")
