# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kubeconfig on disk agrees with its authority, the clock and the configuration."""

from __future__ import annotations

import os
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kubeconfig import Kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, judging, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Settings, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_steps import (
    CREATED,
    KEPT,
    RENEWED,
    UPDATED,
    Step,
)

if TYPE_CHECKING:
    from cryptography import x509

RENEW_OPTION = "kubeconfig_renew_before"
NODE_PREFIX = "system:node:"


class Judge:
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
        found = _kubeconfig.resolve(mapping, wanted.path)
        step = Step(wanted, mapping=deepcopy(mapping), found=found)
        if _waits(found):
            # its key was made for a request; the certificate that answers it brings the authority too
            step.action, step.reason = CREATED, "its client certificate is missing"
            step.profile, step.key = wanted.profile(), keys.load(found.read_client_key(), wanted.path)
        else:
            self._judge_authority(step, found)
            self._judge_client(step, found)
        if found.server != wanted.server:
            _kubeconfig.current_cluster(step.mapping, wanted.path)["server"] = wanted.server
            step.write_file = True
            if step.action == KEPT:
                step.action, step.reason = UPDATED, f"its server was {found.server}"
        return step

    def _judge_authority(self, step: Step, found: Kubeconfig) -> None:
        if self._authority is None and self._settings.request_only:
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
        if not present and not found.insecure_skip_tls_verify and found.read_client_certificate():
            # the user put the certificate into a file that was made for a request
            cluster = _kubeconfig.current_cluster(step.mapping, found.path)
            cluster["certificate-authority-data"] = _kubeconfig.encode(certificates.pem(self._authority))
            step.action, step.reason = UPDATED, "it named no certificate authority"
            return
        trusted = certificates.load_chain(present, f"{found.path} (certificate-authority-data)")[0] if present else None
        if trusted is None or trusted != self._authority:
            raise KubephaseError(
                "the kubeconfig trusts another certificate authority",
                where=found.path,
                value=_named(trusted) if trusted is not None else "none",
                accepted=f"{self._settings.ca_path} ({_named(self._authority)})",
                hint=f"{judging.NOTHING_CHANGED} Restore the authority it was made for, or remove the file to have a new one",
            )

    def _judge_client(self, step: Step, found: Kubeconfig) -> None:
        if self._authority is None:
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


def _waits(found: Kubeconfig) -> bool:
    """Whether the file holds a key alone, as kubeadm leaves it beside a request."""
    return bool(found.client_key_data and not found.client_certificate_data and not found.client_certificate_path)


def _named(certificate: x509.Certificate) -> str:
    return f"{certificates.name_text(certificate.subject)}, SHA-256 {_certificate.fingerprint(certificate)[:16]}…"
