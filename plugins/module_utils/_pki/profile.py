# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate is to say, without the keys and the times."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kubephase.cluster.plugins.module_utils._pki.sans import AlternativeNames


@dataclass(frozen=True)
class Profile:
    """The content of a certificate. kubeadm's certificates differ in nothing else."""

    common_name: str
    organizations: tuple[str, ...] = ()
    server: bool = False
    client: bool = False
    authority: bool = False
    names: AlternativeNames = AlternativeNames()

    def subject(self) -> str:
        """The subject as text, in the order of the certificate."""
        return ", ".join([f"O={name}" for name in self.organizations] + [f"CN={self.common_name}"])

    def usages(self) -> list[str]:
        """The extended key usages, in the order of the certificate."""
        return ["serverAuth"] * self.server + ["clientAuth"] * self.client
