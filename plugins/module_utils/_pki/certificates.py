# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in exactly the shape Go gives those of kubeadm: made, read, and checked against their authority."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.sans import AlternativeNames

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.name import _ASN1Type
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    # _certificate.require_library says so before anything here is called
    pass

BACKDATE = timedelta(minutes=5)
"""How far a new certificate reaches back, so that hosts whose clocks differ a little accept it at once."""

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*\Z")
_MAX_CHAIN = 8


@dataclass(frozen=True)
class Issuer:
    """A certificate authority that can sign."""

    certificate: x509.Certificate
    key: keys.PrivateKey


@dataclass(frozen=True)
class Period:
    """From when to when a certificate holds."""

    start: datetime
    end: datetime


def period(now: datetime, validity: timedelta, start: datetime | None = None) -> Period:
    """From five minutes ago, or ``start``, until ``validity`` from now."""
    return Period((start or now - BACKDATE).replace(microsecond=0), (now + validity).replace(microsecond=0))


def self_signed(profile: Profile, key: keys.PrivateKey, when: Period, minor: int) -> x509.Certificate:
    """An authority's certificate. The key identifier's hash follows the Go version that Kubernetes 1.``minor`` is built with."""
    identifier = x509.SubjectKeyIdentifier(_key_identifier(key.public_key(), minor))
    name = subject_name(profile)
    builder = _builder(profile, name, name, key.public_key(), when)
    builder = builder.add_extension(identifier, critical=False)
    return _names(builder, profile).sign(key, hash_for(key))


def issue(profile: Profile, key: keys.PublicKey, issuer: Issuer, when: Period) -> x509.Certificate:
    """A leaf certificate for ``key``."""
    name = subject_name(profile)
    builder = _builder(profile, name, issuer.certificate.subject, key, when)
    identifier = _extension(issuer.certificate, x509.SubjectKeyIdentifier)
    if identifier is not None and name != issuer.certificate.subject:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
    return _names(builder, profile).sign(issuer.key, hash_for(issuer.key))


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def load_chain(data: bytes, path: str) -> list[x509.Certificate]:
    """All certificates of a PEM file; the first is the one the file is about."""
    try:
        found = [x509.load_pem_x509_certificate(block.group(0) + b"\n") for block in _BLOCK.finditer(data)]
    except ValueError:
        found = []
    if not found:
        raise KubephaseError(
            "the certificate is damaged",
            where=path,
            accepted="PEM blocks of type CERTIFICATE",
            hint="Nothing was changed. Restore the file, or remove it to have a new one made",
        )
    return found


def name_text(name: x509.Name) -> str:
    """A subject or issuer as ``openssl`` writes it, in the order of the certificate."""
    short = {NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU"}
    return ", ".join(f"{short.get(item.oid, item.oid.dotted_string)}={item.value!s}" for item in name)


def alternative_names(certificate: x509.Certificate | x509.CertificateSigningRequest) -> AlternativeNames:
    found = _extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return AlternativeNames()
    return AlternativeNames(
        tuple(found.get_values_for_type(x509.DNSName)),
        tuple(str(address) for address in found.get_values_for_type(x509.IPAddress)),
    )


def is_authority(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, x509.BasicConstraints)
    return found is not None and found.ca


def allows(certificate: x509.Certificate, *, server: bool, client: bool) -> bool:
    """Whether the certificate may be used so. One that names no usages may be used for all."""
    found = _extension(certificate, x509.ExtendedKeyUsage)
    if found is None or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in found:
        return True
    return (not server or ExtendedKeyUsageOID.SERVER_AUTH in found) and (
        not client or ExtendedKeyUsageOID.CLIENT_AUTH in found
    )


def extended_usages(certificate: x509.Certificate) -> list[str] | None:
    """What the certificate may be used for, by OpenSSL's names; None where it names no usages."""
    found = _extension(certificate, x509.ExtendedKeyUsage)
    if found is None:
        return None
    names = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}
    return [names.get(oid, oid.dotted_string) for oid in found]


def profile_of(certificate: x509.Certificate) -> Profile:
    """What a renewal carries over from the old certificate, as kubeadm does."""
    server = allows(certificate, server=True, client=False)
    return _profile(certificate, server, allows(certificate, server=False, client=True))


