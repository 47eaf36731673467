#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: wait_nodes
short_description: Wait until nodes and workloads of a cluster are there
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Waits on the host, in one call, until nodes have registered, have their Pod network or are ready, and until Deployments
    and DaemonSets are available. Returns the nodes of the cluster.
  - When the time is over, the error names each node and workload that is missing and what it says about it.
  - In check mode it only looks, and returns the nodes that exist.
extends_documentation_fragment:
  - kubephase.cluster.attributes.info
  - kubephase.cluster.api
options:
  nodes:
    description: Names of the nodes that are waited for. None means those that exist.
    type: list
    elements: str
    default: []
  condition:
    description: What each node is waited for. V(pod_cidr) means that it was given its part of the Pod network.
    type: str
    choices: [exists, pod_cidr, ready]
    default: ready
  workloads:
    description:
      - Workloads whose Pods have to be up to date and available. Of a DaemonSet all of them, those on O(nodes) if there are any. Of a
        Deployment as many as its condition C(Available) asks for, and at least one, when no Pods of before are left.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, DaemonSet]
        required: true
      namespace:
        description: Its namespace.
        type: str
        default: kube-system
      name:
        description: Its name.
        type: str
        required: true
  timeout:
    description: Seconds to wait.
    default: 300
"""

EXAMPLES = r"""
- name: Wait for the cluster
  kubephase.cluster.wait_nodes:
    nodes: [cp1, worker1]
    workloads:
      - {kind: Deployment, name: coredns}
      - {kind: DaemonSet, name: kube-proxy}
"""

RETURN = r"""
nodes:
  description: The nodes that were waited for, then those others of the cluster that fulfil O(condition) too.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    internal_ips:
      description: Addresses of type InternalIP.
      type: list
      elements: str
    pod_cidrs:
      description: The node's part of the Pod network, one for each address family.
      type: list
      elements: str
    ready:
      description: Whether its condition Ready is true.
      type: bool
    kubelet_version:
      description: Version of its kubelet.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._nodes_wait import Awaited, Workload, wait

ARGUMENTS = {
    **API_ARGUMENTS,
    "timeout": {"type": "int", "default": 300},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "condition": {"type": "str", "choices": ["exists", "pod_cidr", "ready"], "default": "ready"},
    "workloads": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "choices": ["Deployment", "DaemonSet"], "required": True},
            "namespace": {"type": "str", "default": "kube-system"},
            "name": {"type": "str", "required": True},
        },
    },
}


def wait_for(module: AnsibleModule) -> dict:
    given = module.params
    awaited = Awaited(given["nodes"], given["condition"], [Workload(**entry) for entry in given["workloads"]])
    return wait(awaited, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: wait_for(module))


if __name__ == "__main__":
    main()
