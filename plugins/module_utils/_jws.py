# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached JSON Web Signatures (HS256) by which a cluster shows that it knows a bootstrap token's secret.

A detached signature is ``HEADER..MAC``: the payload, which travels beside it, is left out of the middle.
"""

from __future__ import annotations

import base64
import hashlib
import hmac


def sign(payload: bytes, token_id: str, secret: str) -> str:
    """The detached signature of ``payload`` that a cluster which knows the token would give."""
    header = _header(token_id)
    signed = f"{header}.{_encode(payload)}".encode("ascii")
    mac = hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).digest()
    return f"{header}..{_encode(mac)}"


def is_for(signature: str, token_id: str) -> bool:
    """Whether this is a detached HS256 signature for that token ID at all, whatever secret made it.

    One that is not was never made by a cluster: another algorithm (``none``), another key's ID, a payload of its own.
    """
    header, separator, mac = signature.partition("..")
    return header == _header(token_id) and separator == ".." and "." not in mac and len(mac) == len(_encode(bytes(32)))


def verify(signature: str, payload: bytes, token_id: str, secret: str) -> bool:
    """Whether ``signature`` was made over ``payload`` with this token. Takes the same time wherever the two differ."""
    expected = sign(payload, token_id, secret)
    return hmac.compare_digest(expected.encode("utf-8"), signature.encode("utf-8", "surrogatepass"))


def _header(token_id: str) -> str:
    # the text is compared with what Go wrote: this order of keys and no blanks
    return _encode(f'{{"alg":"HS256","kid":"{token_id}"}}'.encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
