#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_metadata
short_description: Labels and taints of nodes
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Ensures the declared labels and taints of any number of nodes, as kubeadm's phase mark-control-plane does for control
    planes. Labels and taints that nobody declared are left alone.
  - Waits for nodes that have not registered yet. In check mode it does not wait.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  nodes:
    description: The nodes.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      control_plane:
        description: Whether it gets a control plane's labels, and its default taint where O(nodes[].taints) is not given.
        type: bool
        default: false
      labels:
        description: Labels. One that is V(null) is removed.
        type: dict
        default: {}
      taints:
        description:
          - Taints, each with C(key), C(effect) and maybe C(value).
          - On a control plane, not given (or V(null)) means the default taint; a list takes its place, so that V([]) removes
            the default taint and lets every Pod run there.
        type: list
        elements: dict
"""

EXAMPLES = r"""
- name: Mark the nodes
  kubephase.cluster.node_metadata:
    nodes:
      - name: cp1
        control_plane: true
      - name: worker1
        labels: {example.org/zone: a}
        taints: [{key: example.org/gpu, effect: NoSchedule}]
"""

RETURN = r"""
objects:
  description: The nodes that were changed.
  returned: always
  type: list
  elements: dict
  contains:
    object:
      description: Kind and name.
      type: str
      sample: Node cp1
    action:
      description: What was done.
      type: str
      sample: updated
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._node_metadata import WantedNode, ensure

ARGUMENTS = {
    **API_ARGUMENTS,
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "control_plane": {"type": "bool", "default": False},
            "labels": {"type": "dict", "default": {}},
            "taints": {"type": "list", "elements": "dict"},
        },
    },
}


def mark(module: AnsibleModule) -> dict:
    given = module.params
    nodes = [WantedNode(**entry) for entry in given["nodes"]]
    return ensure(nodes, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: mark(module))


if __name__ == "__main__":
    main()
