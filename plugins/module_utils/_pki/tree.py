# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane host's certificates and keys as desired state, in one call."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import outline
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Entry, Settings, families


def reconcile(settings: Settings, check_mode: bool) -> dict[str, Any]:
    """Check the tree, make what is missing, renew what is asked for. Contradictions are found before the first write.

    :returns: the result of the module ``pki``.
    """
    now = datetime.now(timezone.utc)
    if check_mode and not _certificate.library_is_there():
        return _without_library(settings, now)
    _certificate.require_library()
    from ansible_collections.kubephase.cluster.plugins.module_utils._pki import plan, report, writing

    planned = plan.make_plan(settings, now)
    if not check_mode:
        writing.make(planned, settings, now)
        writing.write(planned)
    return report.report(planned, settings, now)


def _without_library(settings: Settings, now: datetime) -> dict[str, Any]:
    """The plan for a host on which nothing is installed yet: what is there cannot be read, what is missing will be made."""
    listed: list[dict[str, Any]] = []
    diff: list[dict[str, str]] = []
    external: list[str] = []
    for family in families(settings):
        authority = family.authority
        is_there = os.path.exists(authority.certificate_path) or family.certificate
        if is_there and not os.path.exists(authority.key_path):
            external.append(authority.name)
        action = "requested" if authority.name in external or settings.request_only else "created"
        for entry in [authority, *family.leaves] if family.creates_authority else family.leaves:
            if os.path.exists(entry.certificate_path):
                listed.append(_unread(entry))
                continue
            validity = settings.ca_validity if entry is authority else settings.validity
            facts = outline.planned(entry.profile, authority.profile.subject(), now + validity)
            done = "installed" if entry is authority and family.certificate else action
            listed.append({"name": entry.name, "path": entry.certificate_path, "action": done, **facts})
            diff.append(outline.file_diff(entry.certificate_path, "", outline.text(facts) + "key: new\n"))
    return {
        "changed": bool(diff),
        "certificates": listed,
        "requests": [],
        "external_authorities": external,
        "external_ca": "ca" in external,
        "ca_cert_hash": "",
        "ca_certificate": "",
        "diff": diff,
    }


def _unread(entry: Entry) -> dict[str, Any]:
    facts = outline.planned(entry.profile, "", datetime.now(timezone.utc))
    return {"name": entry.name, "path": entry.certificate_path, "action": "kept", **facts, "not_after": ""}
