# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSA keys made by GnuTLS, where it is there and the library's OpenSSL is slow.

OpenSSL 3 takes four times as long as others for an RSA key, several seconds for a control plane's tree. GnuTLS is on every
distribution that the collection supports, the package tools need it. It only makes the key; who uses it checks it, and
falls back to OpenSSL where anything is amiss.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

_LIBRARY = "libgnutls.so.30"
_RSA = 1
_PEM = 1


class _Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


def private_pem(bits: int) -> bytes | None:
    """A new key of ``bits`` bits in PEM (PKCS#1), or None where GnuTLS cannot make one."""
    library = _library()
    if library is None:
        return None
    key, text = ctypes.c_void_p(), _Datum()
    if library.gnutls_x509_privkey_init(ctypes.byref(key)) != 0:
        return None
    try:
        if library.gnutls_x509_privkey_generate(key, _RSA, ctypes.c_uint(bits), ctypes.c_uint(0)) != 0:
            return None
        if library.gnutls_x509_privkey_export2(key, _PEM, ctypes.byref(text)) != 0 or not text.data:
            return None
        pem = ctypes.string_at(text.data, text.size)
        ctypes.memset(text.data, 0, text.size)
        _free(library, text.data)
        return pem
    finally:
        library.gnutls_x509_privkey_deinit(key)


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        library = ctypes.CDLL(_LIBRARY)
        for name in ("init", "generate", "export2", "deinit"):
            getattr(library, f"gnutls_x509_privkey_{name}")
        ctypes.c_void_p.in_dll(library, "gnutls_free")
    except (OSError, AttributeError, ValueError):
        return None
    library.gnutls_x509_privkey_deinit.argtypes = [ctypes.c_void_p]
    library.gnutls_x509_privkey_deinit.restype = None
    return library


def _free(library: Any, address: int) -> None:
    # gnutls_free is a variable that holds the function
    release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(ctypes.c_void_p.in_dll(library, "gnutls_free").value or 0)
    release(address)
