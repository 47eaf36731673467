# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeadm configuration file on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import MAX_BYTES


def read(loader: DataLoader, path: Any) -> bytes | None:
    """Its content, decrypted where it is an Ansible vault; None where no file is named."""
    if not path or not isinstance(path, str):
        return None
    try:
        with open(loader.get_real_file(str(path)), "rb") as handle:
            return bytes(handle.read(MAX_BYTES + 1))
    except (OSError, AnsibleError) as error:
        raise KubephaseError(
            "the configuration file cannot be read on the controller",
            where="kubephase_config_file",
            value=str(path),
        ) from error
