#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pod_network
short_description: A node's part of a Pod network made of bridges and routes
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Writes the given files and the routes to the other nodes' podCIDRs, and has a systemd unit apply them now and at each boot.
  - Compares the kernel too. A missing route or masquerading rule is put back, a route to a node that is gone is withdrawn.
    Only routes of protocol 107 are looked at.
  - Nodes must reach each other's InternalIP without a router in between.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  node_name:
    description: Name of this host's node.
    type: str
    required: true
  nodes:
    description:
      - All nodes of the cluster with C(name), C(internal_ips) and C(pod_cidrs), as M(kubephase.cluster.wait_nodes) returns
        them, or the same as JSON, where one text for all hosts is faster than many lists.
      - In check mode this host's may be missing, as long as it has not joined.
    type: json
    required: true
  pod_subnets:
    description: The cluster's Pod subnets.
    type: list
    elements: str
    required: true
  files:
    description: Files to write.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where to.
        type: path
        required: true
      content:
        description: The text. One of this and O(files[].template).
        type: str
      template:
        description: Name of a template in C(templates/) of the role. Rendered on the controller.
        type: str
      mode:
        description: Permission bits, octal.
        type: str
        default: "0644"
      restart:
        description: Whether the unit reads this file at its start.
        type: bool
        default: false
  routes_path:
    description: File that keeps the routes for the next boot.
    type: path
    default: /etc/kubephase/pod-routes
  unit:
    description: The systemd unit that applies the files.
    type: str
    default: kubephase-pod-network
  bridge:
    description:
      - The bridge that the CNI configuration names. One with an address outside the node's podCIDRs, as after the node was
        deleted and came back, is removed, and the Pods with such addresses are made anew.
    type: str
    default: cni0
  cri_socket:
    description: Endpoint of the container runtime that runs those Pods.
    type: str
    default: unix:///var/run/containerd/containerd.sock
"""

EXAMPLES = r"""
- name: Set up this node's Pod network
  kubephase.cluster.pod_network:
    node_name: w1
    pod_subnets: [10.244.0.0/16]
    nodes:
      - {name: w1, internal_ips: [192.0.2.11], pod_cidrs: [10.244.1.0/24]}
      - {name: w2, internal_ips: [192.0.2.12], pod_cidrs: [10.244.2.0/24]}
    files:
      - path: /etc/cni/net.d/10-kubephase.conflist
        template: 10-kubephase.conflist.j2
"""

RETURN = r"""
routes:
  description: The routes that the node has.
  returned: success
  type: list
  elements: dict
  contains:
    destination:
      description: podCIDR of another node.
      type: str
    gateway:
      description: InternalIP of that node.
      type: str
files:
  description: Files that were written.
  returned: success
  type: list
  elements: str
actions:
  description: What was done to the kernel's state and the unit, or would be.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._file_set import WantedFile
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_network import PodNetwork, apply
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_routes import parse_nodes

_FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "template": {"type": "str"},
    "mode": {"type": "str", "default": "0644"},
    "restart": {"type": "bool", "default": False},
}
ARGUMENTS: dict[str, Any] = {
    "node_name": {"type": "str", "required": True},
    "nodes": {"type": "json", "required": True},
    "pod_subnets": {"type": "list", "elements": "str", "required": True},
    "files": {"type": "list", "elements": "dict", "default": [], "options": _FILE},
    "routes_path": {"type": "path", "default": "/etc/kubephase/pod-routes"},
    "unit": {"type": "str", "default": "kubephase-pod-network"},
    "bridge": {"type": "str", "default": "cni0"},
    "cri_socket": {"type": "str", "default": "unix:///var/run/containerd/containerd.sock"},
}


def wanted(params: dict[str, Any]) -> PodNetwork:
    return PodNetwork(
        node_name=params["node_name"],
        nodes=parse_nodes(params["nodes"]),
        pod_subnets=params["pod_subnets"],
        files=[WantedFile(one["path"], one["content"], one["mode"]) for one in params["files"]],
        routes_path=params["routes_path"],
        restart_for=[one["path"] for one in params["files"] if one["restart"]],
        unit=params["unit"],
        bridge=params["bridge"],
        cri_socket=params["cri_socket"],
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: apply(wanted(module.params), module.check_mode))


if __name__ == "__main__":
    main()
