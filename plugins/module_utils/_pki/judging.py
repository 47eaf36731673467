# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate on disk agrees with its key, its authority, the clock and the configuration.

A file that agrees is kept. One that contradicts is the user's, and an error that names the file and what to do; nothing is
written then. The exceptions are those where nothing of the user's can be lost, because the authority is the host's own and
signs again: a name the configuration has newly, a key without its certificate, a certificate without its key.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Entry

if TYPE_CHECKING:
    from cryptography import x509

NOTHING_CHANGED = "Nothing was changed."


def key_fits(certificate: x509.Certificate, key: keys.PrivateKey, where: str, key_path: str) -> None:
    """The key is the certificate's."""
    if _certificate.public_der(certificate) != keys.public_der(key.public_key()):
        raise KubephaseError(
            f"the certificate does not belong to the key {key_path}",
            where=where,
            hint=f"{NOTHING_CHANGED} Restore the two files that belong together, or remove both to have them made anew",
        )


def started(certificate: x509.Certificate, where: str, now: datetime) -> None:
    """The certificate is valid already; otherwise the clock of this host or of the one that made it is wrong."""
    start = _certificate.not_before(certificate)
    if now < start:
        raise KubephaseError(
            "the certificate is not valid yet",
            where=where,
            value=f"notBefore {_certificate.stamp(start)}",
            accepted=f"not later than this host's time {_certificate.stamp(now)}",
            hint=f"{NOTHING_CHANGED} Set the clock of this host, or of the host that made the certificate",
        )


def authority(certificate: x509.Certificate, where: str, now: datetime) -> None:
    """An authority's certificate may sign and is within its time."""
    if not certificates.is_authority(certificate):
        raise KubephaseError(
            "the certificate is not that of a certificate authority",
            where=where,
            value=certificates.name_text(certificate.subject),
            accepted="basic constraint CA:TRUE",
            hint=f"{NOTHING_CHANGED} Restore the authority's certificate, or remove it with its key to have a new authority",
        )
    started(certificate, where, now)
    if now > _certificate.not_after(certificate):
        raise KubephaseError(
            "the certificate authority has expired",
            where=where,
            value=f"notAfter {_certificate.stamp(_certificate.not_after(certificate))}",
            accepted=f"later than this host's time {_certificate.stamp(now)}",
            hint=f"{NOTHING_CHANGED} Everything it signed is void too; replace the authority",
        )


def same_authority(present: x509.Certificate, given: x509.Certificate, where: str) -> None:
    """The host trusts the authority that it is to trust."""
    if present != given:
        raise KubephaseError(
            "the host has another certificate authority",
            where=where,
            value=f"{certificates.name_text(present.subject)}, SHA-256 {_certificate.fingerprint(present)[:16]}…",
            accepted=f"{certificates.name_text(given.subject)}, SHA-256 {_certificate.fingerprint(given)[:16]}…",
            hint=f"{NOTHING_CHANGED} If the host belonged to something else, reset it, or remove the files of that authority",
        )


def signed_by(chain: list[x509.Certificate], where: str, issuer: x509.Certificate | None, issuer_path: str) -> None:
    """The certificate comes from the authority beside it."""
    if issuer is None:
        raise KubephaseError(
            f"there is a certificate, but its authority {issuer_path} is missing",
            where=where,
            value=f"issuer {certificates.name_text(chain[0].issuer)}",
            hint=f"{NOTHING_CHANGED} Restore the authority's certificate and key, or remove the certificates it signed",
        )
    if not certificates.is_signed_by(chain, issuer):
        raise KubephaseError(
            "the certificate is from another authority",
            where=where,
            value=f"issuer {certificates.name_text(chain[0].issuer)}",
            accepted=f"signed by {issuer_path} ({certificates.name_text(issuer.subject)}, SHA-256 "
            f"{_certificate.fingerprint(issuer)[:16]}…)",
            hint=f"{NOTHING_CHANGED} Restore the authority that signed it, or remove the certificate and its key to have them "
            "made anew",
        )


def usages(certificate: x509.Certificate, entry: Entry) -> None:
    """The certificate may be used for what it is for."""
    client = entry.profile.client and entry.needs_client
    if not certificates.allows(certificate, server=entry.profile.server, client=client):
        wanted = ["serverAuth"] * entry.profile.server + ["clientAuth"] * client
        raise KubephaseError(
            "the certificate's extended key usage does not allow its use",
            where=entry.certificate_path,
            accepted=", ".join(wanted),
            hint=f"{NOTHING_CHANGED} Replace the certificate, or remove it and its key to have them made anew",
        )


def expired(where: str, end: datetime, now: datetime, option: str) -> KubephaseError:
    return KubephaseError(
        "the certificate has expired",
        where=where,
        value=f"notAfter {_certificate.stamp(end)}",
        accepted=f"later than this host's time {_certificate.stamp(now)}",
        hint=f"{NOTHING_CHANGED} Set {option} (for example 720h) to have certificates renewed that expire within that time",
    )


def cannot_sign(entry: Entry, why: str, key_path: str) -> KubephaseError:
    return KubephaseError(
        f"{why}, and there is no key {key_path} to sign it with",
        where=entry.certificate_path,
        hint=f"{NOTHING_CHANGED} Put the certificate and its key in place, or the authority's key",
    )


def not_shared(path: str) -> KubephaseError:
    return KubephaseError(
        "the control planes of a cluster share this file, and it is missing on a host that joins",
        where=path,
        hint=f"{NOTHING_CHANGED} Copy it from another control plane, or name certificateKey to have it downloaded",
    )
