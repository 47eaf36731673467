#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer
short_description: haproxy and keepalived in front of the API servers, in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Brings a host to the given configurations of haproxy and keepalived and has both running with them.
  - A configuration goes live only when the program that reads it has accepted it. A running program is reloaded, which keeps
    its connections. Whether it has to be is seen from the file's time and the unit's, so a run that died half way is healed by the next.
  - Nothing is changed where packages are missing. They are reported in RV(missing_packages), so that a converged host needs no
    call of the package manager.
  - A configuration that was there before is kept beside its place as C(*.before-kubephase).
    What is in it is not shown.
  - Where SELinux has the boolean C(haproxy_connect_any), it is turned on. It stays so with O(state=absent), which tells of it.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  state:
    description:
      - V(absent) stops both and takes their configurations away, or puts back what was there before. A program that ran with a
        configuration of its own then is restarted with it instead. What somebody else wrote is left alone.
    type: str
    choices: [present, absent]
    default: present
  haproxy_configuration:
    description: Text of C(/etc/haproxy/haproxy.cfg). Required for V(present).
    type: str
    default: ''
  keepalived_configuration:
    description:
      - Text of C(/etc/keepalived/keepalived.conf). C(@INTERFACE@) stands for the interface that has O(address), C(@PASSWORD@) for
        O(vrrp_password).
      - Empty where no virtual address is held. keepalived is stopped then if it ran for this module.
    type: str
    default: ''
  check_script:
    description: Text of C(/usr/libexec/keepalived/kubephase-check), by which keepalived asks whether haproxy is well.
    type: str
    default: ''
  ca_certificate:
    description: Text of C(/etc/haproxy/kubernetes-ca.crt). Empty where the API servers' certificates are not checked.
    type: str
    default: ''
  address:
    description: The host's own address.
    type: str
    default: ''
  vrrp_password:
    description: Password of VRRP, at most eight letters, digits, underscores, dots and hyphens.
    type: str
    default: ''
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
seealso:
  - module: kubephase.cluster.template_set
"""

EXAMPLES = r"""
- name: Balance the API servers
  kubephase.cluster.load_balancer:
    haproxy_configuration: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
    packages: [haproxy]
  register: balancer

- name: Balance them no more
  kubephase.cluster.load_balancer:
    state: absent
"""

RETURN = r"""
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: always
  type: list
  elements: str
units:
  description: What was done to the units, by name.
  returned: always
  type: dict
  sample: {haproxy: [reloaded]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._load_balancer import Balancer, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "haproxy_configuration": {"type": "str", "default": ""},
    "keepalived_configuration": {"type": "str", "default": ""},
    "check_script": {"type": "str", "default": ""},
    "ca_certificate": {"type": "str", "default": ""},
    "address": {"type": "str", "default": ""},
    "vrrp_password": {"type": "str", "default": "", "no_log": True},
    "packages": {"type": "list", "elements": "str", "default": []},
    "package_family": {"type": "str", "choices": ["debian", "redhat"], "default": "debian"},
}


def wanted(parameters: dict) -> Wanted:
    """The backend's view of the module's arguments."""
    return Wanted(
        haproxy=parameters["haproxy_configuration"],
        keepalived=parameters["keepalived_configuration"],
        check=parameters["check_script"],
        authority=parameters["ca_certificate"],
        address=parameters["address"],
        password=parameters["vrrp_password"],
        packages=parameters["packages"],
        package_family=parameters["package_family"],
    )


def main() -> None:
    required = [("state", "present", ["haproxy_configuration"])]
    module = AnsibleModule(argument_spec=ARGUMENTS, required_if=required, supports_check_mode=True)
    balancer = Balancer(module.check_mode)
    run(
        module, balancer.remove if module.params["state"] == "absent" else lambda: balancer.apply(wanted(module.params))
    )


if __name__ == "__main__":
    main()
