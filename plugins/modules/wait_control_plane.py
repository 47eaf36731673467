#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: wait_control_plane
short_description: Start the kubelet and wait until this host's control plane is healthy
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Enables and starts the kubelet, and restarts it when one of the files it reads at its start is newer than its process.
  - Waits, polling on the host, until the kubelet, kube-apiserver, kube-controller-manager, kube-scheduler, etcd and C(kube-csr-signer)
    say that they are healthy, each at the address its configuration gives, and run with the very arguments of their manifests.
    Components without a manifest on the host are not waited for.
  - A component that is older than its manifest is waited for while the kubelet may still be about to replace it, for at most one
    minute after the manifest was written.
  - A component that is older than a file named by its flags, such as a renewed certificate or a kubeconfig, is restarted first.
  - Then ensures the ClusterRoleBinding C(kubeadm:cluster-admins), with O(super_admin_kubeconfig) where O(kubeconfig) has no rights
    yet.
  - When the time is over, the error names each component, what it last said, and the end of its log.
  - In check mode nothing is waited for, and RV(unwell) tells what a run would wait for.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
options:
  super_admin_kubeconfig:
    description: Kubeconfig of the group C(system:masters), used only where O(kubeconfig) may not manage the cluster.
    type: path
    default: /etc/kubernetes/super-admin.conf
  manifests:
    description: Directory of the static Pods' manifests.
    type: path
    default: /etc/kubernetes/manifests
  advertise_address:
    description: Address of the API server where its manifest does not give one.
    type: str
    default: 127.0.0.1
  kubelet_config:
    description: The kubelet's configuration, for the address of its health check.
    type: path
    default: /var/lib/kubelet/config.yaml
  watch:
    description: Files that the kubelet reads at its start.
    type: list
    elements: path
    default: []
  start:
    description: Whether the kubelet is started.
    type: bool
    default: true
  wait:
    description: Whether anything is waited for, and outdated components are restarted.
    type: bool
    default: true
  administrators:
    description: Whether the administrators' group is given its rights. A host of etcd has no API server for that.
    type: bool
    default: true
  kubelet_timeout:
    description: Seconds to wait for the kubelet.
    type: int
    default: 240
  component_timeout:
    description: Seconds to wait for the components.
    type: int
    default: 240
"""

EXAMPLES = r"""
- name: Wait for the control plane
  kubephase.cluster.wait_control_plane:
    server: https://192.0.2.10:6443
"""

RETURN = r"""
unit:
  description: What was done to the kubelet's unit.
  returned: always
  type: list
  elements: str
  sample: [enabled, started]
restarted:
  description: Names of the components that were restarted.
  returned: always
  type: list
  elements: str
  sample: [kube-scheduler]
unwell:
  description:
    - Names of the components that do not run as their manifests say, or do not say that they are healthy. An API server without
      a manifest is among them. Nothing is known where there is no O(kubeconfig) yet.
  returned: in check mode
  type: list
  elements: str
  sample: [kube-apiserver]
objects:
  description: The API objects that were changed.
  returned: always
  type: list
  elements: dict
  contains:
    object:
      description: Kind and name.
      type: str
      sample: ClusterRoleBinding kubeadm:cluster-admins
    action:
      description: What was done.
      type: str
      sample: created
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._control_plane_wait import Awaited, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    **API_ARGUMENTS,
    "super_admin_kubeconfig": {"type": "path", "default": "/etc/kubernetes/super-admin.conf"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
    "advertise_address": {"type": "str", "default": "127.0.0.1"},
    "kubelet_config": {"type": "path", "default": "/var/lib/kubelet/config.yaml"},
    "watch": {"type": "list", "elements": "path", "default": []},
    "start": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "administrators": {"type": "bool", "default": True},
    "kubelet_timeout": {"type": "int", "default": 240},
    "component_timeout": {"type": "int", "default": 240},
}


def wait(module: AnsibleModule) -> dict:
    given = module.params
    awaited = Awaited(
        manifests=given["manifests"],
        kubelet_config=given["kubelet_config"],
        admin_conf=given["kubeconfig"],
        super_admin_conf=given["super_admin_kubeconfig"],
        server=given["server"],
        advertise_address=given["advertise_address"],
        watch=given["watch"],
        start=given["start"],
        wait=given["wait"],
        administrators=given["administrators"],
        kubelet_timeout=given["kubelet_timeout"],
        component_timeout=given["component_timeout"],
        api_timeout=given["timeout"],
    )
    return ensure(awaited, module.check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: wait(module))


if __name__ == "__main__":
    main()
