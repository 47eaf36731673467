# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs with client certificates, compared with what is there and brought to it.

A kubeconfig for the same authority is kept, whoever wrote it. Only its ``server`` follows the configuration, and its client
certificate is renewed where that is asked for. One for another authority is an error.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._kubeconfig import Kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    certificates,
    client_files,
    judging,
    keys,
    outline,
    reading,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    report as tree_report,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Settings, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

if TYPE_CHECKING:
    from cryptography import x509

KEPT, CREATED, UPDATED, RENEWED = "kept", "created", "updated", "renewed"
FILE_MODE = 0o600
RENEW_OPTION = "kubeconfig_renew_before"
NODE_PREFIX = "system:node:"


@dataclass
class Step:
    """What happens to one kubeconfig. ``mapping`` is its content; a new client certificate is filled in when it is made."""

    wanted: Wanted
    action: str = KEPT
    reason: str = ""
    mapping: dict[str, Any] = field(default_factory=dict)
    found: Kubeconfig | None = None
    before: x509.Certificate | None = None
    certificate: x509.Certificate | None = None
    profile: Profile | None = None
    """The client certificate to make; None where the present one stays."""


@dataclass
class Plan:
    """Everything a run does."""

    steps: list[Step]
    authority: x509.Certificate | None
    key: keys.PrivateKey | None
    modes: list[tuple[str, int, int]]
    leftovers: list[str]


def make_plan(settings: Settings, now: datetime, check_mode: bool) -> Plan:
    """Compare the files with ``settings``. All contradictions are reported together."""
    authority = _authority(settings, now, check_mode)
    errors: list[KubephaseError] = []
    steps: list[Step] = []
    for wanted in settings.files:
        try:
            steps.append(_Judge(settings, authority, now).step(wanted))
        except KubephaseError as error:
            errors.append(error)
    key_data = _atomic_file.read(settings.ca_key_path)
    key = None
    if key_data is not None and any(step.profile is not None for step in steps):
        key = keys.load(key_data, settings.ca_key_path)
        if authority is not None:
            judging.key_fits(authority, key, settings.ca_path, settings.ca_key_path)
    if key_data is None and not _authority_will_be_made(authority, check_mode):
        errors += [_cannot_make(step, settings) for step in steps if step.profile is not None]
    if errors:
        raise KubephaseErrors(
            errors, "the kubeconfigs on the host contradict the configuration:" if len(errors) > 1 else ""
        )
    paths = [wanted.path for wanted in settings.files]
    modes = reading.excess_modes((path, FILE_MODE) for path in paths)
    return Plan(steps, authority, key, modes, reading.leftovers(paths))


def write(plan: Plan, settings: Settings, now: datetime) -> None:
    """Bring the host to the plan. Each file is replaced in one step, so a run may die anywhere."""
    _make(plan, settings, now)
    for path, _mode, allowed in plan.modes:
        os.chmod(path, allowed)
    for step in plan.steps:
        if step.action != KEPT:
            _atomic_file.make_directory(os.path.dirname(step.wanted.path), 0o755)
            _atomic_file.write(step.wanted.path, _kubeconfig.text(step.mapping), FILE_MODE)
    for path in plan.leftovers:
        os.unlink(path)


def report(plan: Plan, settings: Settings, now: datetime) -> dict[str, Any]:
    """The module's result for ``plan``, whether or not its certificates are made yet."""
    listed, diff = [], []
    issuer = certificates.name_text(plan.authority.subject) if plan.authority is not None else "CN=kubernetes"
    for step in plan.steps:
        before, after = _facts(step, step.found, step.before), _facts_after(step, issuer, now + settings.validity)
        listed.append(after)
        if step.action != KEPT:
            text = client_files.text(after)
            text += "key: new\n" if step.profile is not None else ""
            text += f"reason: {step.reason}\n" if step.reason else ""
            diff.append(outline.file_diff(step.wanted.path, client_files.text(before) if step.found else "", text))
    diff += [
        outline.file_diff(path, f"mode: {mode:04o}\n", f"mode: {allowed:04o}\n") for path, mode, allowed in plan.modes
    ]
    diff += [outline.file_diff(path, "left by an interrupted run\n", "") for path in plan.leftovers]
    changed = bool(plan.modes or plan.leftovers or any(step.action != KEPT for step in plan.steps))
    return {"changed": changed, "files": listed, "diff": diff}


