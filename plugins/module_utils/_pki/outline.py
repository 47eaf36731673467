# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How certificates look in results and diffs: public facts, never a key. Needs nothing but Python."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile


def planned(profile: Profile, issuer: str, end: datetime) -> dict[str, Any]:
    """The facts of a certificate that is not made yet."""
    return {
        "subject": profile.subject(),
        "issuer": issuer,
        "dns_names": list(profile.names.dns_names),
        "ip_addresses": list(profile.names.ip_addresses),
        "not_before": "",
        "not_after": _certificate.stamp(end),
        "fingerprint": "",
    }


def text(facts: dict[str, Any]) -> str:
    """A certificate's facts as the lines of a diff."""
    names = [f"DNS:{name}" for name in facts["dns_names"]] + [f"IP:{address}" for address in facts["ip_addresses"]]
    lines = [f"subject: {facts['subject']}", f"issuer: {facts['issuer']}"]
    lines += [f"names: {', '.join(names)}"] if names else []
    return "".join(f"{line}\n" for line in [*lines, f"expires: {facts['not_after']}"])


def file_diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}
