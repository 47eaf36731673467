# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs whose client certificate is signed elsewhere: what waits, and the answers that came."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, judging, keys, requests
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Settings
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_steps import (
    INSTALLED,
    REQUESTED,
    Step,
)

if TYPE_CHECKING:
    from cryptography import x509


def ask(step: Step, settings: Settings, authority: x509.Certificate | None, now: datetime) -> None:
    """Take the answer where there is one, else leave a request. A present certificate serves until the answer comes."""
    if step.profile is None:
        return
    step.reason = step.reason or "the kubeconfig is missing"
    if step.key is None and step.found is not None:
        step.key = keys.load(step.found.read_client_key(), step.wanted.path)
    step.write_file = step.write_file or step.key is None
    step.action = REQUESTED
    step.chain = _answer(step, settings, authority, now)
    if step.chain:
        step.action, step.certificate = INSTALLED, step.chain[0]
        return
    present = _atomic_file.read(step.request_path)
    if step.key is not None and requests.asks_for(present, step.profile, step.key):
        step.request = present
    else:
        step.write_request = True
        step.request = requests.make(step.profile, step.key) if step.key is not None else None


def request(step: Step, settings: Settings, authority: x509.Certificate | None) -> requests.Request:
    """What the module says of a kubeconfig that waits."""
    return requests.Request(
        name=settings.name_of(step.wanted),
        authority=settings.authority,
        path=step.request_path,
        certificate_path=step.answer_path,
        profile=step.profile or step.wanted.profile(),
        pem=step.request or b"",
        issuer=authority,
        validity=settings.validity_of(step.wanted),
    )


def make(step: Step, settings: Settings, key: keys.PrivateKey) -> None:
    """Make a new file's key and request, in memory only."""
    step.key = key
    step.request = requests.make(step.profile or step.wanted.profile(), key)
    step.mapping = _kubeconfig.build(
        server=step.wanted.server,
        ca=b"",
        cluster=settings.cluster_name,
        user=step.wanted.user,
        client_key=keys.private_pem(key),
    )


def _answer(
    step: Step, settings: Settings, authority: x509.Certificate | None, now: datetime
) -> list[x509.Certificate]:
    """The answer as the module was given it, or as the user put it beside the file."""
    if authority is None or step.profile is None:
        return []
    name = settings.name_of(step.wanted)
    given = settings.signed.get(name)
    if given is not None:
        data, where = given.encode(), f"signed_certificates ({name})"
    else:
        data, where = _atomic_file.read(step.answer_path) or b"", step.answer_path
    if not data or (given is None and step.key is None):
        return []
    chain = certificates.load_chain(data, where)
    if step.before is not None and _certificate.fingerprint(chain[0]) == _certificate.fingerprint(step.before):
        return []
    if step.key is None:
        raise KubephaseError(
            "the key that the certificate is for is missing", where=step.wanted.path, hint=judging.NOTHING_CHANGED
        )
    requests.judge(chain, step.profile, keys.public_der(step.key.public_key()), authority, now, where)
    return chain
