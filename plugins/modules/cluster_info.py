#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Nodes, control planes, etcd, versions and ends of certificates, as a control plane sees them
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Tells in one call how a cluster is. Meant for a control plane host. Nothing secret is in the result.
  - What does not answer is a fact and no error, so the module tells something on a host of a broken cluster too, and on one that
    belongs to none.
extends_documentation_fragment:
  - kubephase.cluster.attributes.info
  - kubephase.cluster.api
options:
  timeout:
    description: Seconds for which the API server is waited for.
    default: 10
  kubernetes_dir:
    description: Directory of the control plane's kubeconfigs.
    type: path
    default: /etc/kubernetes
  certificates_dir:
    description: Directory of the cluster's certificates.
    type: path
    default: /etc/kubernetes/pki
  manifests:
    description: Directory of the static Pods' manifests.
    type: path
    default: /etc/kubernetes/manifests
seealso:
  - module: kubephase.cluster.etcd_members
"""

EXAMPLES = r"""
- name: See how the cluster is
  kubephase.cluster.cluster_info:
  register: found

- name: Stop where a certificate ends within a month
  ansible.builtin.assert:
    that: found.certificates | map(attribute='residual_seconds') | min > 30 * 86400
"""

RETURN = r"""
kubernetes_version:
  description: Version of the API server that was asked.
  returned: always
  type: str
  sample: v1.37.2
configured_version:
  description: Version in the cluster's own configuration (ConfigMap C(kubeadm-config)).
  returned: always
  type: str
cluster_name:
  description: Name in that configuration.
  returned: always
  type: str
endpoint:
  description: Its controlPlaneEndpoint.
  returned: always
  type: str
etcd_external:
  description: Whether etcd is external there.
  returned: always
  type: bool
api_server:
  description: The API server that was asked. C(server), C(ready), C(failed_checks) of its C(/readyz), and C(error).
  returned: always
  type: dict
nodes:
  description: The nodes, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    ready:
      description: Whether its condition Ready is true.
      type: bool
    reports:
      description: Whether its kubelet reports at all.
      type: bool
    message:
      description: What it says where it is not ready.
      type: str
    schedulable:
      description: Whether it takes new Pods, that is, is not cordoned.
      type: bool
    roles:
      description: Its roles, as kubectl shows them.
      type: list
      elements: str
    taints:
      description: Its taints, each with key, value and effect.
      type: list
      elements: dict
    version:
      description: Version of its kubelet.
      type: str
    addresses:
      description: Its addresses, each with type and address.
      type: list
      elements: dict
    pod_cidrs:
      description: Its part of the Pod network.
      type: list
      elements: str
control_planes:
  description: Names of the nodes that are control planes.
  returned: always
  type: list
  elements: str
components:
  description: The static Pods of the control planes, etcd among them.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Component.
      type: str
      sample: kube-apiserver
    node:
      description: Node that it runs on.
      type: str
    ready:
      description: Whether it is ready.
      type: bool
    version:
      description: Tag of its image.
      type: str
    restarts:
      description: How often its containers were restarted.
      type: int
etcd:
  description: What M(kubephase.cluster.etcd_members) returns, and C(error) where no member answers.
  returned: always
  type: dict
certificates:
  description: Ends of the certificates on the host, those that C(kubeadm certs check-expiration) lists.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: kubeadm's name for it.
      type: str
      sample: apiserver
    path:
      description: Its file.
      type: str
    expires:
      description: Its end.
      type: str
      sample: '2027-11-23T09:00:00Z'
    residual_seconds:
      description: Seconds up to then, negative where it is over.
      type: int
    authority:
      description: Authority that it comes from.
      type: str
    externally_managed:
      description: Whether that authority's key is not on the host.
      type: bool
    error:
      description: Why it cannot be read.
      type: str
authorities:
  description: The same for the authorities' own certificates.
  returned: always
  type: list
  elements: dict
"""

from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_report import report
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    **API_ARGUMENTS,
    "timeout": {"type": "int", "default": 10},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
}


def found(module: AnsibleModule) -> dict:
    return report(**module.params, now=datetime.now(timezone.utc))


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: found(module))


if __name__ == "__main__":
    main()
