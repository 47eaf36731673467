# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of a tree: public facts, never a key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, judging
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.plan import KEPT, Plan, Step


def certificate_facts(certificate: x509.Certificate) -> dict[str, Any]:
    """The public content of a certificate."""
    names = certificates.alternative_names(certificate)
    return {
        "subject": certificates.name_text(certificate.subject),
        "issuer": certificates.name_text(certificate.issuer),
        "dns_names": list(names.dns_names),
        "ip_addresses": list(names.ip_addresses),
        "not_before": judging.timestamp(certificates.not_before(certificate)),
        "not_after": judging.timestamp(certificates.not_after(certificate)),
        "fingerprint": "sha256:" + certificates.fingerprint(certificate),
    }


def certificate_text(certificate: x509.Certificate) -> str:
    """The public content of a certificate as lines of a diff."""
    facts = certificate_facts(certificate)
    return facts_text(facts["subject"], facts["issuer"], certificates.alternative_names(certificate).texts(), facts["not_after"])


def facts_text(subject: str, issuer: str, names: list[str], not_after: str) -> str:
    lines = [f"subject: {subject}", f"issuer: {issuer}", f"names: {', '.join(names)}" if names else "", f"expires: {not_after}"]
    return "".join(line + "\n" for line in lines if line)


def report(plan: Plan, settings: Settings, now: datetime) -> dict[str, Any]:
    """The module's result for ``plan``, whether or not its certificates are made yet."""
    listed, diff = [], []
    for authority, leaves in plan.steps:
        for step in [authority, *leaves]:
            validity = settings.ca_validity if step is authority else settings.validity
            planned = _planned(step, authority, now + validity)
            facts = certificate_facts(step.certificate) if step.certificate is not None else planned
            listed.append({"name": step.entry.name, "path": step.entry.certificate_path, "action": step.action, **facts})
            if step.action != KEPT:
                diff.append(_diff(step, planned))
    pair = plan.service_account
    if pair.action != KEPT:
        for path, written in ((pair.key_path, pair.write_key), (pair.public_path, pair.write_public)):
            if written:
                diff.append(file_diff(path, "", "a new key\n" if path == pair.key_path else "the public key of sa.key\n"))
    diff += [file_diff(path, f"mode: {mode:04o}\n", f"mode: {allowed:04o}\n") for path, mode, allowed in plan.modes]
    diff += [file_diff(path, "left by an interrupted run\n", "") for path in plan.leftovers]
    root = plan.steps[0][0].certificate if plan.steps else None
    return {
        "changed": plan.changes(),
        "certificates": listed,
        "ca_cert_hash": certificates.key_hash(root) if root is not None else "",
        "ca_certificate": certificates.pem(root).decode("ascii") if root is not None else "",
        "diff": diff,
    }


def file_diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _planned(step: Step, authority: Step, end: datetime) -> dict[str, Any]:
    issuer = authority.certificate
    names = step.profile.names
    return {
        "subject": step.profile.subject(),
        "issuer": certificates.name_text(issuer.subject) if issuer is not None else authority.profile.subject(),
        "dns_names": list(names.dns_names),
        "ip_addresses": list(names.ip_addresses),
        "not_before": "",
        "not_after": judging.timestamp(end),
        "fingerprint": "",
    }


def _diff(step: Step, planned: dict[str, Any]) -> dict[str, str]:
    before = certificate_text(step.before) if step.before is not None else ""
    if step.certificate is not None:
        after = certificate_text(step.certificate)
    else:
        after = facts_text(planned["subject"], planned["issuer"], step.profile.names.texts(), planned["not_after"])
    if step.new_key:
        after += "key: new\n"
    if step.reason:
        after += f"reason: {step.reason}\n"
    return file_diff(step.entry.certificate_path, before, after)
