# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one X.509 certificate says, and whether the library that reads it is there. Never looks at a private key."""

from __future__ import annotations

import hashlib
import inspect
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def library_is_there() -> bool:
    return find_spec("cryptography") is not None


def require_library() -> None:
    """Certificates need the host's own ``cryptography``; nothing is taken from pip."""
    if not library_is_there():
        raise KubephaseError(
            "the Python library cryptography is missing on the host",
            accepted="3.4.8 or newer",
            hint="Install the distribution's package python3-cryptography",
        )


def takes(function: Callable[..., Any], parameter: str) -> bool:
    """Whether the library's ``function`` has ``parameter``, which depends on its version."""
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def not_before(certificate: Certificate) -> datetime:
    return _moment(certificate, "not_valid_before")


def not_after(certificate: Certificate) -> datetime:
    return _moment(certificate, "not_valid_after")


def stamp(moment: datetime) -> str:
    """A moment in UTC as Kubernetes writes it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def fingerprint(certificate: Certificate) -> str:
    """The SHA-256 of the whole certificate, in hex."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def public_der(certificate: Certificate) -> bytes:
    """The certificate's SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pin(certificate: Certificate) -> str:
    """The pin of a CA, as ``kubeadm join --discovery-token-ca-cert-hash`` takes it."""
    return "sha256:" + hashlib.sha256(public_der(certificate)).hexdigest()


def is_signed(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``issuer`` signed the certificate, by name and by signature."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    if certificate.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    signed = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        algorithm = certificate.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(*signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(*signed, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(*signed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _moment(certificate: Certificate, name: str) -> datetime:
    # distributions carry versions of the library that only have the naive property
    aware = getattr(certificate, name + "_utc", None)
    moment: datetime = aware or getattr(certificate, name).replace(tzinfo=timezone.utc)
    return moment
