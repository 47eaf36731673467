#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node
short_description: Kernel modules, sysctls, swap and names of a Kubernetes host in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Brings a host to what kubeadm expects and never does itself, now and at its next boot.
  - A kernel feature that is built in needs no module. A module that cannot be loaded is a warning, because only the kernel
    of the machine decides about it; the preflight checks judge what is really there.
  - Reports which packages are missing, so that a converged host needs no call of the package manager.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  kernel_modules:
    description: Modules to load now and at boot (C(/etc/modules-load.d/kubephase.conf)).
    type: list
    elements: str
    default: []
  sysctls:
    description: Kernel parameters, set now and at boot (C(/etc/sysctl.d/99-kubephase.conf)).
    type: dict
    default: {}
  swap:
    description: V(disable) turns swap off now and comments it out in C(/etc/fstab); V(keep) leaves it alone.
    type: str
    choices: [disable, keep]
    default: disable
  hosts:
    description: Names and their addresses for C(/etc/hosts), kept in a block of their own.
    type: dict
    default: {}
  own_names:
    description:
      - Names and their addresses that get an entry only where the host cannot resolve them, such as its own name.
        kubeadm's preflight check C(Hostname) asks for that.
    type: dict
    default: {}
  packages:
    description: Distribution packages to look for. Only reported, see RV(missing_packages).
    type: list
    elements: str
    default: []
  package_family:
    description: Whose package database to ask.
    type: str
    choices: [debian, redhat]
    default: debian
"""

EXAMPLES = r"""
- name: Prepare the kernel
  kubephase.cluster.node:
    kernel_modules: [overlay, br_netfilter]
    sysctls:
      net.ipv4.ip_forward: 1
    packages: [conntrack]
"""

RETURN = r"""
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._node import Node, Wanted

ARGUMENTS = {
    "kernel_modules": {"type": "list", "elements": "str", "default": []},
    "sysctls": {"type": "dict", "default": {}},
    "swap": {"type": "str", "choices": ["disable", "keep"], "default": "disable"},
    "hosts": {"type": "dict", "default": {}},
    "own_names": {"type": "dict", "default": {}},
    "packages": {"type": "list", "elements": "str", "default": []},
    "package_family": {"type": "str", "choices": ["debian", "redhat"], "default": "debian"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: Node(module.check_mode).apply(Wanted(**module.params)))


if __name__ == "__main__":
    main()
