# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys are made quickly and read without proving primes; a key that is not whole is noticed all the same."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import gnutls_keys, keys


@pytest.fixture
def slow(monkeypatch):
    """As on a host with OpenSSL 3."""
    monkeypatch.setattr(keys, "_openssl_is_slow", lambda: True)


def test_rsa_keys_of_gnutls_are_whole(slow, described, monkeypatch):
    if gnutls_keys.private_pem(2048) is None:
        pytest.skip("no GnuTLS here")
    monkeypatch.setattr(rsa, "generate_private_key", None)
    made = keys.generate_many("RSA-2048", 3)
    assert len({keys.public_der(key.public_key()) for key in made}) == 3
    for key in made:
        text = described.openssl("rsa", "-check", "-noout", "-text", stdin=keys.private_pem(key))
        assert "RSA key ok" in text and "2048 bit" in text and "publicExponent: 65537" in text


@pytest.mark.parametrize("bits", [3072, 4096])
def test_sizes_of_gnutls_keys(described, bits):
    pem = gnutls_keys.private_pem(bits)
    if pem is None:
        pytest.skip("no GnuTLS here")
    assert pem.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    assert f"({bits} bit" in described.openssl("pkey", "-noout", "-text", stdin=pem).splitlines()[0]


def test_without_gnutls_openssl_makes_the_key(slow, monkeypatch):
    monkeypatch.setattr(gnutls_keys, "_library", lambda: None)
    assert keys.generate("RSA-2048").key_size == 2048


def test_library_that_is_not_gnutls_is_left_alone(monkeypatch):
    monkeypatch.setattr(gnutls_keys, "_LIBRARY", "libc.so.6")
    gnutls_keys._library.cache_clear()
    try:
        assert gnutls_keys.private_pem(2048) is None
        monkeypatch.setattr(gnutls_keys, "_LIBRARY", "libnonexistent.so.1")
        gnutls_keys._library.cache_clear()
        assert gnutls_keys.private_pem(2048) is None
    finally:
        gnutls_keys._library.cache_clear()


@pytest.mark.parametrize("answer", ["1024", "another exponent", "no RSA"])
def test_key_that_is_not_the_one_asked_for_is_not_taken(slow, monkeypatch, answer):
    wrong = {
        "1024": lambda: rsa.generate_private_key(65537, 1024),
        "another exponent": lambda: rsa.generate_private_key(3, 2048),
        "no RSA": lambda: keys.generate("ECDSA-P256"),
    }[answer]()
    monkeypatch.setattr(gnutls_keys, "private_pem", lambda bits: keys.private_pem(wrong))
    made = keys.generate("RSA-2048")
    assert made.key_size == 2048 and made.public_key().public_numbers().e == 65537


def der(numbers):
    """An RSAPrivateKey of any numbers, which no library would write."""

    def integer(value):
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02" + length(raw) + raw

    def length(raw):
        size = len(raw)
        return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")

    body = b"".join(integer(value) for value in numbers)
    return b"\x30" + length(body) + body


@pytest.mark.parametrize("field", [1, 4, 5, 6, 7])
def test_rsa_key_with_a_wrong_number_is_damaged(described, field):
    """Modulus, primes and what is made of them. A private exponent is not used where the primes are there."""
    private = keys.generate("RSA-2048").private_numbers()
    public = private.public_numbers
    numbers = [0, public.n, public.e, private.d, private.p, private.q, private.dmp1, private.dmq1, private.iqmp]
    whole = described.openssl("rsa", "-inform", "DER", "-traditional", stdin=der(numbers)).encode()
    assert keys.load(whole, "whole").key_size == 2048
    numbers[field] ^= 1 << 77
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(der(numbers)) + b"-----END RSA PRIVATE KEY-----\n"
    with pytest.raises(KubephaseError, match="x.key: the private key is damaged"):
        keys.load(pem, "x.key")
