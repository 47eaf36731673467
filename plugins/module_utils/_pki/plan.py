# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to a host's tree, decided before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _certificate,
    _control_plane_users,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    certificates,
    judging,
    keys,
    reading,
    requests,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import (
    Entry,
    Family,
    Settings,
    families,
    service_account_paths,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.reading import Found

if TYPE_CHECKING:
    from cryptography import x509

KEPT, CREATED, REISSUED, RENEWED = "kept", "created", "reissued", "renewed"
REQUESTED, INSTALLED, ABSENT = "requested", "installed", "absent"
RENEW_OPTION = "pki_renew_before"

_Result = TypeVar("_Result")


@dataclass
class Step:
    """What happens to one certificate.

    ``key`` and ``certificate`` are what it will have; None until they are made. ``new_key`` says that the key has to be
    written too. ``request`` is what waits for an authority whose key is elsewhere, ``write_request`` that it has to be
    written. ``chain`` is the answer that came back.
    """

    entry: Entry
    action: str
    profile: Profile
    reason: str = ""
    before: x509.Certificate | None = None
    key: keys.PrivateKey | None = None
    certificate: x509.Certificate | None = None
    new_key: bool = False
    request: bytes | None = None
    write_request: bool = False
    chain: list[x509.Certificate] = field(default_factory=list)

    def changes(self) -> bool:
        if self.action == REQUESTED:
            return self.new_key or self.write_request
        return self.action not in (KEPT, ABSENT)


@dataclass
class ServiceAccount:
    """The pair that signs service account tokens."""

    key_path: str
    public_path: str
    action: str = KEPT
    key: keys.PrivateKey | None = None
    write_key: bool = False
    write_public: bool = False


@dataclass
class Plan:
    """Everything a run does, in order."""

    steps: list[tuple[Step, list[Step]]]
    service_account: ServiceAccount | None
    modes: list[tuple[str, int, int]] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    def all_steps(self) -> list[Step]:
        return [step for step in _flat(self.steps) if step.action != ABSENT]

    def changes(self) -> bool:
        return bool(
            self.modes
            or self.leftovers
            or (self.service_account is not None and self.service_account.action != KEPT)
            or any(step.changes() for step in self.all_steps())
        )


def make_plan(settings: Settings, now: datetime) -> Plan:
    """Compare the host with ``settings``. All contradictions are reported together."""
    errors: list[KubephaseError] = []
    wanted = families(settings)
    found = _read_all(wanted, errors)
    steps = []
    for family in wanted:
        if any(entry.name not in found for entry in [family.authority, *family.leaves]):
            continue
        authority = _collect(errors, _authority, found[family.authority.name], family, settings, now)
        if authority is None:
            continue
        issuer = _Issuer(family, authority, settings, now)
        leaves = [_collect(errors, issuer.leaf, found[entry.name]) for entry in family.leaves]
        steps.append((authority, [leaf for leaf in leaves if leaf is not None]))
    service_account = _collect(errors, _service_account, settings) if _has_service_account(settings) else None
    if errors:
        raise KubephaseErrors(
            errors, "the certificates on the host contradict the configuration:" if len(errors) > 1 else ""
        )
    allowed = [(path, mode) for step in _flat(steps) for path, mode in _files(step.entry)]
    if service_account is not None:
        rootless = _control_plane_users.reads_account_key(service_account.key_path)
        allowed.append(
            (service_account.key_path, _control_plane_users.ACCOUNT_KEY_MODE if rootless else reading.KEY_MODE)
        )
        allowed.append((service_account.public_path, reading.CERTIFICATE_MODE))
    beside = [(step.entry.request_path, 0) for step in _flat(steps)]
    return Plan(
        steps,
        service_account,
        reading.excess_modes(allowed),
        reading.leftovers(path for path, _mode in [*allowed, *beside]),
    )


def _authority(found: Found, family: Family, settings: Settings, now: datetime) -> Step:
    entry = found.entry
    given = certificates.load_chain(family.certificate.encode(), entry.name)[0] if family.certificate else None
    if found.certificate is not None:
        judging.authority(found.certificate, entry.certificate_path, now)
        if found.key is not None:
            judging.key_fits(found.certificate, found.key, entry.certificate_path, entry.key_path)
        if given is not None:
            judging.same_authority(found.certificate, given, entry.certificate_path)
        return Step(entry, KEPT, entry.profile, before=found.certificate, key=found.key, certificate=found.certificate)
    if given is not None:
        judging.authority(given, entry.name, now)
        if found.key is not None:
            judging.key_fits(given, found.key, entry.name, entry.key_path)
        return Step(entry, INSTALLED, entry.profile, "its key is elsewhere", key=found.key, certificate=given)
    if settings.joins:
        raise judging.not_shared(entry.certificate_path)
    if not family.creates_authority:
        return Step(entry, ABSENT, entry.profile)
    step = Step(entry, CREATED, entry.profile, key=found.key, new_key=found.key is None)
    if found.key is not None:
        # a run died between key and certificate; what this key has signed stays valid under a new certificate
        step.reason = "its key is there, its certificate is missing"
        when = certificates.period(now, settings.ca_validity)
        step.certificate = certificates.self_signed(entry.profile, found.key, when, settings.minor)
    return step


class _Issuer:
    """Judges the leaves of one authority."""

    def __init__(self, family: Family, authority: Step, settings: Settings, now: datetime) -> None:
        self._entry = family.authority
        self._certificate = authority.certificate
        self._can_sign = (authority.key is not None or authority.new_key) and not settings.request_only
        self._can_ask = authority.action in (KEPT, INSTALLED) or settings.request_only
        self._settings = settings
        self._now = now

    def leaf(self, found: Found) -> Step:
        entry = found.entry
        if found.certificate is None:
            return self._new(found)
        if self._settings.request_only:
            return self._kept(found)
        judging.signed_by(found.chain, entry.certificate_path, self._certificate, self._entry.certificate_path)
        judging.started(found.certificate, entry.certificate_path, self._now)
        if found.key is None:
            return self._again(found, REISSUED, "its key is missing", entry.profile)
        judging.key_fits(found.certificate, found.key, entry.certificate_path, entry.key_path)
        judging.usages(found.certificate, entry)
        missing = entry.profile.names.missing_in(certificates.alternative_names(found.certificate))
        if missing:
            why = "it lacks " + ", ".join(missing)
            if not self._can_sign:
                return self._ask(found, why, entry.profile)
            step = self._again(found, REISSUED, why, entry.profile)
            step.key, step.new_key = found.key, False
            return step
        renew_before, end = self._settings.renew_before, _certificate.not_after(found.certificate)
        if renew_before is not None and end - self._now < renew_before:
            profile = certificates.profile_of(found.certificate)
            why = f"it expires {_certificate.stamp(end)}"
            return self._again(found, RENEWED, why, profile) if self._can_sign else self._ask(found, why, profile)
        if self._now > end:
            raise judging.expired(entry.certificate_path, end, self._now, RENEW_OPTION)
        if found.interrupted:
            step = Step(entry, RENEWED, entry.profile, "an interrupted renewal is finished", key=found.key)
            step.certificate = found.certificate
            return step
        return self._kept(found)

    def _kept(self, found: Found) -> Step:
        certificate = found.certificate
        return Step(found.entry, KEPT, found.entry.profile, before=certificate, key=found.key, certificate=certificate)

    def _new(self, found: Found) -> Step:
        if not self._can_sign:
            return self._ask(found, "the certificate is missing", found.entry.profile)
        reason = "its key is there, its certificate is missing" if found.key is not None else ""
        return Step(found.entry, CREATED, found.entry.profile, reason, key=found.key, new_key=found.key is None)

    def _ask(self, found: Found, why: str, profile: Profile) -> Step:
        """The authority's key is elsewhere: take the answer where there is one, else leave a request.

        The key stays in any case, so that the certificate that is there serves until the answer comes.
        """
        entry = found.entry
        if not self._can_ask:
            raise judging.cannot_sign(entry, why, self._entry.key_path)
        step = Step(entry, REQUESTED, profile, why, before=found.certificate, certificate=found.certificate)
        step.key, step.new_key = found.key, found.key is None
        answer = self._settings.signed.get(entry.name)
        if answer is not None and self._certificate is not None:
            step.chain = self._judged(answer, step)
            step.action, step.certificate = INSTALLED, step.chain[0]
        elif found.key is not None:
            present = _atomic_file.read(entry.request_path)
            step.write_request = not requests.asks_for(present, profile, found.key)
            step.request = requests.make(profile, found.key) if step.write_request else present
        else:
            step.write_request = True
        return step

    def _judged(self, answer: str, step: Step) -> list[x509.Certificate]:
        where = f"signed_certificates ({step.entry.name})"
        chain = certificates.load_chain(answer.encode(), where)
        if step.key is None or self._certificate is None:
            raise KubephaseError(
                "the key that the certificate is for is missing",
                where=step.entry.key_path,
                hint=judging.NOTHING_CHANGED,
            )
        public = keys.public_der(step.key.public_key())
        requests.judge(chain, step.profile, public, self._certificate, self._now, where)
        return chain

    def _again(self, found: Found, action: str, reason: str, profile: Profile) -> Step:
        if not self._can_sign:
            raise judging.cannot_sign(found.entry, reason, self._entry.key_path)
        return Step(found.entry, action, profile, reason, before=found.certificate, new_key=True)


def _has_service_account(settings: Settings) -> bool:
    return settings.service_account and not settings.request_only and not settings.skips("sa")


def _service_account(settings: Settings) -> ServiceAccount:
    pair = ServiceAccount(*service_account_paths(settings))
    key, public = _atomic_file.read(pair.key_path), _atomic_file.read(pair.public_path)
    if settings.joins and (key is None or public is None):
        raise judging.not_shared(pair.key_path if key is None else pair.public_path)
    if key is None:
        if public is not None:
            raise KubephaseError(
                "the key that signs service account tokens is missing",
                where=pair.key_path,
                hint=f"{judging.NOTHING_CHANGED} Restore it, or remove {pair.public_path} to have a new pair, which voids all tokens",
            )
        pair.action, pair.write_key, pair.write_public = CREATED, True, True
        return pair
    pair.key = keys.load(key, pair.key_path)
    if public is None:
        pair.action, pair.write_public = CREATED, True
    elif keys.public_der(pair.key.public_key()) not in keys.public_ders_in(public):
        raise KubephaseError(
            f"does not hold the public key of {pair.key_path}",
            where=pair.public_path,
            hint=f"{judging.NOTHING_CHANGED} Restore the pair, or remove {pair.public_path} to have it written from the key",
        )
    return pair


def _read_all(wanted: tuple[Family, ...], errors: list[KubephaseError]) -> dict[str, Found]:
    """Read every entry. Checking an RSA key takes long, so all processors share the work."""
    entries = [entry for family in wanted for entry in [family.authority, *family.leaves]]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = list(pool.map(_read, entries))
    errors.extend(result for result in results if isinstance(result, KubephaseError))
    return {result.entry.name: result for result in results if isinstance(result, Found)}


def _read(entry: Entry) -> Found | KubephaseError:
    try:
        return reading.read(entry)
    except KubephaseError as error:
        return error


def _files(entry: Entry) -> list[tuple[str, int]]:
    return [(entry.certificate_path, reading.CERTIFICATE_MODE), (entry.key_path, reading.KEY_MODE)]


def _flat(steps: list[tuple[Step, list[Step]]]) -> list[Step]:
    return [step for authority, leaves in steps for step in [authority, *leaves]]


def _collect(errors: list[KubephaseError], judge: Callable[..., _Result], *about: Any) -> _Result | None:
    try:
        return judge(*about)
    except KubephaseError as error:
        errors.append(error)
        return None
