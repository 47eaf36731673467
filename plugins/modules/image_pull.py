#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: image_pull
short_description: Pull images through the container runtime's CRI
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Pulls images as kubeadm does, five attempts each, over one connection to the container runtime, without C(crictl).
  - Made to be run with C(async) on hosts that join later, while the first control plane starts.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  images:
    description: The images, as full references.
    type: list
    elements: str
    required: true
  cri_socket:
    description: The container runtime's endpoint.
    type: str
    default: unix:///var/run/containerd/containerd.sock
  policy:
    description: V(IfNotPresent) pulls what is missing, V(Always) everything, V(Never) only looks what is there.
    type: str
    choices: [IfNotPresent, Always, Never]
    default: IfNotPresent
  serial:
    description: Pull one image after the other, as kubeadm does by default, or all at once.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Pull what a worker needs
  kubephase.cluster.image_pull:
    images:
      - registry.k8s.io/kube-proxy:v1.37.2
      - registry.k8s.io/pause:3.10.2
    serial: false

- name: Start pulling, and go on
  kubephase.cluster.image_pull:
    images: "{{ worker_images }}"
  async: 1800
  poll: 0
  register: pulling
  # a task that is only started always says that it changed something
  changed_when: false
"""

RETURN = r"""
pulled_images:
  description: Those that were pulled, or in check mode would be. With O(policy=Always), those that have changed.
  returned: success
  type: list
  elements: str
present_images:
  description: Those that were there already.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.pull import ensure_images
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "images": {"type": "list", "elements": "str", "required": True},
    "cri_socket": {"type": "str", "default": "unix:///var/run/containerd/containerd.sock"},
    "policy": {"type": "str", "choices": ["IfNotPresent", "Always", "Never"], "default": "IfNotPresent"},
    "serial": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: ensure_images(check_mode=module.check_mode, **module.params))


if __name__ == "__main__":
    main()
