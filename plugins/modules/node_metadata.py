#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_metadata
short_description: Labels, annotations and taints of nodes
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Ensures the declared labels, annotations and taints of any number of nodes, as kubeadm's phase mark-control-plane does
    for control planes.
  - What this module has set before and is no longer declared is removed. What others set is left alone, and stays where they
    have set the same.
  - The Node itself tells which is which. Labels and annotations are set by server-side apply. Of taints Kubernetes keeps no
    such account, so the annotation C(kubephase.cluster/taints) names those that are declared; a node without declared
    taints does not get it.
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
        description: Labels. One that is V(null) is removed, whoever set it.
        type: dict
        default: {}
      annotations:
        description: Annotations. One that is V(null) is removed, whoever set it.
        type: dict
        default: {}
      taints:
        description:
          - Taints, each with C(key), C(effect) and maybe C(value).
          - On a control plane, not given (or V(null)) means the default taint; a list takes its place, so that V([]) removes
            the default taint and lets every Pod run there.
        type: list
        elements: dict
  field_manager:
    description: Who declares this. What one manager has declared before and does not declare now is removed, so tasks that
      declare different things of the same node need managers of their own.
    type: str
    default: kubephase
"""

EXAMPLES = r"""
- name: Mark the nodes
  kubephase.cluster.node_metadata:
    nodes:
      - name: cp1
        control_plane: true
      - name: worker1
        labels: {example.org/zone: a}
        annotations: {example.org/rack: "12"}
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
from ansible_collections.kubephase.cluster.plugins.module_utils._node_ownership import DEFAULT_MANAGER

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
            "annotations": {"type": "dict", "default": {}},
            "taints": {"type": "list", "elements": "dict"},
        },
    },
    "field_manager": {"type": "str", "default": DEFAULT_MANAGER},
}


def mark(module: AnsibleModule) -> dict:
    given = module.params
    nodes = [WantedNode(**entry) for entry in given["nodes"]]
    return ensure(
        nodes, given["kubeconfig"], given["server"], given["timeout"], module.check_mode, given["field_manager"]
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: mark(module))


if __name__ == "__main__":
    main()
