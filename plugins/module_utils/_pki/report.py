# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of a tree: public facts, never a key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, outline, requests
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.plan import (
    ABSENT,
    INSTALLED,
    KEPT,
    REQUESTED,
    Plan,
    Step,
)

if TYPE_CHECKING:
    from cryptography import x509


def certificate_facts(certificate: x509.Certificate) -> dict[str, Any]:
    """The public content of a certificate."""
    names = certificates.alternative_names(certificate)
    return {
        "subject": certificates.name_text(certificate.subject),
        "issuer": certificates.name_text(certificate.issuer),
        "dns_names": list(names.dns_names),
        "ip_addresses": list(names.ip_addresses),
        "not_before": _certificate.stamp(_certificate.not_before(certificate)),
        "not_after": _certificate.stamp(_certificate.not_after(certificate)),
        "fingerprint": "sha256:" + _certificate.fingerprint(certificate),
    }


def report(plan: Plan, settings: Settings, now: datetime) -> dict[str, Any]:
    """The module's result for ``plan``, whether or not its certificates are made yet."""
    listed: list[dict[str, Any]] = []
    diff: list[dict[str, str]] = []
    waiting: list[dict[str, Any]] = []
    for authority, leaves in plan.steps:
        for step in [authority, *leaves]:
            if step.action == ABSENT:
                continue
            validity = settings.ca_validity if step is authority else settings.validity
            made = step.certificate
            facts = certificate_facts(made) if made is not None else _planned(step, authority, now + validity)
            entry = step.entry
            listed.append({"name": entry.name, "path": entry.certificate_path, "action": step.action, **facts})
            if step.action == REQUESTED:
                waiting.append(_request(step, authority, settings).facts())
            if step.changes():
                diff.append(_request_diff(step) if step.action == REQUESTED else _diff(step, facts))
    diff += _service_account_diff(plan)
    diff += [
        outline.file_diff(path, f"mode: {mode:04o}\n", f"mode: {allowed:04o}\n") for path, mode, allowed in plan.modes
    ]
    diff += [outline.file_diff(path, "left by an interrupted run\n", "") for path in plan.leftovers]
    root = plan.steps[0][0].certificate if plan.steps else None
    external = [authority.entry.name for authority, _leaves in plan.steps if _is_external(authority)]
    return {
        "changed": plan.changes(),
        "certificates": listed,
        "requests": waiting,
        "external_authorities": external,
        "external_ca": "ca" in external,
        "ca_cert_hash": _certificate.pin(root) if root is not None and not settings.authorities else "",
        "ca_certificate": certificates.pem(root).decode("ascii") if root is not None else "",
        "diff": diff,
    }


def _is_external(authority: Step) -> bool:
    """The certificate is there and its key is not, as kubeadm judges it."""
    return authority.action in (KEPT, INSTALLED) and authority.key is None


def _request(step: Step, authority: Step, settings: Settings) -> requests.Request:
    entry = step.entry
    return requests.Request(
        name=entry.name,
        authority=authority.entry.name,
        path=entry.request_path,
        certificate_path=entry.certificate_path,
        profile=step.profile,
        pem=step.request or b"",
        issuer=authority.certificate,
        validity=settings.validity,
    )


def _request_diff(step: Step) -> dict[str, str]:
    lines = [f"request: {step.profile.subject()}"]
    names = step.profile.names.texts()
    lines += [f"names: {', '.join(names)}"] if names else []
    lines += ["key: new"] if step.new_key else []
    lines += [f"reason: {step.reason}"]
    return outline.file_diff(step.entry.request_path, "", "".join(f"{line}\n" for line in lines))


def _service_account_diff(plan: Plan) -> list[dict[str, str]]:
    pair = plan.service_account
    if pair is None or pair.action == KEPT:
        return []
    written = (
        (pair.key_path, pair.write_key, "a new key\n"),
        (pair.public_path, pair.write_public, "the public key of sa.key\n"),
    )
    return [outline.file_diff(path, "", text) for path, writes, text in written if writes]


def _planned(step: Step, authority: Step, end: datetime) -> dict[str, Any]:
    issuer = authority.certificate
    name = certificates.name_text(issuer.subject) if issuer is not None else authority.profile.subject()
    return outline.planned(step.profile, name, end)


def _diff(step: Step, facts: dict[str, Any]) -> dict[str, str]:
    before = outline.text(certificate_facts(step.before)) if step.before is not None else ""
    after = outline.text(facts)
    if step.new_key:
        after += "key: new\n"
    if step.reason:
        after += f"reason: {step.reason}\n"
    return outline.file_diff(step.entry.certificate_path, before, after)