class _Judge:
    """Compares one kubeconfig with what is wanted."""

    def __init__(self, settings: Settings, authority: x509.Certificate | None, now: datetime) -> None:
        self._settings = settings
        self._authority = authority
        self._now = now

    def step(self, wanted: Wanted) -> Step:
        data = _atomic_file.read(wanted.path)
        if data is None:
            return Step(wanted, CREATED, profile=wanted.profile())
        mapping = _kubeconfig.load_mapping(data, wanted.path)
        step = Step(wanted, mapping=deepcopy(mapping), found=_kubeconfig.resolve(mapping, wanted.path))
        self._judge_authority(step.found)
        self._judge_client(step, step.found)
        if step.found is not None and step.found.server != wanted.server:
            _kubeconfig.current_cluster(step.mapping, wanted.path)["server"] = wanted.server
            if step.action == KEPT:
                step.action, step.reason = UPDATED, f"its server was {step.found.server}"
        return step

    def _judge_authority(self, found: Kubeconfig | None) -> None:
        if found is None:
            return
        if self._authority is None:
            # check mode: the authority gets a certificate for the key it has, or it will be another one altogether
            if not os.path.exists(self._settings.ca_key_path):
                raise KubephaseError(
                    "the certificate authority that the kubeconfig was made for is missing",
                    where=found.path,
                    accepted=f"its certificate and key in {self._settings.ca_path} and {self._settings.ca_key_path}",
                    hint="Restore the authority, or remove the kubeconfig to have a new one",
                )
            return
        present = found.read_ca()
        trusted = certificates.load_chain(present, f"{found.path} (certificate-authority-data)")[0] if present else None
        if trusted is None or trusted != self._authority:
            raise KubephaseError(
                "the kubeconfig trusts another certificate authority",
                where=found.path,
                value=_named(trusted) if trusted is not None else "none",
                accepted=f"{self._settings.ca_path} ({_named(self._authority)})",
                hint=f"{judging.NOTHING_CHANGED} Restore the authority it was made for, or remove the file to have a new one",
            )

    def _judge_client(self, step: Step, found: Kubeconfig | None) -> None:
        if found is None or self._authority is None:
            return
        rotated = bool(found.client_certificate_path and not found.client_certificate_data)
        if rotated and not os.path.exists(found.client_certificate_path):
            raise KubephaseError(
                "the client certificate that the kubeconfig names does not exist",
                where=found.path,
                value=found.client_certificate_path,
                hint=f"{judging.NOTHING_CHANGED} Restore it, or remove the kubeconfig to have a new one",
            )
        certificate = found.read_client_certificate()
        if not certificate:
            # another kind of credential, which is the user's own business
            return
        where = found.client_certificate_path if rotated else found.path
        chain = certificates.load_chain(certificate, where)
        step.before = step.certificate = chain[0]
        judging.signed_by(chain, where, self._authority, self._settings.ca_path)
        judging.started(chain[0], where, self._now)
        judging.key_fits(
            chain[0], keys.load(found.read_client_key(), where), where, "in it" if not rotated else "beside it"
        )
        self._judge_node(step.wanted, chain[0], where)
        self._judge_end(step, chain[0], where, rotated)

    def _judge_node(self, wanted: Wanted, certificate: x509.Certificate, where: str) -> None:
        name = certificates.profile_of(certificate).common_name
        if wanted.user.startswith(NODE_PREFIX) and name != wanted.user:
            raise KubephaseError(
                "the client certificate is that of another node",
                where=where,
                value=name,
                accepted=wanted.user,
                hint=f"{judging.NOTHING_CHANGED} Correct nodeRegistration.name, or remove {wanted.path} to have a new one",
            )

    def _judge_end(self, step: Step, certificate: x509.Certificate, where: str, rotated: bool) -> None:
        """A certificate that the kubelet rotates itself is renewed only once it is too late for that."""
        end, renew_before = _certificate.not_after(certificate), self._settings.renew_before
        if renew_before is not None and (end < self._now or (not rotated and end - self._now < renew_before)):
            step.action, step.reason = RENEWED, f"it expires {_certificate.stamp(end)}"
            step.profile = certificates.profile_of(certificate)
        elif end < self._now:
            raise judging.expired(where, end, self._now, RENEW_OPTION)


