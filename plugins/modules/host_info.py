#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Facts of a host that the configuration depends on
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Reads names, addresses, distribution and cluster membership of a host, from the kernel and from files.
  - M(kubephase.cluster.config) calls it once for each host and run; it is rarely needed by itself.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.attributes.info
options:
  certificates_dir:
    description: Directory of the cluster's certificates, where no manifest on the host names another.
    type: path
    default: /etc/kubernetes/pki
seealso:
  - module: kubephase.cluster.config
"""

EXAMPLES = r"""
- name: Read the host's facts
  kubephase.cluster.host_info:
  register: host_info
"""

RETURN = r"""
host:
  description: The facts.
  returned: success
  type: dict
  contains:
    hostname:
      description: The host's name as the kernel has it.
      type: str
    default_ipv4:
      description: IPv4 address that kubeadm would advertise, empty without a default route.
      type: str
    default_ipv6:
      description: IPv6 address that kubeadm would advertise, empty without a default route.
      type: str
    architecture:
      description: Architecture in Kubernetes' words.
      type: str
      sample: amd64
    distribution:
      description: C(id), C(version_id) and C(family) (V(debian) or V(redhat)).
      type: dict
    cgroup_version:
      description: Version of the mounted cgroup hierarchy.
      type: int
    systemd_resolved:
      description: Whether systemd-resolved is active.
      type: bool
    extra_ca_directories:
      description: Those directories with CA certificates that the API server's Pod mounts where they exist.
      type: list
      elements: str
    python_cryptography:
      description: Version of the Python package, empty where it is not installed.
      type: str
    python_yaml:
      description: Version of the Python package, empty where it is not installed.
      type: str
    kernel:
      description: Release of the running kernel.
      type: str
    member:
      description: What the host is in a cluster, V(control_plane), V(worker) or empty.
      type: str
    founding:
      description: Whether the host begins a cluster that does not stand yet.
      type: bool
    etcd_initial_cluster:
      description: Members that etcd starts with, as its manifest says. Empty where there is none.
      type: str
      sample: cp1=https://192.0.2.10:2380,cp2=https://192.0.2.11:2380
    etcd_initial_cluster_state:
      description: V(existing) where the manifest is that of a member that joined others, else empty.
      type: str
    etcd_authority:
      description: What the host has of etcd's certificate authority, V(key), V(certificate) where that is alone, or nothing.
      type: str
    certificates_dirs:
      description: Directories of the files that the manifest of kube-apiserver names. Empty where there is none.
      type: list
      elements: str
      sample: [/etc/kubernetes/pki]
    super_admin:
      description: Whether the host has C(super-admin.conf), as the control plane that began its cluster.
      type: bool
    ca_key:
      description: Whether the host has the key of the cluster's certificate authority.
      type: bool
    authorities:
      description: Which cluster the host belongs to, SHA-256 of the certificate authorities in its C(kubelet.conf).
      type: list
      elements: str
    etcd_authorities:
      description: The same of etcd, by the authority that etcd's manifest names, else the API server's, else C(pki/etcd/ca.crt).
      type: list
      elements: str
    memory_mib:
      description: Memory in MiB.
      type: int
    cpus:
      description: Usable processors.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _host_info
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {"certificates_dir": {"type": "path", "default": _host_info.CERTIFICATES}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(
        module,
        lambda: {"changed": False, "host": _host_info.gather(certificates_dir=module.params["certificates_dir"])},
    )


if __name__ == "__main__":
    main()
