# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: kubeadm_document
short_description: One document of a kubeadm configuration file on the controller
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - For the fields that are in no fact because they are secret, such as tokens. Everything else is in the fact C(kubephase).
  - Reads the file as role config does, an Ansible vault too.
options:
  _terms:
    description: Paths. An empty one is a file without documents.
    required: true
  kind:
    description: Kind of the document, such as V(InitConfiguration).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Declare the file's tokens
  kubephase.cluster.bootstrap_token:
    tokens: "{{ document.bootstrapTokens | default([]) }}"
    cluster_server: https://cluster.example.org:6443
  vars:
    document: "{{ lookup('kubephase.cluster.kubeadm_document', 'kubeadm.yaml', kind='InitConfiguration') }}"
"""

RETURN = r"""
_list:
  description: The document of each file, an empty mapping where it has none of this kind.
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.plugin_utils import _config_file


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        try:
            return [self._document(path, str(kwargs["kind"])) for path in terms]
        except KeyError as error:
            raise AnsibleLookupError("kubeadm_document needs a kind, such as kind='InitConfiguration'") from error
        except KubephaseError as error:
            raise AnsibleLookupError(str(error)) from error

    def _document(self, path: Any, kind: str) -> dict[str, Any]:
        documents = _kube_yaml.load_all(_config_file.read(self._loader, path) or b"", str(path), [])
        found = [one for one in documents if isinstance(one, dict) and one.get("kind") == kind]
        return found[0] if found else {}
