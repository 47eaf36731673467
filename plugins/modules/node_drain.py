#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_drain
short_description: Close nodes for new Pods, and empty them
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - All nodes are cordoned first, and then emptied together, in one call. It waits until the Pods are gone.
  - Pods leave by the eviction API. One that a PodDisruptionBudget holds back is asked again until O(drain_timeout) is over; O(fallback)
    says what happens then.
  - Pods of DaemonSets and the kubelet's own (static) Pods stay, as with C(kubectl drain).
  - Pods of a node that no longer reports (Ready is Unknown) are deleted whatever their budgets say, which is what Kubernetes itself
    does with them after a while, and not waited for. They disappear with the Node.
  - In check mode the API server is asked, by a dry run, which Pods could not go right now; each is a warning.
  - A node that does not exist is a warning.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  nodes:
    description: Names of the nodes.
    type: list
    elements: str
    required: true
  state:
    description: V(cordoned) only closes the nodes. V(uncordoned) opens them again.
    type: str
    choices: [drained, cordoned, uncordoned]
    default: drained
  drain_timeout:
    description: Seconds for which Pods are asked to go, budgets respected, and waited for.
    type: int
    default: 300
  fallback:
    description:
      - What happens to Pods that are still there after O(drain_timeout).
      - V(fail) is an error that names each of them and what holds it back. The nodes stay cordoned.
      - V(delete) deletes them, whatever the budgets say, and waits for them as long again.
      - V(force) also does not wait for them to end (grace period 0).
    type: str
    choices: [fail, delete, force]
    default: fail
  force:
    description: Send away Pods too that nobody makes anew elsewhere, as they have no controller. They are lost.
    type: bool
    default: false
  delete_empty_dirs:
    description: Send away Pods too that have emptyDir volumes, whose data is lost.
    type: bool
    default: true
  grace_period:
    description: Seconds that a Pod has to end, instead of its own.
    type: int
seealso:
  - module: kubephase.cluster.node_metadata
"""

EXAMPLES = r"""
- name: Empty a node before its host is worked on
  kubephase.cluster.node_drain:
    nodes: [worker1]
    drain_timeout: 600

- name: Let it have Pods again
  kubephase.cluster.node_drain:
    nodes: [worker1]
    state: uncordoned
"""

RETURN = r"""
nodes:
  description: The nodes that exist.
  returned: always
  type: list
  elements: str
missing:
  description: Those that do not.
  returned: always
  type: list
  elements: str
evicted:
  description: Pods that were evicted, as namespace/name.
  returned: always
  type: list
  elements: str
deleted:
  description: Pods that were deleted without asking their budgets.
  returned: always
  type: list
  elements: str
kept:
  description: Pods of DaemonSets and static Pods, which stay.
  returned: always
  type: list
  elements: str
left:
  description: Deleted Pods of nodes that no longer report, whose end nobody can confirm.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._node_drain import Wish, ensure

ARGUMENTS = {
    **API_ARGUMENTS,
    "nodes": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["drained", "cordoned", "uncordoned"], "default": "drained"},
    "drain_timeout": {"type": "int", "default": 300},
    "fallback": {"type": "str", "choices": ["fail", "delete", "force"], "default": "fail"},
    "force": {"type": "bool", "default": False},
    "delete_empty_dirs": {"type": "bool", "default": True},
    "grace_period": {"type": "int"},
}


def drain(module: AnsibleModule) -> dict:
    given = module.params
    wish = Wish(
        nodes=given["nodes"],
        state=given["state"],
        patience=given["drain_timeout"],
        fallback=given["fallback"],
        force=given["force"],
        empty_dirs=given["delete_empty_dirs"],
        grace_period=given["grace_period"],
    )
    return ensure(wish, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: drain(module))


if __name__ == "__main__":
    main()
