# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _jws

PAYLOAD = b"Hello from the other side. I must have called a thousand times."
SECRET = "my voice is my passcode"
HEADER = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9"


@pytest.mark.parametrize(
    ("payload", "secret", "mac"),
    [
        (PAYLOAD, SECRET, "VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"),
        (b"", SECRET, "7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk"),
        (PAYLOAD, "", "UfkqvDGiIFxrMnFseDj9LYJOLNrvjW8aHhF71mvvAs8"),
    ],
)
def test_signatures_are_those_of_kubernetes(payload: bytes, secret: str, mac: str) -> None:
    """The values are those of k8s.io/cluster-bootstrap's own tests."""
    assert _jws.sign(payload, "joshua", secret) == f"{HEADER}..{mac}"
    assert _jws.verify(f"{HEADER}..{mac}", payload, "joshua", secret)


@pytest.mark.parametrize(
    ("payload", "token_id", "secret", "suffix"),
    [
        (PAYLOAD, "joshua", SECRET, "foo"),
        (PAYLOAD, "joshua", "another secret", ""),
        (PAYLOAD, "joshub", SECRET, ""),
        (PAYLOAD + b".", "joshua", SECRET, ""),
    ],
)
def test_any_difference_fails(payload: bytes, token_id: str, secret: str, suffix: str) -> None:
    signature = _jws.sign(PAYLOAD, "joshua", SECRET) + suffix
    assert not _jws.verify(signature, payload, token_id, secret)


def test_only_detached_hs256_of_the_token_is_a_signature() -> None:
    good = _jws.sign(PAYLOAD, "joshua", SECRET)
    assert _jws.is_for(good, "joshua")
    mac = good.partition("..")[2]
    none = "eyJhbGciOiJub25lIiwia2lkIjoiam9zaHVhIn0"
    for bad in (
        "",
        "..",
        good + "A",
        mac,
        f"{none}..",
        f"{none}..{mac}",
        f"{HEADER}.e30.{mac}",
        f"{HEADER}..{mac[:-3]}.aa",
    ):
        assert not _jws.is_for(bad, "joshua"), bad
    assert not _jws.is_for(good, "joshub")


def test_text_of_any_kind_is_no_signature_and_no_crash() -> None:
    assert not _jws.verify("\ud800é", PAYLOAD, "joshua", SECRET)
