#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: copy_certs
short_description: Copy what control planes share from one host to others, readable by nobody between them
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Takes certificates and keys of authorities, and the keys of service accounts, to control planes that lack them, in three steps. With
    O(state=requested) a receiver says what it lacks and makes a one-time key. With O(state=sealed) the host that has the files seals the
    private ones for each receiver. With O(state=installed) the receiver opens and writes them, and forgets the key.
  - Private keys are sealed by HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, AES-256-GCM). The controller carries ciphertext. Public
    files travel as they are, bound to what is sealed.
  - Nothing is overwritten. A file that contradicts the holder's is an error that names both, and nothing is written on any host then.
  - Modes are those of C(kubeadm join --control-plane) with a certificate key. Keys are 0600, everything else is 0644.
extends_documentation_fragment:
  - kubephase.cluster.attributes
requirements:
  - python3-cryptography >= 3.4.8 on the hosts
options:
  state:
    description:
      - Which step. Only V(installed) is reported as a change. V(requested) leaves nothing but the one-time key, and V(sealed) reads.
    type: str
    choices: [requested, sealed, installed]
    required: true
  name:
    description: Name of the host that the step is run on, which the other side's errors and the results show.
    type: str
    required: true
  certificates_dir:
    description: Directory of the certificates.
    type: path
    default: /etc/kubernetes/pki
  external_etcd:
    description: C(etcd.external) of the ClusterConfiguration, whose files are copied too. Empty for a local etcd.
    type: dict
    default: {}
  authority_keys:
    description: With V(shared) the keys of the authorities are copied, as with kubeadm. With V(single) they stay where they are.
    type: str
    choices: [shared, single]
    default: shared
  left_out:
    description: Files that are of no concern, by the names that they have in kubeadm's Secret C(kubeadm-certs).
    type: list
    elements: str
    choices:
      - ca.crt
      - ca.key
      - front-proxy-ca.crt
      - front-proxy-ca.key
      - sa.pub
      - sa.key
      - etcd-ca.crt
      - etcd-ca.key
      - external-etcd-ca.crt
      - external-etcd.crt
      - external-etcd.key
    default: []
  one_time_key:
    description: Where the receiver keeps its one-time key between the steps. In memory, unless something else is said.
    type: path
    default: /run/kubephase-copy-certs.key
  receivers:
    description: For O(state=sealed), the RV(request) of each receiver.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The receiver's O(name).
        type: str
        required: true
      public_key:
        description: Public half of its one-time key in base64.
        type: str
        default: ''
      wanted:
        description: Names of the files that it lacks.
        type: list
        elements: str
        default: []
      present:
        description: SHA-256 of what it has, by name.
        type: dict
        default: {}
  parcel:
    description: For O(state=installed), this host's part of RV(parcels).
    type: dict
    suboptions:
      sender:
        description: The holder's O(name).
        type: str
        required: true
      receiver:
        description: The receiver's O(name).
        type: str
        required: true
      names:
        description: What is in it.
        type: list
        elements: str
        default: []
      plain:
        description: The public files in base64 by name.
        type: dict
        default: {}
      sealed:
        description: The private ones, ciphertext in base64.
        type: str
        default: ''
"""

EXAMPLES = r"""
- name: Say what is missing
  kubephase.cluster.copy_certs:
    state: requested
    name: cp2
  register: asked

- name: Seal it where it is
  kubephase.cluster.copy_certs:
    state: sealed
    name: cp1
    receivers: ["{{ asked.request }}"]
  delegate_to: cp1
  register: answered

- name: Write it
  kubephase.cluster.copy_certs:
    state: installed
    name: cp2
    parcel: "{{ answered.parcels.cp2 }}"
"""

RETURN = r"""
request:
  description: What the host lacks and what it has, for O(receivers).
  returned: for O(state=requested)
  type: dict
  contains:
    name:
      description: The host's O(name).
      type: str
      sample: cp2
    public_key:
      description: Public half of the one-time key in base64. Empty where nothing is missing, and in check mode.
      type: str
    wanted:
      description: Names of the missing files.
      type: list
      elements: str
      sample: [ca.key, sa.key, ca.crt, sa.pub]
    present:
      description: SHA-256 of the certificates that are there, and of the public halves of keys, by name.
      type: dict
parcels:
  description: What each receiver is to get, by its name. In check mode without contents.
  returned: for O(state=sealed)
  type: dict
installed:
  description: The files that were written.
  returned: for O(state=installed)
  type: list
  elements: str
  sample: [/etc/kubernetes/pki/ca.key]
travelled:
  description: What came from where, and how.
  returned: for O(state=installed)
  type: list
  elements: dict
  contains:
    file:
      description: Path of the file.
      type: str
      sample: /etc/kubernetes/pki/sa.key
    from:
      description: The holder.
      type: str
      sample: cp1
    to:
      description: The receiver.
      type: str
      sample: cp2
    how:
      description: V(sealed), or V(plain (public\)).
      type: str
      sample: sealed
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs import (
    ONE_TIME_KEY,
    Receiver,
    install,
    request,
    seal,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_files import NAMES, SHARED, SINGLE, Layout
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_parcel import Parcel
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["requested", "sealed", "installed"], "required": True},
    "name": {"type": "str", "required": True},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "external_etcd": {"type": "dict", "default": {}},
    "authority_keys": {"type": "str", "choices": [SHARED, SINGLE], "default": SHARED},
    "left_out": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
    "one_time_key": {"type": "path", "default": ONE_TIME_KEY, "no_log": False},
    "receivers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "public_key": {"type": "str", "default": "", "no_log": False},
            "wanted": {"type": "list", "elements": "str", "default": []},
            "present": {"type": "dict", "default": {}},
        },
    },
    "parcel": {
        "type": "dict",
        "options": {
            "sender": {"type": "str", "required": True},
            "receiver": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "plain": {"type": "dict", "default": {}},
            "sealed": {"type": "str", "default": ""},
        },
    },
}


def step(module: AnsibleModule) -> dict[str, Any]:
    given = module.params
    layout = Layout(
        certificates_dir=given["certificates_dir"],
        external_etcd=given["external_etcd"],
        authority_keys=given["authority_keys"],
        left_out=given["left_out"],
    )
    if given["state"] == "requested":
        return request(layout, given["name"], given["one_time_key"], module.check_mode)
    if given["state"] == "sealed":
        return seal(layout, given["name"], [Receiver(**each) for each in given["receivers"]], module.check_mode)
    return install(layout, Parcel(**given["parcel"]), given["name"], given["one_time_key"], module.check_mode)


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("state", "installed", ["parcel"])]
    )
    run(module, lambda: step(module))


if __name__ == "__main__":
    main()
