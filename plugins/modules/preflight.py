#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Check whether a host can become a node, as kubeadm does
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Makes kubeadm's preflight checks under kubeadm's names, with its thresholds and levels, all in one call, and reports all
    that is wrong together. The role C(preflight) lists the checks.
  - What is this host's own is no obstacle. A port is fine when the very component that belongs there listens on it, a manifest
    when it is the static Pod of its component, etcd's data when etcd's manifest or certificate is on the host,
    and C(kubelet.conf) when it is of the cluster that is pinned. So a host that is converged, or was left half made, passes.
  - Three checks are not kubeadm's but this collection's. C(EtcdData-PATH) wants the data of etcd on a host that is a control plane
    with a local etcd, where a new one would be empty. C(DiskSpace-PATH) looks at O(free_disk) and O(free_disk_etcd), C(ClockSkew)
    at O(controller_time).
  - In check mode, a check of what an earlier role would have installed is listed in RV(skipped_checks) and is no error.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  profile:
    description:
      - V(init) for a host that starts as a control plane, V(join) for a worker, V(join_control_plane) for a control plane
        that joins a running cluster.
    type: str
    choices: [init, join, join_control_plane]
    default: init
  cluster_configuration:
    description: kubeadm's ClusterConfiguration (v1beta4), defaulted.
    type: dict
    required: true
  local_api_endpoint:
    description: This host's C(localAPIEndpoint).
    type: dict
    default: {}
  node_registration:
    description: This host's C(nodeRegistration), of which C(ignorePreflightErrors) is heeded too.
    type: dict
    default: {}
  minor:
    description: The minor version whose kubeadm is followed. By default that of C(kubernetesVersion).
    type: int
    choices: [34, 35, 36, 37]
  ignore:
    description: Checks whose errors are only warnings, by name in any case, or V(all) alone.
    type: list
    elements: str
    default: []
  discovery_endpoint:
    description: Where a joining host reaches the API server, with or without C(https://).
    type: str
    default: ''
  ca_cert_path:
    description: Where a joining worker keeps the cluster's CA certificate.
    type: path
    default: /etc/kubernetes/pki/ca.crt
  ca_cert_hashes:
    description: The pins of the cluster's CA (C(sha256:HEX)), which a CA that is already on a joining host has to match.
    type: list
    elements: str
    default: []
  proxy_env:
    description: The proxy variables the components are given, as a list of C(name) and C(value). By default those of this process.
    type: list
    elements: dict
    default: []
  free_disk:
    description: MiB that have to be free, by path. On a host that is a node already, a shortage is only a warning.
    type: dict
    default:
      /var/lib/containerd: 2048
      /var/lib/kubelet: 2048
  free_disk_etcd:
    description: MiB that have to be free for the data of a local etcd.
    type: int
    default: 1024
  controller_time:
    description: The controller's clock (seconds since 1970), from which this host's may differ by 300 s.
    type: float
  images:
    description: Images this host will need.
    type: list
    elements: str
    default: []
  pull:
    description:
      - Pull O(images) once all other checks have passed (kubeadm's check C(ImagePull)), by the C(imagePullPolicy) and
        C(imagePullSerial) of O(node_registration).
    type: bool
    default: false
  pause_image:
    description: The sandbox image the runtime should use. Another one is a warning when images are pulled.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Check a host that will be a control plane
  kubephase.cluster.preflight:
    cluster_configuration: "{{ kubephase.cluster }}"
    local_api_endpoint: "{{ kubephase.local_api_endpoint }}"
    node_registration: "{{ kubephase.node_registration }}"
    ignore: [Swap]
    images: "{{ kubephase.images.values() | list }}"
    pull: true
"""

RETURN = r"""
checks:
  description: Every check that was made. C(result) is V(ok), V(warning), V(ignored) (an error that was ignored) or V(skipped).
  returned: success
  type: list
  elements: dict
  sample:
    - {name: NumCPU, level: error, result: ok, message: ''}
skipped_checks:
  description: Names of the checks whose result cannot be known in check mode, because nothing is installed yet.
  returned: success
  type: list
  elements: str
missing_images:
  description: Those of O(images) that are not on the host (after pulling, if they were pulled).
  returned: success
  type: list
  elements: str
pulled_images:
  description: Those of O(images) that were pulled.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.report import preflight
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.request import Request

ARGUMENTS = {
    "profile": {"type": "str", "choices": ["init", "join", "join_control_plane"], "default": "init"},
    "cluster_configuration": {"type": "dict", "required": True},
    "local_api_endpoint": {"type": "dict", "default": {}},
    "node_registration": {"type": "dict", "default": {}},
    "minor": {"type": "int", "choices": [34, 35, 36, 37]},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "discovery_endpoint": {"type": "str", "default": ""},
    "ca_cert_path": {"type": "path", "default": "/etc/kubernetes/pki/ca.crt"},
    "ca_cert_hashes": {"type": "list", "elements": "str", "default": []},
    "proxy_env": {"type": "list", "elements": "dict", "default": []},
    "free_disk": {"type": "dict", "default": {"/var/lib/containerd": 2048, "/var/lib/kubelet": 2048}},
    "free_disk_etcd": {"type": "int", "default": 1024},
    "controller_time": {"type": "float"},
    "images": {"type": "list", "elements": "str", "default": []},
    "pull": {"type": "bool", "default": False},
    "pause_image": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)

    def job() -> dict[str, Any]:
        report = preflight(Host(check_mode=module.check_mode), Request(**module.params))
        for line in report.warnings():
            module.warn(line)
        report.raise_errors()
        return report.result()

    run(module, job)


if __name__ == "__main__":
    main()
