# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate signing requests, in the shape of ``kubeadm certs generate-csr``, and whether an answer fits one.

A request carries subject, names and key. Usages and validity are not in it, as with kubeadm; they go beside it to whoever
signs. An answer that says anything else than what was asked for is an error, from the side that signs and on the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, judging, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    # _certificate.require_library says so before anything here is called
    pass

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateSigningRequest

FILE_MODE = 0o600
"""kubeadm writes requests through its writer of keys."""
SLACK = timedelta(minutes=10)
"""By how much the clock of the authority may be ahead."""


@dataclass(frozen=True)
class Request:
    """What waits to be signed, and where the answer is put by hand."""

    name: str
    authority: str
    path: str
    certificate_path: str
    profile: Profile
    pem: bytes
    issuer: Certificate | None
    validity: timedelta

    def facts(self) -> dict[str, Any]:
        """All that is needed to sign it, nothing of it secret."""
        return {
            "name": self.name,
            "authority": self.authority,
            "path": self.path,
            "certificate_path": self.certificate_path,
            "csr": self.pem.decode("ascii"),
            "authority_certificate": certificates.pem(self.issuer).decode("ascii") if self.issuer is not None else "",
            "subject": self.profile.subject(),
            "dns_names": list(self.profile.names.dns_names),
            "ip_addresses": list(self.profile.names.ip_addresses),
            "usages": self.profile.usages(),
            "validity_seconds": int(self.validity.total_seconds()),
        }


def make(profile: Profile, key: keys.PrivateKey) -> bytes:
    """A request as Go makes it: names are its only extension, and one without names has an empty set of attributes."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(certificates.subject_name(profile))
    names = certificates.general_names(profile)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(key, certificates.hash_for(key))
    return request.public_bytes(serialization.Encoding.PEM)


def load(data: bytes, where: str) -> CertificateSigningRequest:
    """Read a request and check that whoever made it has the key."""
    try:
        request = x509.load_pem_x509_csr(data)
        valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise KubephaseError(
            "not a certificate signing request", where=where, accepted="PEM of type CERTIFICATE REQUEST"
        ) from None
    if not valid:
        raise KubephaseError("the request is not signed with the key it is for", where=where)
    public_key(request)
    return request


def public_key(request: CertificateSigningRequest) -> keys.PublicKey:
    """The key to be certified, of a kind that Kubernetes takes."""
    found = request.public_key()
    if not isinstance(found, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise KubephaseError("the request is for a key of an unsupported kind", accepted="RSA or ECDSA")
    return found


def public_der(request: CertificateSigningRequest) -> bytes:
    return keys.public_der(public_key(request))


def asks_for(data: bytes | None, profile: Profile, key: keys.PrivateKey) -> bool:
    """Whether a request that is there already is the one that would be made."""
    if data is None:
        return False
    try:
        request = load(data, "")
    except KubephaseError:
        return False
    return (
        public_der(request) == keys.public_der(key.public_key())
        and request.subject == certificates.subject_name(profile)
        and certificates.alternative_names(request) == profile.names
    )


def judge(
    chain: list[Certificate],
    profile: Profile,
    key: bytes,
    issuer: Certificate,
    now: datetime,
    where: str,
    validity: timedelta | None = None,
) -> None:
    """The first certificate of ``chain`` is the answer to a request for ``profile`` and the public key ``key``.

    :param validity: what was asked for; None where the user put the certificate there, who may have decided otherwise.
    """
    answer = chain[0]
    if _certificate.public_der(answer) != key:
        raise _unfit("it is for another key", where)
    if _parts(answer.subject) != _parts(certificates.subject_name(profile)):
        raise _unfit("it has another subject", where, certificates.name_text(answer.subject), profile.subject())
    if not certificates.is_signed_by(chain, issuer):
        raise _unfit(
            "it is from another authority",
            where,
            f"issuer {certificates.name_text(answer.issuer)}",
            f"signed by {certificates.name_text(issuer.subject)}, SHA-256 {_certificate.fingerprint(issuer)[:16]}…",
        )
    names = certificates.alternative_names(answer)
    wanted = profile.names
    missing, more = wanted.missing_in(names), names.missing_in(wanted)
    if missing or more:
        problem = f"it lacks {', '.join(missing)}" if missing else f"it is also for {', '.join(more)}"
        raise _unfit(problem, where, ", ".join(names.texts()) or "no names", ", ".join(wanted.texts()) or "no names")
    _judge_usages(answer, profile, where)
    _judge_time(answer, now, validity, where)


def _judge_usages(answer: Certificate, profile: Profile, where: str) -> None:
    if certificates.is_authority(answer):
        raise _unfit("it is one of a certificate authority", where)
    found = certificates.extended_usages(answer)
    if found is not None and sorted(found) == sorted(profile.usages()):
        return
    shown = "any" if found is None else ", ".join(found) or "none"
    raise _unfit("its extended key usage is not the one asked for", where, shown, ", ".join(profile.usages()))


def _judge_time(answer: Certificate, now: datetime, validity: timedelta | None, where: str) -> None:
    judging.started(answer, where, now)
    end = _certificate.not_after(answer)
    if end <= now:
        raise _unfit("it has expired", where, f"notAfter {_certificate.stamp(end)}")
    if validity is not None and end > now + validity + SLACK:
        raise _unfit(
            "it is valid for longer than asked",
            where,
            f"notAfter {_certificate.stamp(end)}",
            f"not later than {_certificate.stamp(now + validity)}",
        )


def _parts(name: x509.Name) -> list[tuple[str, str]]:
    """A subject whatever the encoding and the grouping of its parts, which authorities choose for themselves."""
    return sorted((item.oid.dotted_string, str(item.value)) for item in name)


def _unfit(problem: str, where: str, value: str | None = None, accepted: str = "") -> KubephaseError:
    return KubephaseError(
        f"the certificate does not answer the request: {problem}",
        where=where,
        value=value,
        accepted=accepted,
        hint=f"{judging.NOTHING_CHANGED} Have the request signed as it asks",
    )
