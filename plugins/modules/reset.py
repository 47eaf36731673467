#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: reset
short_description: Take away what kubeadm's phases and this collection made on a host, and nothing else
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Does what C(kubeadm reset) does, with files by name and not by directory. The kubelet is stopped, its Pods are removed, what is
    mounted for them is unmounted; manifests, certificates, kubeconfigs and the kubelet's files are deleted, and the Pod network and
    the rules of kube-proxy with them.
  - The data of etcd is deleted where a manifest of this host names it, and never while a process has it open. Containers that are
    no kubelet's, other CNI configurations, firewall rules, files beside ours, packages and a package's files stay.
  - With O(scope=all) binaries, container runtime and host preparation go too, as far as the collection installed them. containerd
    stays where it has another namespace than the kubelet's or containers of somebody else. Kernel modules, kernel parameters and
    swap are as they were made until the next boot; swap lines of C(/etc/fstab) stay commented.
  - A host that is still a node, or a member of etcd, is refused. So is one of which nobody can tell. It is asked with the host's own
    credentials. No other host and no API object is changed.
  - A run that died is finished by the next one.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  scope:
    description:
      - V(cluster) is what makes the host a member of a cluster, its Pod network included.
      - V(all) is everything that was installed and prepared, too.
    type: str
    choices: [all, cluster]
    default: all
  force:
    description: Whether a host goes that is, or may be, a member of a running cluster.
    type: bool
    default: false
  node_name:
    description: Name of this host's node.
    type: str
    required: true
  certificates_dir:
    description: Directory of the cluster's certificates.
    type: path
    default: /etc/kubernetes/pki
  manifests:
    description: Directory of the static Pods' manifests.
    type: path
    default: /etc/kubernetes/manifests
  cri_socket:
    description: Socket of the container runtime.
    type: str
    default: unix:///var/run/containerd/containerd.sock
  skip_phases:
    description: Phases of C(kubeadm reset) that are skipped. Without C(remove-etcd-member) the data of etcd stays.
    type: list
    elements: str
    default: []
  unmount_flags:
    description: How what is mounted below C(/var/lib/kubelet) is unmounted.
    type: list
    elements: str
    choices: [MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW]
    default: []
  cleanup_tmp_dir:
    description: Whether everything in C(/etc/kubernetes/tmp) goes, which holds backups of upgrades.
    type: bool
    default: false
  cni_config_dir:
    description: Directory of the CNI configuration.
    type: path
    default: /etc/cni/net.d
  network_config_dir:
    description: Directory of the Pod network's routes and ruleset.
    type: path
    default: /etc/kubephase
  dry_run:
    description: Only say what would be done, as in check mode, and never be changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Make the host a plain server again
  kubephase.cluster.reset:
    node_name: w1

- name: Take the host out of its dead cluster and leave what is installed
  kubephase.cluster.reset:
    node_name: cp1
    scope: cluster
    force: true
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: always
  type: list
  elements: str
  sample: ["stop kubelet.service", "remove Pod kube-system/etcd-cp1", "delete /var/lib/etcd/member and everything in it"]
left:
  description: What stayed although it is where the collection's own is, each with C(path) and C(reason).
  returned: always
  type: list
  elements: dict
  sample: [{"path": "/usr/bin/kubectl", "reason": "it was there before"}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.order import reset

FLAGS = ["MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW"]
ARGUMENTS = {
    "scope": {"type": "str", "choices": ["all", "cluster"], "default": "all"},
    "force": {"type": "bool", "default": False},
    "node_name": {"type": "str", "required": True},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
    "cri_socket": {"type": "str", "default": "unix:///var/run/containerd/containerd.sock"},
    "skip_phases": {"type": "list", "elements": "str", "default": []},
    "unmount_flags": {"type": "list", "elements": "str", "choices": FLAGS, "default": []},
    "cleanup_tmp_dir": {"type": "bool", "default": False},
    "cni_config_dir": {"type": "path", "default": "/etc/cni/net.d"},
    "network_config_dir": {"type": "path", "default": "/etc/kubephase"},
    "dry_run": {"type": "bool", "default": False},
}


def undo(module: AnsibleModule) -> dict:
    given = module.params
    request = Request(
        node_name=given["node_name"],
        everything=given["scope"] == "all",
        force=given["force"],
        certificates_dir=given["certificates_dir"].rstrip("/"),
        manifests=given["manifests"].rstrip("/"),
        cri_socket=given["cri_socket"],
        skip_phases=tuple(given["skip_phases"]),
        unmount_flags=tuple(given["unmount_flags"]),
        cleanup_tmp_dir=given["cleanup_tmp_dir"],
        cni_config_dir=given["cni_config_dir"].rstrip("/"),
        network_config_dir=given["network_config_dir"].rstrip("/"),
    )
    result = reset(request, module.check_mode or given["dry_run"])
    return {**result, "changed": result["changed"] and (module.check_mode or not given["dry_run"])}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: undo(module))


if __name__ == "__main__":
    main()
