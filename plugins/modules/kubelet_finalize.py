#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubelet_finalize
short_description: Let the kubelet's kubeconfig name the certificate that the kubelet rotates
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Does what C(kubeadm init phase kubelet-finalize enable-client-cert-rotation) does. In the kubelet's kubeconfig the
    client certificate and key inside are replaced by the path of C(kubelet-client-current.pem).
  - A kubelet that made C(kubelet-client-current.pem) after it started works with that already, and is not restarted for it; the
    file keeps its time of modification. A kubelet that started before the file was written for another reason, or by an earlier run
    that died, is restarted.
  - Nothing is done where the kubelet has not made C(kubelet-client-current.pem), or where that has expired.
extends_documentation_fragment:
  - kubephase.cluster.attributes
requirements:
  - python3-cryptography >= 3.4.8 and python3-yaml on the host. Check mode does without where nothing exists yet.
options:
  kubeconfig:
    description: The kubelet's kubeconfig.
    type: path
    default: /etc/kubernetes/kubelet.conf
  certificate_directory:
    description: Directory in which the kubelet keeps C(kubelet-client-current.pem).
    type: path
    default: /var/lib/kubelet/pki
  joined:
    description:
      - Leave the file as the kubelet itself writes it on a host that joins, where cluster, context and user have other
        names. For control planes that begin a cluster beside the first one.
    type: bool
    default: false
  unit:
    description: The kubelet's systemd unit.
    type: str
    default: kubelet
"""

EXAMPLES = r"""
- name: Let the kubelet rotate its certificate
  kubephase.cluster.kubelet_finalize:
"""

RETURN = r"""
unit:
  description: What was done to the unit.
  returned: always
  type: list
  elements: str
  sample: [restarted]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _module
from ansible_collections.kubephase.cluster.plugins.module_utils._kubelet_finalize import finalize
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path", "default": "/etc/kubernetes/kubelet.conf"},
            "certificate_directory": {"type": "path", "default": "/var/lib/kubelet/pki"},
            "joined": {"type": "bool", "default": False},
            "unit": {"type": "str", "default": "kubelet"},
        },
        supports_check_mode=True,
    )
    params = module.params
    unit = Unit(params["unit"], module.check_mode)
    _module.run(
        module,
        lambda: finalize(
            params["kubeconfig"], params["certificate_directory"], unit, module.check_mode, params["joined"]
        ),
    )


if __name__ == "__main__":
    main()
