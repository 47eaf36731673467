#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bootstrap_token_info
short_description: The bootstrap tokens of a cluster
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Lists the bootstrap tokens, as C(kubeadm token list) does. Without their secrets, unless asked.
  - A Secret of their type that is no bootstrap token is a warning.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  return_tokens:
    description: Return the tokens themselves too. The result is hidden from all output then, as with C(no_log).
    type: bool
    default: false
seealso:
  - module: kubephase.cluster.bootstrap_token
"""

EXAMPLES = r"""
- name: See which tokens there are
  kubephase.cluster.bootstrap_token_info:
  register: found

- name: Delete those that never end
  kubephase.cluster.bootstrap_token:
    tokens:
      - id: "{{ item.id }}"
        state: absent
  loop: "{{ found.tokens | rejectattr('expires') }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
tokens:
  description: The tokens, by ID.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Identifier.
      type: str
      sample: abcdef
    description:
      description: What it is for.
      type: str
    expires:
      description: Moment of its end. Empty where it never ends.
      type: str
      sample: '2027-01-31T12:00:00Z'
    expired:
      description: Whether that moment is over. Kubernetes deletes such tokens after a while.
      type: bool
    ttl:
      description: Seconds up to its end. V(null) where it never ends.
      type: int
    usages:
      description: What it may be used for, sorted.
      type: list
      elements: str
    groups:
      description: Groups that whoever authenticates with it belongs to.
      type: list
      elements: str
    token:
      description: The token itself.
      returned: with O(return_tokens)
      type: str
"""

from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_tokens import listed
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import connect
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {**API_ARGUMENTS, "return_tokens": {"type": "bool", "default": False, "no_log": False}}


def found(module: AnsibleModule) -> dict:
    given = module.params
    client = connect(given["kubeconfig"], given["server"], given["timeout"], module.check_mode)
    if client is None:
        return {"changed": False, "tokens": []}
    with client:
        return listed(client, given["timeout"], datetime.now(timezone.utc), given["return_tokens"])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: found(module))


if __name__ == "__main__":
    main()
