#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_members
short_description: The members of etcd, and how they are
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Lists the members of the etcd that a control plane uses, or that a host of etcd belongs to. Every member is asked itself.
  - Where etcd is and what lets one in, the manifests on the host tell, that of etcd, else that of the API server. No API server has
    to answer, and no majority of etcd.
  - A member that does not answer is a fact and no error. Where no member answers, the module fails.
  - On a host without either manifest nothing is found; in check mode that is no error.
extends_documentation_fragment:
  - kubephase.cluster.attributes.info
options:
  endpoints:
    description: URLs of members' client ports, instead of those that the manifests name.
    type: list
    elements: str
    default: []
  ca_file:
    description: Authority that the members' certificates come from, instead of the one that the manifests name.
    type: path
    default: ''
  cert_file:
    description: The client's certificate, together with O(ca_file).
    type: path
    default: ''
  key_file:
    description: Its key.
    type: path
    default: ''
  require:
    description:
      - What has to be so. Otherwise the module fails, and names every member and how it is.
      - V(quorum) means a majority that is well, V(addable) that one more voter could not cost etcd its majority, V(everyone) that
        all members are well, which kubeadm wants before it adds one up to Kubernetes 1.35.
    type: str
    choices: [nothing, quorum, addable, everyone]
    default: nothing
  joining:
    description: Peer URLs of the members that are to join. Where all of them are members already, V(quorum) is enough.
    type: list
    elements: str
  timeout:
    description: Seconds for which what O(require) says is waited for.
    type: int
    default: 30
  certificates_dir:
    description: Directory of the cluster's certificates.
    type: path
    default: /etc/kubernetes/pki
  manifests:
    description: Directory of the static Pods' manifests.
    type: path
    default: /etc/kubernetes/manifests
seealso:
  - module: kubephase.cluster.etcd_member
  - module: kubephase.cluster.cluster_info
"""

EXAMPLES = r"""
- name: See how etcd is
  kubephase.cluster.etcd_members:
  register: etcd

- name: Stop where no member may fail
  ansible.builtin.assert:
    that: etcd.failure_tolerance > 0
    fail_msg: "{{ etcd.members | rejectattr('healthy') | map(attribute='error') | join('; ') }}"

- name: Stop where etcd has lost its majority
  kubephase.cluster.etcd_members:
    require: quorum
"""

RETURN = r"""
members:
  description: The members, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Its name, the node's. Empty where it has never started.
      type: str
    id:
      description: Its ID, as etcdctl prints it.
      type: str
      sample: 8e9e05c52164694d
    peer_urls:
      description: Where the other members reach it.
      type: list
      elements: str
    client_urls:
      description: Where clients reach it.
      type: list
      elements: str
    learner:
      description: Whether it does not vote yet.
      type: bool
    started:
      description: Whether it has ever come up.
      type: bool
    healthy:
      description: Whether it answers, knows a leader and raises no alarm.
      type: bool
    error:
      description: What is wrong with it.
      type: str
    leader:
      description: Whether it is the leader.
      type: bool
    version:
      description: Version of its server.
      type: str
      sample: 3.7.3
    db_size:
      description: Bytes of its database.
      type: int
    db_size_in_use:
      description: Bytes of it that are in use.
      type: int
    raft_term:
      description: Its term.
      type: int
    raft_index:
      description: The last entry of its log.
      type: int
    raft_applied_index:
      description: The last entry that it has applied.
      type: int
leader:
  description: Name of the leader. Empty where there is none.
  returned: always
  type: str
version:
  description: Version of the servers. Several, separated by commas, while they are upgraded.
  returned: always
  type: str
voters:
  description: Number of members that vote.
  returned: always
  type: int
healthy_voters:
  description: Number of those that are well.
  returned: always
  type: int
quorum:
  description: Number of voters that have to be well.
  returned: always
  type: int
has_quorum:
  description: Whether a majority is well and agrees on who the members are.
  returned: always
  type: bool
failure_tolerance:
  description: Number of members that may still fail.
  returned: always
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import local, members
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Credentials
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "ca_file": {"type": "path", "default": ""},
    "cert_file": {"type": "path", "default": ""},
    "key_file": {"type": "path", "default": "", "no_log": False},
    "require": {"type": "str", "choices": ["nothing", "quorum", "addable", "everyone"], "default": "nothing"},
    "joining": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 30},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
}


def found(module: AnsibleModule) -> dict:
    given = module.params
    own = Credentials(given["ca_file"], given["cert_file"], given["key_file"]) if given["ca_file"] else None
    access = local.access(given["manifests"], given["certificates_dir"], given["endpoints"], own)
    if access is None and module.check_mode:
        return {"changed": False, **members.NOTHING}
    wanted = "" if given["require"] == "nothing" else given["require"]
    there = local.require(access, given["manifests"])
    return {"changed": False, **members.report(there, wanted, given["timeout"], given["joining"])}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: found(module))


if __name__ == "__main__":
    main()