def requested_profile(request: x509.CertificateSigningRequest, *, server: bool, client: bool) -> Profile:
    """What a request asks for. The usages are told beside it."""
    return _profile(request, server, client)


def _profile(about: x509.Certificate | x509.CertificateSigningRequest, server: bool, client: bool) -> Profile:
    names = [str(item.value) for item in about.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    organizations = about.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Profile(
        common_name=names[-1] if names else "",
        organizations=tuple(str(item.value) for item in organizations),
        server=server,
        client=client,
        names=alternative_names(about),
    )


def is_signed_by(chain: Sequence[x509.Certificate], authority: x509.Certificate) -> bool:
    """Whether the first certificate of ``chain`` leads to ``authority``, over the others of the chain where need be."""
    current = chain[0]
    intermediates = [certificate for certificate in chain[1:] if is_authority(certificate)]
    for _depth in range(_MAX_CHAIN):
        if _certificate.is_signed(current, authority):
            return True
        parents = [certificate for certificate in intermediates if _certificate.is_signed(current, certificate)]
        if not parents:
            return False
        current = parents[0]
        intermediates.remove(current)
    return False


def _builder(
    profile: Profile, subject: x509.Name, issuer: x509.Name, key: keys.PublicKey, when: Period
) -> x509.CertificateBuilder:
    """Everything up to the basic constraints, in Go's order of extensions."""
    builder = (
        x509.CertificateBuilder()
        .serial_number(secrets.randbelow(2**63 - 2) + 1)
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .not_valid_before(when.start)
        .not_valid_after(when.end)
        .add_extension(_key_usage(profile.authority), critical=True)
    )
    usages = [ExtendedKeyUsageOID.SERVER_AUTH] if profile.server else []
    usages += [ExtendedKeyUsageOID.CLIENT_AUTH] if profile.client else []
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.add_extension(x509.BasicConstraints(ca=profile.authority, path_length=None), critical=True)


def _names(builder: x509.CertificateBuilder, profile: Profile) -> x509.CertificateBuilder:
    names = general_names(profile)
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else builder


def general_names(profile: Profile) -> list[x509.GeneralName]:
    """DNS names, then addresses."""
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in profile.names.dns_names]
    return names + [x509.IPAddress(ipaddress.ip_address(address)) for address in profile.names.ip_addresses]


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def subject_name(profile: Profile) -> x509.Name:
    """The subject as Go encodes it: all organizations in one set, then the common name."""
    organizations = [_attribute(NameOID.ORGANIZATION_NAME, value) for value in dict.fromkeys(profile.organizations)]
    parts = [x509.RelativeDistinguishedName(organizations)] if organizations else []
    return x509.Name([*parts, x509.RelativeDistinguishedName([_attribute(NameOID.COMMON_NAME, profile.common_name)])])


def _attribute(oid: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
    """Go takes PrintableString wherever the characters allow it; the library's own choice is UTF8String."""
    kind = _ASN1Type.PrintableString if _PRINTABLE.match(value) else _ASN1Type.UTF8String
    if len(value.encode()) <= 64 or not _certificate.takes(x509.NameAttribute.__init__, "_validate"):
        return x509.NameAttribute(oid, value, _type=kind)
    # Go knows no upper limit, and names of nodes may be longer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.NameAttribute(oid, value, _type=kind, _validate=False)


def _key_identifier(key: keys.PublicKey, minor: int) -> bytes:
    """Go hashes the key's bits with SHA-1 until 1.24 (Kubernetes 1.34), then takes the first 160 bits of their SHA-256."""
    if isinstance(key, rsa.RSAPublicKey):
        bits = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    else:
        bits = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return hashlib.sha1(bits).digest() if minor < 35 else hashlib.sha256(bits).digest()[:20]


def hash_for(key: keys.PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    if isinstance(key, rsa.RSAPrivateKey) or key.curve.key_size <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if key.curve.key_size <= 384 else hashes.SHA512()


def _extension(certificate: x509.Certificate | x509.CertificateSigningRequest, kind: type[x509.ExtensionType]) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError:
        # an extension nobody here asks about can be one the library cannot read
        return None
