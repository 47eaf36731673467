# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs with client certificates, compared with what is there and brought to it.

A kubeconfig for the same authority is kept, whoever wrote it. Only its ``server`` follows the configuration, and its client
certificate is renewed where that is asked for. One for another authority is an error. Where the authority's key is not on
the host, a kubeconfig is made with its key alone, as ``kubeadm certs generate-csr`` does, and waits for its certificate.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._kubeconfig import Kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    certificates,
    client_files,
    client_requests,
    judging,
    keys,
    outline,
    reading,
    requests,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import (
    report as tree_report,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_judging import Judge
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_steps import (
    CREATED,
    INSTALLED,
    REQUESTED,
    Step,
)

if TYPE_CHECKING:
    from cryptography import x509

FILE_MODE = 0o600


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
            steps.append(Judge(settings, authority, now).step(wanted))
        except KubephaseError as error:
            errors.append(error)
    key_data = None if settings.request_only else _atomic_file.read(settings.ca_key_path)
    key = None
    if key_data is not None and any(step.profile is not None for step in steps):
        key = keys.load(key_data, settings.ca_key_path)
        if authority is not None:
            judging.key_fits(authority, key, settings.ca_path, settings.ca_key_path)
    if settings.request_only or (key_data is None and not _authority_will_be_made(authority, check_mode)):
        for step in steps:
            try:
                client_requests.ask(step, settings, authority, now)
            except KubephaseError as error:
                errors.append(error)
    if errors:
        raise KubephaseErrors(
            errors, "the kubeconfigs on the host contradict the configuration:" if len(errors) > 1 else ""
        )
    paths = [wanted.path for wanted in settings.files]
    modes = reading.excess_modes((path, FILE_MODE) for path in paths)
    beside = [step.request_path for step in steps]
    return Plan(steps, authority, key, modes, reading.leftovers([*paths, *beside]))


def write(plan: Plan, settings: Settings, now: datetime) -> None:
    """Bring the host to the plan. Each file is replaced in one step, so a run may die anywhere."""
    _make(plan, settings, now)
    for path, _mode, allowed in plan.modes:
        os.chmod(path, allowed)
    for step in plan.steps:
        if not step.changes():
            continue
        _atomic_file.make_directory(os.path.dirname(step.wanted.path), 0o755)
        if step.write_file or step.action != REQUESTED:
            _atomic_file.write(step.wanted.path, _kubeconfig.text(step.mapping), FILE_MODE)
        if step.write_request and step.request is not None:
            _atomic_file.write(step.request_path, step.request, requests.FILE_MODE)
    for path in plan.leftovers:
        os.unlink(path)


def report(plan: Plan, settings: Settings, now: datetime) -> dict[str, Any]:
    """The module's result for ``plan``, whether or not its certificates are made yet."""
    listed: list[dict[str, Any]] = []
    diff: list[dict[str, str]] = []
    waiting: list[dict[str, Any]] = []
    issuer = certificates.name_text(plan.authority.subject) if plan.authority is not None else "CN=kubernetes"
    for step in plan.steps:
        end = now + settings.validity_of(step.wanted)
        before, after = _facts(step, step.found, step.before), _facts_after(step, issuer, end)
        listed.append(after)
        if step.action == REQUESTED:
            waiting.append(client_requests.request(step, settings, plan.authority).facts())
        if step.changes():
            text = client_files.text(after)
            text += "key: new\n" if step.profile is not None and step.found is None else ""
            text += f"reason: {step.reason}\n" if step.reason else ""
            path = step.wanted.path if step.write_file or step.action != REQUESTED else step.request_path
            diff.append(outline.file_diff(path, client_files.text(before) if step.found else "", text))
    diff += [
        outline.file_diff(path, f"mode: {mode:04o}\n", f"mode: {allowed:04o}\n") for path, mode, allowed in plan.modes
    ]
    diff += [outline.file_diff(path, "left by an interrupted run\n", "") for path in plan.leftovers]
    changed = bool(plan.modes or plan.leftovers or any(step.changes() for step in plan.steps))
    return {"changed": changed, "files": listed, "requests": waiting, "diff": diff}


def _authority(settings: Settings, now: datetime, check_mode: bool) -> x509.Certificate | None:
    data = _atomic_file.read(settings.ca_path)
    if data is None:
        if check_mode or settings.request_only:
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


def _make(plan: Plan, settings: Settings, now: datetime) -> None:
    """Make the client keys, certificates and requests, in memory only."""
    lacking = [step for step in plan.steps if step.profile is not None and step.key is None]
    for step, key in zip(lacking, keys.generate_many(settings.algorithm, len(lacking))):
        if step.action == REQUESTED:
            client_requests.make(step, settings, key)
        else:
            step.key = key
    for step in plan.steps:
        if plan.authority is None or step.profile is None or step.key is None or step.action == REQUESTED:
            continue
        if step.action != INSTALLED and plan.key is not None:
            issuer = certificates.Issuer(plan.authority, plan.key)
            # kubeadm dates a new client certificate back to its authority, a renewed one five minutes
            start = _certificate.not_before(plan.authority) if step.action == CREATED else None
            when = certificates.period(now, settings.validity_of(step.wanted), start)
            step.certificate = certificates.issue(step.profile, step.key.public_key(), issuer, when)
            step.chain = [step.certificate]
        _fill(step, settings, plan.authority, step.key)


def _fill(step: Step, settings: Settings, authority: x509.Certificate, key: keys.PrivateKey) -> None:
    ca, private = certificates.pem(authority), keys.private_pem(key)
    certificate = b"".join(certificates.pem(item) for item in step.chain)
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
