#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bootstrap_token
short_description: What new nodes need to join, bootstrap tokens, their rights and cluster-info
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Ensures the Secrets of the declared bootstrap tokens, the API objects that give tokens their rights, and the ConfigMap
    C(kube-public/cluster-info), as kubeadm's phase bootstrap-token does.
  - In a cluster that has no C(cluster-info) yet, and where no token is declared, one is made. On later runs one is made only
    for O(ensure_usable).
  - A token's lifetime is counted from when it was made. A declared token whose Secret is gone is made again, so a token that
    is declared with a lifetime is renewed by the first run after its end; declare none, and one is made whenever a
    node needs it.
  - The signatures in C(cluster-info), which Kubernetes adds, are left alone.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  tokens:
    description: Declared tokens, in the fields of kubeadm's C(bootstrapTokens).
    type: list
    elements: dict
    default: []
    suboptions:
      token:
        description: Identifier and secret, joined by a dot.
        type: str
        required: true
      description:
        description: What it is for.
        type: str
      ttl:
        description: Lifetime as a Go duration. V(0s) means that it never ends. Default is V(24h0m0s).
        type: str
      expires:
        description: Moment of its end, instead of a lifetime.
        type: str
      usages:
        description: C(signing), C(authentication) or both. Default is both.
        type: list
        elements: str
      groups:
        description: Groups that whoever authenticates with it belongs to.
        type: list
        elements: str
  ttl:
    description: Lifetime of a token that is made without being declared, as a Go duration.
    type: str
    default: 24h0m0s
  ensure_usable:
    description: A node is going to join. Returns a token that it can use and that lasts for more than ten minutes, a declared
      one if possible, and makes one where there is none.
    type: bool
    default: false
  templates:
    description: Templates in C(templates/) of the role with the API objects that give tokens their rights, rendered on the controller.
    type: list
    elements: str
    default: []
  objects:
    description: Such API objects themselves.
    type: list
    elements: dict
    default: []
  cluster_server:
    description: URL of the API server that C(cluster-info) names. The CA in it is that of O(kubeconfig).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Prepare the cluster for joining nodes
  kubephase.cluster.bootstrap_token:
    cluster_server: https://cluster.example.org:6443
    templates: [rbac.yaml.j2]
    ensure_usable: true
  register: joining
"""

RETURN = r"""
objects:
  description: The objects that were changed, in order.
  returned: always
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name.
      type: str
      sample: Secret kube-system/bootstrap-token-abcdef
    action:
      description: What was done.
      type: str
      sample: created
token:
  description: A usable token. A result that holds one is hidden from all output, as with C(no_log).
  returned: with O(ensure_usable), but not in check mode
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_discovery import Wanted, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    **API_ARGUMENTS,
    "tokens": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "token": {"type": "str", "required": True, "no_log": True},
            "description": {"type": "str"},
            "ttl": {"type": "str"},
            "expires": {"type": "str"},
            "usages": {"type": "list", "elements": "str"},
            "groups": {"type": "list", "elements": "str"},
        },
    },
    "ttl": {"type": "str", "default": "24h0m0s"},
    "ensure_usable": {"type": "bool", "default": False},
    "templates": {"type": "list", "elements": "str", "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "cluster_server": {"type": "str", "required": True},
}


def prepare(module: AnsibleModule) -> dict:
    given = module.params
    wanted = Wanted(
        tokens=given["tokens"],
        default_ttl=given["ttl"],
        ensure_usable=given["ensure_usable"],
        objects=given["objects"],
        cluster_server=given["cluster_server"],
    )
    return ensure(wanted, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: prepare(module))


if __name__ == "__main__":
    main()
