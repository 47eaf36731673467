# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.kubephase.cluster.plugins.lookup.kubeadm_document import LookupModule

TEXT = b"""---
kind: ClusterConfiguration
---
kind: InitConfiguration
bootstrapTokens:
- token: abcdef.0123456789abcdef
  expires: 2027-01-31T12:00:00Z
---
- no mapping
"""


def look(*paths: Any, kind: str = "InitConfiguration", loader: DataLoader | None = None) -> list[dict[str, Any]]:
    return LookupModule(loader=loader or DataLoader()).run(list(paths), variables={}, kind=kind)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "kubeadm.yaml"
    found.write_bytes(TEXT)
    return found


def test_the_document_of_the_kind(path: Path) -> None:
    (document,) = look(str(path))
    assert document["bootstrapTokens"] == [{"token": "abcdef.0123456789abcdef", "expires": "2027-01-31T12:00:00Z"}]
    assert look(str(path), "", kind="JoinConfiguration") == [{}, {}]


def test_a_vault_is_decrypted(path: Path) -> None:
    secret = VaultSecret(b"secret")
    secret.load()
    path.write_bytes(VaultLib([("default", secret)]).encrypt(TEXT))
    loader = DataLoader()
    loader.set_vault_secrets([("default", secret)])
    assert look(str(path), loader=loader)[0]["kind"] == "InitConfiguration"


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="^kubephase_config_file: the configuration file cannot be read"):
        look(str(path.with_name("none.yaml")))
    path.write_text("kind: [")
    with pytest.raises(AnsibleLookupError, match="kubeadm.yaml: not valid YAML"):
        look(str(path))
    with pytest.raises(AnsibleLookupError, match="needs a kind"):
        LookupModule(loader=DataLoader()).run([""], variables={})
