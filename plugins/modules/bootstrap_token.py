#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bootstrap_token
short_description: Bootstrap tokens, their rights and cluster-info
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Ensures that declared bootstrap tokens are there as declared, or are not there; makes new ones; hands one out.
  - With O(cluster_server) also what kubeadm's phase bootstrap-token does, the API objects that give tokens their rights and the
    ConfigMap C(kube-public/cluster-info). In a cluster that has no C(cluster-info) yet, and where no token is declared, a token
    is made then.
  - A lifetime is counted from when the token was made. A token keeps its end as long as the lifetime it was made with is
    declared; another one, by more than five minutes, moves the end. A declared token whose time is over, or whose Secret is
    gone for that reason, is made again. To have no standing tokens declare none, and one is made whenever a node needs it.
  - The signatures in C(cluster-info), which Kubernetes adds, are left alone.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  tokens:
    description: Declared tokens, in the fields of kubeadm's C(bootstrapTokens), each with a state.
    type: list
    elements: dict
    default: []
    suboptions:
      token:
        description: Identifier and secret, joined by a dot. Needed for V(present).
        type: str
      id:
        description: The identifier alone, for V(absent).
        type: str
      state:
        description: Whether the token is to be there.
        type: str
        choices: [present, absent]
        default: present
      description:
        description: What it is for.
        type: str
      ttl:
        description: Lifetime as a Go duration. V(0s) means that it never ends. Default is V(24h0m0s).
        type: str
      expires:
        description: Moment of its end, instead of a lifetime. A token whose moment is over is deleted.
        type: str
      usages:
        description: C(signing), C(authentication) or both. Default is both.
        type: list
        elements: str
      groups:
        description: Groups that whoever authenticates with it belongs to. Default is kubeadm's, C(authentication) is needed.
        type: list
        elements: str
  generate:
    description: Makes a new token, in every run, as C(kubeadm token create) does.
    type: dict
    suboptions:
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
        description: Groups that whoever authenticates with it belongs to. Default is kubeadm's.
        type: list
        elements: str
  ensure_usable:
    description: A node is going to join. Ensures that there is a token that it can use and that lasts for more than ten minutes,
      and makes one where there is none.
    type: bool
    default: false
  ttl:
    description: Lifetime of a token that is made because there is none, as a Go duration.
    type: str
    default: 24h0m0s
  description:
    description: Description of the token that a new cluster gets where none is declared.
    type: str
    default: ''
  return_token:
    description: Return a token, the one of O(generate), else one that a node can join with, a declared one if possible. A result
      that holds a token is hidden from all output, as with C(no_log).
    type: bool
    default: false
  return_join_command:
    description: Return the command that joins a node with that token, as C(kubeadm token create --print-join-command) prints it.
    type: bool
    default: false
  certificate_key:
    description: Makes the returned command join a control plane, with this key of the uploaded certificates.
    type: str
    default: ''
  templates:
    description: Templates in C(templates/) of the role with the API objects that give tokens their rights, rendered on the controller.
    type: list
    elements: str
    default: []
  objects:
    description: Such API objects themselves. Those in the namespace C(kube-public) are applied after C(cluster-info).
    type: list
    elements: dict
    default: []
  cluster_server:
    description: URL of the API server that C(cluster-info) names, with the CA of O(kubeconfig). Empty leaves C(cluster-info) alone.
    type: str
    default: ''
seealso:
  - module: kubephase.cluster.bootstrap_token_info
"""

EXAMPLES = r"""
- name: Prepare the cluster for joining nodes
  kubephase.cluster.bootstrap_token:
    cluster_server: https://cluster.example.org:6443
    templates: [rbac.yaml.j2]
    ensure_usable: true
    return_token: true
  register: joining

- name: Have one token for the workers of today, and no longer the old one
  kubephase.cluster.bootstrap_token:
    tokens:
      - token: "{{ vault_worker_token }}"
        description: workers
        ttl: 8h
        groups: [system:bootstrappers:kubeadm:default-node-token]
      - id: abcdef
        state: absent

- name: Make a token, and get the command that joins a node with it
  kubephase.cluster.bootstrap_token:
    generate: {ttl: 2h, description: made by hand}
    return_join_command: true
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
  description: A token.
  returned: with O(return_token), where there is one, but not in check mode
  type: str
join_command:
  description: The command that joins a node with the token.
  returned: with O(return_join_command), where there is a token, but not in check mode
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_discovery import Wanted, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

FIELDS = {
    "description": {"type": "str"},
    "ttl": {"type": "str"},
    "expires": {"type": "str"},
    "usages": {"type": "list", "elements": "str"},
    "groups": {"type": "list", "elements": "str"},
}
ARGUMENTS = {
    **API_ARGUMENTS,
    "tokens": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "token": {"type": "str", "no_log": True},
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **FIELDS,
        },
    },
    "generate": {"type": "dict", "options": FIELDS},
    "ensure_usable": {"type": "bool", "default": False},
    "ttl": {"type": "str", "default": "24h0m0s"},
    "description": {"type": "str", "default": ""},
    "return_token": {"type": "bool", "default": False, "no_log": False},
    "return_join_command": {"type": "bool", "default": False},
    "certificate_key": {"type": "str", "default": "", "no_log": True},
    "templates": {"type": "list", "elements": "str", "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "cluster_server": {"type": "str", "default": ""},
}


def prepare(module: AnsibleModule) -> dict:
    given = module.params
    wanted = Wanted(
        tokens=given["tokens"],
        default_ttl=given["ttl"],
        default_description=given["description"],
        generate=given["generate"],
        ensure_usable=given["ensure_usable"],
        returned=given["return_token"] or given["return_join_command"],
        objects=given["objects"],
        cluster_server=given["cluster_server"],
    )
    return ensure(wanted, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: prepare(module))


if __name__ == "__main__":
    main()