def _authority(settings: Settings, now: datetime, check_mode: bool) -> x509.Certificate | None:
    data = _atomic_file.read(settings.ca_path)
    if data is None:
        if check_mode:
            return None
        raise KubephaseError(
            "the certificate of the certificate authority is missing",
            where=settings.ca_path,
            hint="Run the role pki first, or put the authority's certificate in place",
        )
    certificate = certificates.load_chain(data, settings.ca_path)[0]
    judging.authority(certificate, settings.ca_path, now)
    return certificate


def _authority_will_be_made(authority: x509.Certificate | None, check_mode: bool) -> bool:
    return check_mode and authority is None


def _cannot_make(step: Step, settings: Settings) -> KubephaseError:
    why = step.reason or "the kubeconfig is missing"
    return KubephaseError(
        f"{why}, and there is no key {settings.ca_key_path} to sign its client certificate with",
        where=step.wanted.path,
        hint=f"{judging.NOTHING_CHANGED} Put the kubeconfig in place, or the authority's key",
    )


def _make(plan: Plan, settings: Settings, now: datetime) -> None:
    """Make the client keys and certificates, in memory only."""
    if plan.authority is None or plan.key is None:
        return
    lacking = [step for step in plan.steps if step.profile is not None]
    issuer = certificates.Issuer(plan.authority, plan.key)
    for step, key in zip(lacking, keys.generate_many(settings.algorithm, len(lacking))):
        # kubeadm dates a new client certificate back to its authority, a renewed one five minutes
        start = _certificate.not_before(plan.authority) if step.action == CREATED else None
        when = certificates.period(now, settings.validity, start)
        step.certificate = certificates.issue(step.profile or step.wanted.profile(), key.public_key(), issuer, when)
        _fill(step, settings, plan.authority, key)


def _fill(step: Step, settings: Settings, authority: x509.Certificate, key: keys.PrivateKey) -> None:
    if step.certificate is None:
        return
    ca, certificate, private = certificates.pem(authority), certificates.pem(step.certificate), keys.private_pem(key)
    if step.action == CREATED:
        step.mapping = _kubeconfig.build(
            server=step.wanted.server,
            ca=ca,
            cluster=settings.cluster_name,
            user=step.wanted.user,
            client_certificate=certificate,
            client_key=private,
        )
        return
    cluster = _kubeconfig.current_cluster(step.mapping, step.wanted.path)
    cluster.pop("certificate-authority", None)
    cluster["certificate-authority-data"] = _kubeconfig.encode(ca)
    user = _kubeconfig.current_user(step.mapping, step.wanted.path)
    for name in ("client-certificate", "client-key"):
        user.pop(name, None)
    user["client-certificate-data"] = _kubeconfig.encode(certificate)
    user["client-key-data"] = _kubeconfig.encode(private)


def _facts(step: Step, found: Kubeconfig | None, certificate: x509.Certificate | None) -> dict[str, Any]:
    facts = tree_report.certificate_facts(certificate) if certificate is not None else {}
    user = found.user if found is not None else step.wanted.user
    server = found.server if found is not None else step.wanted.server
    return client_files.listing(step.wanted.path, step.action, server, user, facts)


def _facts_after(step: Step, issuer: str, end: datetime) -> dict[str, Any]:
    if step.profile is not None and step.certificate is step.before:
        facts = outline.planned(step.profile, issuer, end)
        user = step.found.user if step.found is not None else step.wanted.user
        return client_files.listing(step.wanted.path, step.action, step.wanted.server, user, facts)
    return {**_facts(step, step.found, step.certificate), "server": step.wanted.server}


def _named(certificate: x509.Certificate) -> str:
    return f"{certificates.name_text(certificate.subject)}, SHA-256 {_certificate.fingerprint(certificate)[:16]}…"
