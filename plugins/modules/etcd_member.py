#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Make a host a member of the running etcd of a control plane, or take members out
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Does what kubeadm's phase etcd-join does around etcd's manifest, with two calls. With O(state=added) the host is added as a
    learner and told what its manifest has to say; with O(state=promoted) it is waited for until its etcd runs, has caught up and
    votes.
  - The other members are found by the annotation C(kubeadm.kubernetes.io/etcd.advertise-client-urls) of the etcd Pods, unless
    O(endpoints) are given.
  - Both look at what etcd says, so a run that died is gone on with. etcd has one learner at a time, a host that joins meanwhile is
    waited for.
  - Refused where etcd is not well enough, where the data directory belongs to no member, and where this host is a member whose data
    is gone.
  - With O(state=absent) it is called on a host that stays, and takes members of other hosts out, dead ones too. Refused, in check mode
    as well, where etcd has no majority or would have none afterwards, and while another member is on its way. The error names every
    member and how it is. A leader hands over before it goes.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  state:
    description: Which step.
    type: str
    choices: [added, promoted, absent]
    default: added
  name:
    description: Name of the member, which is the node's. Needed unless O(state=absent).
    type: str
  peer_url:
    description: Where the other members reach this one. Needed unless O(state=absent).
    type: str
  client_url:
    description: Where clients reach this one. Needed unless O(state=absent).
    type: str
  members:
    description: The members that leave, with O(state=absent). One that is no member (any more) is passed over, but refused where a member
      of another name has its address.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name, which is the node's.
        type: str
        required: true
      peer_urls:
        description:
          - Where the others reach it. They tell members of one name apart, and find a member that has never started, which has no
            name yet.
        type: list
        elements: str
        default: []
  endpoints:
    description: URLs of other members' client ports. Without them the etcd Pods tell. With O(state=absent) those of the host's own
      manifests are asked too, after these.
    type: list
    elements: str
    default: []
  kubeconfig:
    description: Kubeconfig on the host by which the etcd Pods are found. Not needed with O(endpoints).
    type: path
    default: /etc/kubernetes/admin.conf
  certificates_dir:
    description: Directory of the cluster's certificates. C(etcd/healthcheck-client.crt) in it lets the host in.
    type: path
    default: /etc/kubernetes/pki
  manifests:
    description: Directory of the static Pods' manifests.
    type: path
    default: /etc/kubernetes/manifests
  data_dir:
    description: etcd's data on this host.
    type: path
    default: /var/lib/etcd
  check:
    description: Whether etcd has to be well before a member is added, kubeadm's phase check-etcd.
    type: bool
    default: true
  kubernetes_minor:
    description: Minor version of Kubernetes. Up to 35 every member has to be well, later on a majority.
    type: int
    default: 37
  etcd_timeout:
    description: Seconds for which etcd is waited for.
    type: int
    default: 120
  timeout:
    description: Seconds for which failing requests to the API server are repeated.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Add the member
  kubephase.cluster.etcd_member:
    name: cp2
    peer_url: https://192.0.2.11:2380
    client_url: https://192.0.2.11:2379
  register: added

- name: Wait for the member and let it vote
  kubephase.cluster.etcd_member:
    state: promoted
    name: cp2
    peer_url: https://192.0.2.11:2380
    client_url: https://192.0.2.11:2379

- name: Take the member of a host that died out, on a control plane that stays
  kubephase.cluster.etcd_member:
    state: absent
    members:
      - name: cp1
"""

RETURN = r"""
member_id:
  description: ID of the member as etcdctl prints it. Empty in check mode where it would be added.
  returned: unless O(state=absent)
  type: str
  sample: 8e9e05c52164694d
initial_cluster:
  description: What etcd's manifest has to say.
  returned: with O(state=added)
  type: str
  sample: cp1=https://192.0.2.10:2380,cp2=https://192.0.2.11:2380
removed:
  description: Names of the members that were taken out, in this order.
  returned: with O(state=absent)
  type: list
  elements: str
members:
  description: Names of the members that stay.
  returned: with O(state=absent)
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import local
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.joining import Joining, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.removing import Removing, Unwanted
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "state": {"type": "str", "choices": ["added", "promoted", "absent"], "default": "added"},
    "name": {"type": "str"},
    "peer_url": {"type": "str"},
    "client_url": {"type": "str"},
    "members": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "peer_urls": {"type": "list", "elements": "str", "default": []},
        },
    },
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "kubeconfig": {"type": "path", "default": "/etc/kubernetes/admin.conf"},
    "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
    "data_dir": {"type": "path", "default": "/var/lib/etcd"},
    "check": {"type": "bool", "default": True},
    "kubernetes_minor": {"type": "int", "default": 37},
    "etcd_timeout": {"type": "int", "default": 120},
    "timeout": {"type": "int", "default": 60},
}


def join(module: AnsibleModule) -> dict:
    given = module.params
    wanted = Wanted(
        name=given["name"],
        peer_url=given["peer_url"],
        client_url=given["client_url"],
        kubeconfig=given["kubeconfig"],
        endpoints=tuple(given["endpoints"]),
        credentials=local.stacked(given["certificates_dir"]),
        manifests=given["manifests"],
        data_dir=given["data_dir"],
        check=given["check"],
        quorum=given["kubernetes_minor"] >= 36,
        etcd_timeout=given["etcd_timeout"],
        api_timeout=given["timeout"],
    )
    joining = Joining(wanted, module.check_mode)
    return joining.add() if given["state"] == "added" else joining.promote()


def leave(module: AnsibleModule) -> dict:
    given = module.params
    found = local.access(given["manifests"], given["certificates_dir"], given["endpoints"], own=True)
    if found is None and module.check_mode:
        return {"changed": False, "removed": [], "members": []}
    unwanted = [Unwanted(one["name"], tuple(one["peer_urls"])) for one in given["members"]]
    access = local.require(found, given["manifests"])
    return Removing(unwanted, access, given["etcd_timeout"], module.check_mode).run()


def main() -> None:
    each = ("name", "peer_url", "client_url")
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "added", each), ("state", "promoted", each), ("state", "absent", ("members",))],
        supports_check_mode=True,
    )
    run(module, lambda: leave(module) if module.params["state"] == "absent" else join(module))


if __name__ == "__main__":
    main()
