# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A search that finds nothing has to be one that would have found it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.cluster import secret_search as searching

FORMATS = serialization.PrivateFormat


def pem(key: Any, form: serialization.PrivateFormat) -> str:
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


KEYS = {
    "rsa": pem(rsa.generate_private_key(65537, 2048), FORMATS.TraditionalOpenSSL),
    "ec": pem(ec.generate_private_key(ec.SECP256R1()), FORMATS.TraditionalOpenSSL),
    "ec-pkcs8": pem(ec.generate_private_key(ec.SECP256R1()), FORMATS.PKCS8),
    "ed25519": pem(ed25519.Ed25519PrivateKey.generate(), FORMATS.PKCS8),
}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SHAPES: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "escaped": lambda text: json.dumps({"msg": text}).encode(),
    "indented": lambda text: text.replace("\n", "\n    ").encode(),
    "base64": lambda text: encoded(text).encode(),
    "base64 after something": lambda text: encoded("ab" + text).encode(),
    "base64 twice": lambda text: encoded(encoded(text)).encode(),
    "in a kubeconfig in a Secret": lambda text: encoded(f"client-key-data: {encoded(text)}\n").encode(),
    "DER": lambda text: base64.b64decode("".join(text.split("-----")[2].split())),
    "base64 of DER in one line": lambda text: "".join(text.split("-----")[2].split()).encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_found(kind: str, shape: str) -> None:
    needles = searching.of_files({"host:/pki/x.key": KEYS[kind]})
    assert searching.search(b"before " + SHAPES[shape](KEYS[kind]) + b" after", needles) == {"host:/pki/x.key"}


@pytest.mark.parametrize("kind", KEYS)
def test_another_key_of_its_kind_is_not_taken_for_it(kind: str) -> None:
    others = {
        "rsa": lambda: pem(rsa.generate_private_key(65537, 2048), FORMATS.TraditionalOpenSSL),
        "ec": lambda: pem(ec.generate_private_key(ec.SECP256R1()), FORMATS.TraditionalOpenSSL),
        "ec-pkcs8": lambda: pem(ec.generate_private_key(ec.SECP256R1()), FORMATS.PKCS8),
        "ed25519": lambda: pem(ed25519.Ed25519PrivateKey.generate(), FORMATS.PKCS8),
    }
    needles = searching.of_files({"x": KEYS[kind]})
    other = others[kind]()
    for shape in SHAPES.values():
        assert searching.search(shape(other), needles) == set()


def test_keys_are_taken_out_of_kubeconfigs() -> None:
    conf = f"users:\n- user:\n    client-key-data: {encoded(KEYS['ec'])}\n"
    needles = searching.of_files({"cp1:/etc/kubernetes/admin.conf": conf})
    assert searching.search(KEYS["ec"].encode(), needles) == {"cp1:/etc/kubernetes/admin.conf"}


def test_public_things_are_no_needles() -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    text = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    assert searching.of_files({"ca.pub": text}) == []


def test_passwords_are_found_in_files_also_in_base64(tmp_path: Path) -> None:
    needles = searching.plain("certificate key", "0123456789abcdef" * 4)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/plain").write_text("key: " + "0123456789abcdef" * 4)
    (tmp_path / "coded").write_text(encoded("data: " + "0123456789abcdef" * 4))
    (tmp_path / "other").write_text("nothing")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert searching.search_below(tmp_path, needles) == {
        "deep/plain": {"certificate key"},
        "coded": {"certificate key"},
    }


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_public_part_of_a_key_is_none_of_it(kind: str) -> None:
    """It is in the private one too: wherever its bytes begin, they may be the same characters."""
    key = serialization.load_pem_private_key(KEYS[kind].encode(), None)
    public = key.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    needles = searching.of_files({"x": KEYS[kind]})
    for shift in range(48):
        assert searching.search(base64.b64encode(b"\0" * shift + der), needles) == set()
        assert searching.search(encoded("a" * shift + text).encode(), needles) == set()
