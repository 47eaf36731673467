# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CA bundles as far as joining needs them: their certificates, their pins, and whom they signed."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_PIN = re.compile(r"(?:sha256|SHA256):([0-9a-fA-F]{64})\Z")


def parse_bundle(pem: str, where: str) -> list[Certificate]:
    """The certificates of a PEM text, at least one. Other blocks (keys) are passed over."""
    found = [parse_der(_decode(body, where), where) for body in _BLOCK.findall(pem)]
    if not found:
        raise KubephaseError("there is no PEM certificate in it", where=where)
    return found


def parse_der(der: bytes, where: str) -> Certificate:
    """One certificate from its DER."""
    _certificate.require_library()
    from cryptography import x509

    try:
        certificate: Certificate = x509.load_der_x509_certificate(der, _backend())
        certificate.public_key()
        _certificate.not_before(certificate)
        _certificate.not_after(certificate)
    except Exception as error:  # the library's parsers have no common base class
        raise KubephaseError(f"a certificate in it cannot be read ({type(error).__name__})", where=where) from None
    return certificate


def bundle_pem(certificates: Sequence[Certificate]) -> str:
    """The same certificates as clean PEM, without whatever else stood around them."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


def parse_pins(pins: Sequence[str], where: str) -> list[str]:
    """Pins in one spelling, ``sha256:`` and lower-case hex."""
    parsed = []
    for pin in pins:
        match = _PIN.match(pin)
        if not match:
            raise KubephaseError("not the hash of a CA", where=where, value=pin, accepted="sha256: and 64 hex digits")
        parsed.append("sha256:" + match.group(1).lower())
    return parsed


def pins_of(certificates: Sequence[Certificate]) -> list[str]:
    return [_certificate.pin(certificate) for certificate in certificates]


def any_pinned(certificates: Sequence[Certificate], pins: Sequence[str]) -> bool:
    """Whether any certificate matches any pin. Takes the same time wherever they differ."""
    found = [hmac.compare_digest(have, want) for have in pins_of(certificates) for want in pins]
    return any(found)


def issued_by(certificate: Certificate, issuers: Sequence[Certificate]) -> bool:
    """Whether one of ``issuers`` signed the certificate."""
    return any(_certificate.is_signed(certificate, issuer) for issuer in issuers)


def common_name(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _decode(body: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise KubephaseError("a PEM block in it is not base64", where=where) from None


def _backend() -> Any:
    from cryptography.hazmat.backends import default_backend

    return default_backend()
