# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to one kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.kubephase.cluster.plugins.module_utils._kubeconfig import Kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.client_files import Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

if TYPE_CHECKING:
    from cryptography import x509

KEPT, CREATED, UPDATED, RENEWED = "kept", "created", "updated", "renewed"
REQUESTED, INSTALLED = "requested", "installed"


@dataclass
class Step:
    """``mapping`` is the file's content; a new client certificate is filled in when it is made.

    Where the authority's key is elsewhere, ``request`` waits to be signed and ``key`` is in the file already, or is new;
    ``chain`` is the answer that came back.
    """

    wanted: Wanted
    action: str = KEPT
    reason: str = ""
    mapping: dict[str, Any] = field(default_factory=dict)
    found: Kubeconfig | None = None
    before: x509.Certificate | None = None
    certificate: x509.Certificate | None = None
    profile: Profile | None = None
    """The client certificate to make; None where the present one stays."""
    key: keys.PrivateKey | None = None
    request: bytes | None = None
    write_request: bool = False
    write_file: bool = False
    """Where it waits: whether the file has to be written for its key or its server."""
    chain: list[x509.Certificate] = field(default_factory=list)

    @property
    def request_path(self) -> str:
        """Beside the file, named as kubeadm names it."""
        return f"{self.wanted.path}.csr"

    @property
    def answer_path(self) -> str:
        """Where the user puts the signed certificate, if not into the file."""
        return f"{self.wanted.path}.crt"

    def changes(self) -> bool:
        if self.action == REQUESTED:
            return self.write_file or self.write_request
        return self.action != KEPT
