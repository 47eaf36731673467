# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what a plan lacks, in memory, then write it, in an order in which a run may die anywhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys, reading, requests
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.plan import KEPT, REQUESTED, Plan, Step

DIRECTORY_MODE = 0o755
PUBLIC_KEY_MODE = 0o600
"""kubeadm writes ``sa.pub`` through its writer of keys."""


@dataclass(frozen=True)
class Write:
    """One file; ``data`` None removes it."""

    path: str
    data: bytes | None
    mode: int = 0


def make(plan: Plan, settings: Settings, now: datetime) -> None:
    """Make the missing keys and certificates, in memory only."""
    pair = plan.service_account
    lacking = [step for step in plan.all_steps() if step.new_key]
    made = keys.generate_many(settings.algorithm, len(lacking) + (pair is not None and pair.write_key))
    for step, key in zip(lacking, made):
        step.key = key
    if pair is not None and pair.write_key:
        pair.key = made[-1]
    for authority, leaves in plan.steps:
        if authority.certificate is None and authority.key is not None:
            when = certificates.period(now, settings.ca_validity)
            authority.certificate = certificates.self_signed(authority.profile, authority.key, when, settings.minor)
        for leaf in leaves:
            if leaf.action == REQUESTED and leaf.request is None and leaf.key is not None:
                leaf.request = requests.make(leaf.profile, leaf.key)
        if authority.certificate is None or authority.key is None:
            continue
        issuer = certificates.Issuer(authority.certificate, authority.key)
        when = certificates.period(now, settings.validity)
        for leaf in leaves:
            if leaf.action != KEPT and leaf.certificate is None and leaf.key is not None:
                leaf.certificate = certificates.issue(leaf.profile, leaf.key.public_key(), issuer, when)


def writes(plan: Plan) -> list[Write]:
    """The files to write, in order.

    A key comes before its certificate, so that a certificate is never there without its key, and a key that is there alone
    gets its certificate in the next run. Where both replace an older pair, a journal holds them until both are in place.
    """
    found: list[Write] = []
    for step in plan.all_steps():
        if step.changes():
            found += _request(step) if step.action == REQUESTED else _pair(step)
    pair = plan.service_account
    if pair is not None and pair.key is not None and pair.write_key:
        found.append(Write(pair.key_path, keys.private_pem(pair.key), reading.KEY_MODE))
    if pair is not None and pair.key is not None and pair.write_public:
        found.append(Write(pair.public_path, keys.public_pem(pair.key.public_key()), PUBLIC_KEY_MODE))
    return found


def write(plan: Plan) -> None:
    """Bring the host to the plan. The journals of interrupted renewals go last, they are needed until then."""
    for path, _mode, allowed in plan.modes:
        os.chmod(path, allowed)
    for item in writes(plan):
        if item.data is None:
            os.unlink(item.path)
        else:
            _atomic_file.make_directory(os.path.dirname(item.path), DIRECTORY_MODE)
            _atomic_file.write(item.path, item.data, item.mode)
    for path in plan.leftovers:
        if os.path.exists(path):
            os.unlink(path)


def _pair(step: Step) -> list[Write]:
    if step.certificate is None:
        return []
    # an answer is written with what came with it, the authorities between it and the one of the cluster
    certificate = b"".join(certificates.pem(item) for item in step.chain or [step.certificate])
    last = Write(step.entry.certificate_path, certificate, reading.CERTIFICATE_MODE)
    if not step.new_key or step.key is None:
        return [last]
    key = keys.private_pem(step.key)
    first = Write(step.entry.key_path, key, reading.KEY_MODE)
    if step.before is None:
        return [first, last]
    journal = reading.journal_path(step.entry)
    return [Write(journal, key + certificate, reading.KEY_MODE), first, last, Write(journal, None)]


def _request(step: Step) -> list[Write]:
    found: list[Write] = []
    if step.new_key and step.key is not None:
        found.append(Write(step.entry.key_path, keys.private_pem(step.key), reading.KEY_MODE))
    if step.write_request and step.request is not None:
        found.append(Write(step.entry.request_path, step.request, requests.FILE_MODE))
    return found
