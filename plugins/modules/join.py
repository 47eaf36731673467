#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: join
short_description: Join this host's kubelet to a Kubernetes cluster
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Does what C(kubeadm join) does from its discovery on. One unverified request for cluster-info, whose signature is checked
    against the token and whose CA is checked against the pins; TLS verified against that CA from then on.
  - With O(discovery_file), a kubeconfig that is trusted says where the cluster is and what its CA is, as C(discovery.file) does
    for kubeadm. cluster-info is read once to see that its server answers.
  - Requests go through the proxy that C(HTTPS_PROXY) and C(NO_PROXY) of the task's environment name, as kubeadm's do.
  - Writes the CA and a bootstrap kubeconfig, starts the kubelet, waits until it is healthy and has its signed client
    certificate, and removes the bootstrap kubeconfig.
  - Whatever can be refused is refused before the first file is written, a token that the API server does not accept too.
  - A host that has joined is left alone, and needs neither token nor cluster for that. One that has joined another cluster,
    or under another name, is an error.
  - A control plane's kubelet talks to its own API server (O(local_server)), and this one's etcd has to become a member before the
    kubelet can get its certificate. So a control plane joins in two halves (O(stage)).
  - The kubelet, its unit and its configuration are not made here, see the role C(kubelet).
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.discovery
options:
  node_name:
    description: Name of the node.
    type: str
    required: true
  cluster_name:
    description: Name of the cluster in the bootstrap kubeconfig.
    type: str
    default: kubernetes
  local_server:
    description: URL of the host's own API server, for the kubelet of a control plane. Empty for a worker.
    type: str
    default: ""
  stage:
    description: V(start) ends when the kubelet was started, V(wait) waits for its certificate and removes the bootstrap kubeconfig,
      V(all) does both. A host that has joined is in any case only checked.
    type: str
    choices: [all, start, wait]
    default: all
  ca_cert_path:
    description: Where the kubelet expects the cluster's CA.
    type: path
    default: /etc/kubernetes/pki/ca.crt
  kubernetes_dir:
    description: Directory of the kubeconfigs.
    type: path
    default: /etc/kubernetes
  kubelet_config_path:
    description: The kubelet's configuration, which says where it answers for its health.
    type: path
    default: /var/lib/kubelet/config.yaml
  kubelet_cert_dir:
    description: Directory of the kubelet's certificates.
    type: path
    default: /var/lib/kubelet/pki
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
      kubelet:
        description: For the kubelet to be healthy.
        type: int
        default: 240
      api:
        description: For the API server that cluster-info names.
        type: int
        default: 60
      tls_bootstrap:
        description: For the kubelet's client certificate.
        type: int
        default: 300
"""

EXAMPLES = r"""
- name: Join the cluster
  kubephase.cluster.join:
    node_name: "{{ inventory_hostname }}"
    api_server_endpoint: 192.0.2.10:6443
    token: "{{ vault_bootstrap_token }}"
    ca_cert_hashes:
      - sha256:9f1f2f4a0b8f2fbd1d0e2a0c7f9b3a6f8b1f0b8f2fbd1d0e2a0c7f9b3a6f8b1f
"""

RETURN = r"""
joined:
  description: Whether this run joined the host (in check mode, whether it would).
  returned: success
  type: bool
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
node_name:
  description: Name of the node.
  returned: success
  type: str
server:
  description: The API server that the kubelet talks to.
  returned: when the host has joined
  type: str
certificate:
  description: Public facts of the kubelet's client certificate.
  returned: when the host has joined
  type: dict
  contains:
    path:
      description: File that holds it.
      type: str
    subject:
      description: Its subject.
      type: str
    issuer:
      description: Who signed it.
      type: str
    not_before:
      description: Begin of its validity.
      type: str
    not_after:
      description: End of its validity.
      type: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_arguments import (
    DISCOVERY_ARGUMENTS,
    discovery_from,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._join import ALL, STAGES, Join, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Timeouts
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Paths
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS: dict[str, Any] = {
    **DISCOVERY_ARGUMENTS,
    "node_name": {"type": "str", "required": True},
    "cluster_name": {"type": "str", "default": "kubernetes"},
    "local_server": {"type": "str", "default": ""},
    "stage": {"type": "str", "choices": list(STAGES), "default": ALL},
    "ca_cert_path": {"type": "path", "default": "/etc/kubernetes/pki/ca.crt"},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "kubelet_config_path": {"type": "path", "default": "/var/lib/kubelet/config.yaml"},
    "kubelet_cert_dir": {"type": "path", "default": "/var/lib/kubelet/pki"},
    "timeouts": {
        "type": "dict",
        "default": {},
        "options": {
            "discovery": {"type": "int", "default": 300},
            "token": {"type": "int", "default": 15, "no_log": False},
            "kubelet": {"type": "int", "default": 240},
            "api": {"type": "int", "default": 60},
            "tls_bootstrap": {"type": "int", "default": 300},
        },
    },
}


def wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        node_name=params["node_name"],
        discovery=discovery_from(params),
        cluster_name=params["cluster_name"],
        local_server=params["local_server"],
        stage=params["stage"],
        paths=Paths(
            kubernetes_dir=params["kubernetes_dir"],
            ca_cert=params["ca_cert_path"],
            kubelet_config=params["kubelet_config_path"],
            client_certificate=os.path.join(params["kubelet_cert_dir"], "kubelet-client-current.pem"),
        ),
        timeouts=Timeouts(**params["timeouts"]),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: Join(wanted(module.params), module.check_mode).run())


if __name__ == "__main__":
    main()
