#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: download_certs
short_description: Fetch what control planes share onto a host that joins them
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Finds the cluster as module M(kubephase.cluster.join) does, reads the Secret C(kube-system/kubeadm-certs), and writes the
    certificates and keys in it, as kubeadm's phase download-certs does. They are decrypted on the host, the controller never has
    them.
  - Before that, the cluster's own C(kubeadm-config) is compared with this inventory. A cluster without a control plane endpoint,
    or one with other networks, another kind of etcd or another minor version is an error.
  - Nothing is overwritten. A file that differs from the cluster's is an error, and nothing is written then.
  - Without O(certificate_key) the files have to be on the host already.
  - A host that is a member and has the files needs neither token nor cluster.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.discovery
requirements:
  - python3-cryptography >= 3.4.8 on the host
options:
  cluster_configuration:
    description: ClusterConfiguration of this inventory.
    type: dict
    required: true
  certificate_key:
    description: 64 hex digits, the key that the certificates were uploaded with.
    type: str
    default: ""
  ca_cert_path:
    description: The cluster's CA certificate, which tells whether the host is a member.
    type: path
    default: /etc/kubernetes/pki/ca.crt
  kubernetes_dir:
    description: Directory of the kubeconfigs.
    type: path
    default: /etc/kubernetes
  timeouts:
    description: Seconds to wait.
    type: dict
    default: {}
    suboptions:
      discovery:
        description: For the API server to answer and to have cluster-info.
        type: int
        default: 300
      token:
        description: For cluster-info to be signed for this token.
        type: int
        default: 15
      api:
        description: For the API server that cluster-info names.
        type: int
        default: 60
"""

EXAMPLES = r"""
- name: Fetch the certificates
  kubephase.cluster.download_certs:
    cluster_configuration: "{{ kubephase.cluster }}"
    certificate_key: "{{ vault_certificate_key }}"
    api_server_endpoint: cluster.example.org:6443
    token: "{{ vault_bootstrap_token }}"
    ca_cert_hashes:
      - sha256:9f1f2f4a0b8f2fbd1d0e2a0c7f9b3a6f8b1f0b8f2fbd1d0e2a0c7f9b3a6f8b1f
"""

RETURN = r"""
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
  sample: [/etc/kubernetes/pki/ca.crt, /etc/kubernetes/pki/ca.key]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_arguments import (
    DISCOVERY_ARGUMENTS,
    discovery_from,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._download_certs import Wanted, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Timeouts
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Paths
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS: dict[str, Any] = {
    **DISCOVERY_ARGUMENTS,
    "cluster_configuration": {"type": "dict", "required": True},
    "certificate_key": {"type": "str", "default": "", "no_log": True},
    "ca_cert_path": {"type": "path", "default": "/etc/kubernetes/pki/ca.crt"},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "timeouts": {
        "type": "dict",
        "default": {},
        "options": {
            "discovery": {"type": "int", "default": 300},
            "token": {"type": "int", "default": 15, "no_log": False},
            "api": {"type": "int", "default": 60},
        },
    },
}


def wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        cluster=params["cluster_configuration"],
        key=params["certificate_key"],
        discovery=discovery_from(params),
        timeouts=Timeouts(**params["timeouts"]),
        paths=Paths(kubernetes_dir=params["kubernetes_dir"], ca_cert=params["ca_cert_path"]),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: ensure(wanted(module.params), module.check_mode))


if __name__ == "__main__":
    main()
