# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign the requests of control plane hosts, where the authority's key is: with a key file, or with a command.

A command reaches what no key file can, such as a key in a hardware module or a server that signs. Whatever it answers is
held against the request before it goes anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    certificates,
    judging,
    keys,
    outline,
    requests,
    signing_command,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

if TYPE_CHECKING:
    from cryptography import x509

_USAGES = ("serverAuth", "clientAuth")


@dataclass(frozen=True)
class Authority:
    """An authority that can sign here: with ``key_path``, or with ``command``."""

    name: str
    certificate_path: str = ""
    key_path: str = ""
    passphrase: str = field(default="", repr=False)
    command: tuple[str, ...] = ()
    timeout: float = 60.0


@dataclass(frozen=True)
class Waiting:
    """A request as the modules ``pki`` and ``kubeconfig`` report it."""

    name: str
    authority: str
    csr: str
    usages: tuple[str, ...]
    validity: timedelta
    authority_certificate: str = ""


def sign(waiting: Sequence[Waiting], authorities: Sequence[Authority], check_mode: bool) -> dict[str, Any]:
    """Sign every request whose authority is among ``authorities``; the others stay waiting.

    :returns: the result of the module ``certificate_signing``.
    """
    _certificate.require_library()
    now = datetime.now(timezone.utc)
    by_name = {authority.name: _Signer(authority, now) for authority in authorities}
    errors: list[KubephaseError] = []
    answers: list[tuple[str, list[x509.Certificate]]] = []
    diff: list[dict[str, str]] = []
    for request in waiting:
        signer = by_name.get(request.authority)
        if signer is None:
            continue
        try:
            if check_mode and not request.csr:
                # the key is made in the run that is not a rehearsal
                diff.append(outline.file_diff(request.name, "", f"signed by: {request.authority}\n"))
                continue
            profile, chain = signer.sign(request, check_mode)
            diff.append(outline.file_diff(request.name, "", _text(request, profile)))
            if chain:
                answers.append((request.name, chain))
        except KubephaseError as error:
            errors.append(error)
    if errors:
        raise KubephaseErrors(errors, "not everything could be signed:" if len(errors) > 1 else "")
    return {
        "changed": bool(diff),
        "signed_certificates": [{"name": name, "certificate": _pem(chain)} for name, chain in answers],
        "certificates": [_facts(name, chain[0]) for name, chain in answers],
        "waiting": [request.name for request in waiting if request.authority not in by_name],
        "diff": diff,
    }


class _Signer:
    """One authority. Its files are read when the first request needs them."""

    def __init__(self, authority: Authority, now: datetime) -> None:
        self._authority = authority
        self._now = now
        self._issuer: certificates.Issuer | None = None

    def sign(self, request: Waiting, check_mode: bool) -> tuple[Profile, list[x509.Certificate]]:
        """The request's profile and its certificate, first of a chain; no certificate in check mode."""
        where = f"requests ({request.name})"
        csr = requests.load(request.csr.encode(), where)
        profile = _profile(csr, request, where)
        authority = self._certificate(request, where)
        if self._authority.command:
            signing_command.check(self._authority.command, f"authorities ({self._authority.name}).command")
            if check_mode:
                return profile, []
            job = signing_command.Job(request.name, self._authority.name, request.csr, profile, request.validity)
            answer = signing_command.run(self._authority.command, job, self._now, self._authority.timeout)
            chain = certificates.load_chain(answer, f"authorities ({self._authority.name}).command: its answer")
        else:
            issuer = self._key(authority)
            when = certificates.period(self._now, request.validity)
            chain = [certificates.issue(profile, requests.public_key(csr), issuer, when)]
        public = requests.public_der(csr)
        judge_now = datetime.now(timezone.utc)
        requests.judge(chain, profile, public, authority, judge_now, where, request.validity)
        return profile, [] if check_mode else chain

    def _certificate(self, request: Waiting, where: str) -> x509.Certificate:
        """The authority as the signer knows it and as the host knows it, which have to be one."""
        path = self._authority.certificate_path
        own = None
        if path:
            data = _atomic_file.read(path)
            if data is None:
                raise KubephaseError("the certificate of the certificate authority is missing", where=path)
            own = certificates.load_chain(data, path)[0]
        if request.authority_certificate:
            hosts = certificates.load_chain(request.authority_certificate.encode(), where)[0]
            if own is not None and own != hosts:
                raise KubephaseError(
                    "the host trusts another certificate authority",
                    where=where,
                    value=f"SHA-256 {_certificate.fingerprint(hosts)[:16]}…",
                    accepted=f"{path}, SHA-256 {_certificate.fingerprint(own)[:16]}…",
                )
            own = hosts
        if own is None:
            raise KubephaseError(
                "the certificate of the certificate authority is not known",
                where=f"authorities ({self._authority.name}).certificate",
                accepted="a path, where the request does not bring the certificate",
            )
        judging.authority(own, path or where, self._now)
        return own

    def _key(self, authority: x509.Certificate) -> certificates.Issuer:
        if self._issuer is None:
            path = self._authority.key_path
            if not path:
                raise KubephaseError(
                    "nothing to sign with",
                    where=f"authorities ({self._authority.name})",
                    accepted="key, the path of the authority's key, or command",
                )
            data = _atomic_file.read(path)
            if data is None:
                raise KubephaseError("the key of the certificate authority is missing", where=path)
            key = keys.load(data, path, self._authority.passphrase)
            judging.key_fits(authority, key, f"the certificate of {self._authority.name}", path)
            self._issuer = certificates.Issuer(authority, key)
        return self._issuer


def _profile(csr: x509.CertificateSigningRequest, request: Waiting, where: str) -> Profile:
    unknown = [usage for usage in request.usages if usage not in _USAGES]
    if unknown or not request.usages:
        raise KubephaseError(
            "not a usage of the cluster's certificates",
            where=f"{where}.usages",
            value=", ".join(unknown) or None,
            accepted=", ".join(_USAGES),
        )
    return certificates.requested_profile(
        csr, server="serverAuth" in request.usages, client="clientAuth" in request.usages
    )


def _pem(chain: list[x509.Certificate]) -> str:
    return b"".join(certificates.pem(item) for item in chain).decode("ascii")


def _facts(name: str, certificate: x509.Certificate) -> dict[str, str]:
    return {
        "name": name,
        "subject": certificates.name_text(certificate.subject),
        "issuer": certificates.name_text(certificate.issuer),
        "not_after": _certificate.stamp(_certificate.not_after(certificate)),
        "fingerprint": "sha256:" + _certificate.fingerprint(certificate),
    }


def _text(request: Waiting, profile: Profile) -> str:
    names = profile.names.texts()
    lines = [f"subject: {profile.subject()}"] + ([f"names: {', '.join(names)}"] if names else [])
    lines += [f"usages: {', '.join(request.usages)}", f"signed by: {request.authority}"]
    return "".join(f"{line}\n" for line in lines)
