#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_users
short_description: Users under which control plane components run without being root
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Creates the system users and groups of kubeadm's feature gate C(RootlessControlPlane), with ids of the system's range, and
    makes the private files that each component reads its own.
  - A user or group of such a name that is not as kubeadm makes it is an error.
  - In check mode the ids are those that a run would give.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  components:
    description: The components whose files are handed over.
    type: list
    elements: str
    choices: [etcd, kube-apiserver, kube-controller-manager, kube-scheduler]
    required: true
  certificates_dir:
    description: Directory of the certificates.
    type: path
    default: /etc/kubernetes/pki
  kubernetes_dir:
    description: Directory of C(controller-manager.conf) and C(scheduler.conf).
    type: path
    default: /etc/kubernetes
  etcd_data_dir:
    description: Data of the local etcd. Without it etcd is not on this host.
    type: path
    default: ''
  passwd:
    description: The host's users.
    type: path
    default: /etc/passwd
  group:
    description: The host's groups.
    type: path
    default: /etc/group
  login_defs:
    description: Where the range of the system's ids is told.
    type: path
    default: /etc/login.defs
"""

EXAMPLES = r"""
- name: Give each component a user of its own
  kubephase.cluster.control_plane_users:
    components: [etcd, kube-apiserver, kube-controller-manager, kube-scheduler]
    etcd_data_dir: /var/lib/etcd
"""

RETURN = r"""
users:
  description: By component, C(uid) and C(gid).
  returned: always
  type: dict
  sample: {"etcd": {"uid": 102, "gid": 103}}
key_readers:
  description: Id of the group that reads the private key of service accounts.
  returned: always
  type: int
  sample: 107
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._control_plane_users import (
    USERS,
    Databases,
    Places,
    ensure,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "components": {"type": "list", "elements": "str", "choices": list(USERS), "required": True},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "etcd_data_dir": {"type": "path", "default": ""},
    "passwd": {"type": "path", "default": "/etc/passwd"},
    "group": {"type": "path", "default": "/etc/group"},
    "login_defs": {"type": "path", "default": "/etc/login.defs"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    places = Places(given["certificates_dir"], given["kubernetes_dir"], given["etcd_data_dir"])
    databases = Databases(given["passwd"], given["group"], given["login_defs"])
    run(module, lambda: ensure(given["components"], places, databases, module.check_mode))


if __name__ == "__main__":
    main()
