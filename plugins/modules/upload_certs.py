#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: upload_certs
short_description: Hand the certificates that control planes share to those that will join, encrypted in the cluster
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Ensures the Secret C(kube-system/kubeadm-certs) as kubeadm's phase upload-certs makes it. Each file is sealed with AES-256-GCM
    under the certificate key. The Secret is owned by a bootstrap token that is good for nothing and ends after two hours, which
    takes the Secret with it.
  - A Secret that lasts for more than ten minutes, can be opened with O(certificate_key) and holds what is on the host is left as
    it is. Anything else is uploaded anew.
  - Without O(certificate_key) a key is made on the controller, and returned where the Secret was sealed with it. A Secret that
    is there is then kept, unless O(ensure_usable) says that somebody needs its key.
  - Refused where the key of the cluster's or the front proxy's certificate authority is not on the host, as with kubeadm.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
requirements:
  - python3-cryptography >= 3.4.8 on the host
options:
  certificates_dir:
    description: Directory of the cluster's certificates.
    type: path
    default: /etc/kubernetes/pki
  external_etcd:
    description: C(etcd.external) of the ClusterConfiguration, whose C(caFile), C(certFile) and C(keyFile) are uploaded then. Empty for
      a local etcd.
    type: dict
    default: {}
  certificate_key:
    description: 64 hex digits, C(certificateKey) of kubeadm's InitConfiguration.
    type: str
    default: ''
  new_key:
    description: Set by the action plugin, the key that is used where O(certificate_key) is empty.
    type: str
    default: ''
  ensure_usable:
    description: A control plane is going to join, so a key that opens the Secret has to be known.
    type: bool
    default: false
  skip_external:
    description: With an external certificate authority nothing is uploaded, instead of an error.
    type: bool
    default: false
  templates:
    description: Templates in C(templates/) of the role with the API objects that let joining hosts read the Secret, rendered on the
      controller.
    type: list
    elements: str
    default: []
  objects:
    description: Such API objects themselves.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Hand over the certificates
  kubephase.cluster.upload_certs:
    certificate_key: "{{ vault_certificate_key }}"
    templates: [rbac.yaml.j2]
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
      sample: Secret kube-system/kubeadm-certs
    action:
      description: What was done.
      type: str
      sample: created
certificate_key:
  description: The key that the Secret was sealed with. A result that holds one is hidden from all output, as with C(no_log).
  returned: where it was made by this task, but not in check mode
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._upload_certs import Wanted, ensure

ARGUMENTS = {
    **API_ARGUMENTS,
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "external_etcd": {"type": "dict", "default": {}},
    "certificate_key": {"type": "str", "default": "", "no_log": True},
    "new_key": {"type": "str", "default": "", "no_log": True},
    "ensure_usable": {"type": "bool", "default": False},
    "skip_external": {"type": "bool", "default": False},
    "templates": {"type": "list", "elements": "str", "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
}


def upload(module: AnsibleModule) -> dict:
    given = module.params
    wanted = Wanted(
        certificates_dir=given["certificates_dir"],
        external_etcd=given["external_etcd"] or None,
        key=given["certificate_key"],
        new_key=given["new_key"],
        ensure_usable=given["ensure_usable"],
        skip_external=given["skip_external"],
        objects=given["objects"],
    )
    return ensure(wanted, given["kubeconfig"], given["server"], given["timeout"], module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: upload(module))


if __name__ == "__main__":
    main()
