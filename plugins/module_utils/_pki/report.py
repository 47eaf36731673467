# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of a tree: public facts, never a key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, outline
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.plan import KEPT, Plan, Step

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
    listed, diff = [], []
    for authority, leaves in plan.steps:
        for step in [authority, *leaves]:
            validity = settings.ca_validity if step is authority else settings.validity
            made = step.certificate
            facts = certificate_facts(made) if made is not None else _planned(step, authority, now + validity)
            listed.append(
                {"name": step.entry.name, "path": step.entry.certificate_path, "action": step.action, **facts}
            )
            if step.action != KEPT:
                diff.append(_diff(step, facts))
    pair = plan.service_account
    if pair.action != KEPT:
        for path, written in ((pair.key_path, pair.write_key), (pair.public_path, pair.write_public)):
            if written:
                diff.append(
                    outline.file_diff(
                        path, "", "a new key\n" if path == pair.key_path else "the public key of sa.key\n"
                    )
                )
    diff += [
        outline.file_diff(path, f"mode: {mode:04o}\n", f"mode: {allowed:04o}\n") for path, mode, allowed in plan.modes
    ]
    diff += [outline.file_diff(path, "left by an interrupted run\n", "") for path in plan.leftovers]
    root = plan.steps[0][0].certificate if plan.steps else None
    return {
        "changed": plan.changes(),
        "certificates": listed,
        "ca_cert_hash": _certificate.pin(root) if root is not None else "",
        "ca_certificate": certificates.pem(root).decode("ascii") if root is not None else "",
        "diff": diff,
    }


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
