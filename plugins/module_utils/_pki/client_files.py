# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeconfigs a host is to have, and their plan where nothing is there yet. Needs nothing but Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import durations, outline
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile


@dataclass(frozen=True)
class Wanted:
    """One kubeconfig, and the client certificate in it."""

    path: str
    server: str
    user: str
    organizations: tuple[str, ...] = ()
    validity: timedelta | None = None
    """Where it is another than that of the other files."""

    def profile(self) -> Profile:
        return Profile(self.user, self.organizations, client=True)


@dataclass(frozen=True)
class Settings:
    """The kubeconfigs of a host and the authority that signs their client certificates."""

    files: tuple[Wanted, ...]
    ca_path: str
    ca_key_path: str
    cluster_name: str = "kubernetes"
    algorithm: str = "RSA-2048"
    validity: timedelta = timedelta(hours=8760)
    renew_before: timedelta | None = None
    authority: str = "ca"
    """The authority's name, by which a request tells who is to sign it."""
    request_only: bool = False
    """Make keys and certificate signing requests, as ``kubeadm certs generate-csr``."""
    signed: Mapping[str, str] = field(default_factory=dict)
    """Client certificates that came back from an external authority, PEM by the name of the file."""

    def name_of(self, wanted: Wanted) -> str:
        """By which a request is known: kubeadm's name, that of the file, or the path where two files have one name."""
        name = os.path.basename(wanted.path)
        return name if [os.path.basename(item.path) for item in self.files].count(name) == 1 else wanted.path

    def validity_of(self, wanted: Wanted) -> timedelta:
        return wanted.validity or self.validity


def wanted(files: Sequence[Mapping[str, Any]], skip_phases: Sequence[str]) -> tuple[Wanted, ...]:
    """The files that no skipped phase makes. A host that joins has one phase for all."""
    return tuple(
        Wanted(item["path"], item["server"], item["user"], tuple(item["organizations"]), _validity(item))
        for item in files
        if not _is_skipped(item.get("phase") or "", skip_phases)
    )


def _is_skipped(phase: str, skip_phases: Sequence[str]) -> bool:
    if not phase:
        return False
    names = ("kubeconfig", f"kubeconfig/{phase}", "control-plane-prepare", "control-plane-prepare/kubeconfig")
    return any(name in skip_phases for name in names)


def _validity(item: Mapping[str, Any]) -> timedelta | None:
    text = item.get("certificate_validity") or ""
    return durations.parse(text, f"files ({item['path']}).certificate_validity") if text else None


def reconcile(settings: Settings, check_mode: bool) -> dict[str, Any]:
    """Check the kubeconfigs, make what is missing, renew what is asked for.

    :returns: the result of the module ``kubeconfig``.
    """
    now = datetime.now(timezone.utc)
    if check_mode and not _certificate.library_is_there():
        return _without_library(settings, now)
    _certificate.require_library()
    from ansible_collections.kubephase.cluster.plugins.module_utils._pki import kubeconfigs

    planned = kubeconfigs.make_plan(settings, now, check_mode)
    if not check_mode:
        kubeconfigs.write(planned, settings, now)
    return kubeconfigs.report(planned, settings, now)


def _without_library(settings: Settings, now: datetime) -> dict[str, Any]:
    """The plan for a host on which nothing is installed yet: what is there cannot be read, what is missing will be made."""
    listed: list[dict[str, Any]] = []
    diff: list[dict[str, str]] = []
    external = os.path.exists(settings.ca_path) and not os.path.exists(settings.ca_key_path)
    action = "requested" if external or settings.request_only else "created"
    for wanted in settings.files:
        if os.path.exists(wanted.path):
            listed.append(listing(wanted.path, "kept", wanted.server, wanted.user, {}))
            continue
        facts = outline.planned(wanted.profile(), "CN=kubernetes", now + settings.validity_of(wanted))
        listed.append(listing(wanted.path, action, wanted.server, wanted.user, facts))
        diff.append(outline.file_diff(wanted.path, "", text(listed[-1]) + "key: new\n"))
    return {"changed": bool(diff), "files": listed, "requests": [], "diff": diff}


def listing(path: str, action: str, server: str, user: str, facts: dict[str, Any]) -> dict[str, Any]:
    """One kubeconfig in the module's result: public facts only."""
    shown = ("subject", "issuer", "not_before", "not_after", "fingerprint")
    return {
        "path": path,
        "action": action,
        "server": server,
        "user": user,
        **{name: facts.get(name, "") for name in shown},
    }


def text(item: dict[str, Any]) -> str:
    """A kubeconfig's facts as the lines of a diff."""
    fields = (
        ("server", "server"),
        ("user", "user"),
        ("subject", "subject"),
        ("issuer", "issuer"),
        ("expires", "not_after"),
    )
    return "".join(f"{label}: {item[name]}\n" for label, name in fields if item[name])
