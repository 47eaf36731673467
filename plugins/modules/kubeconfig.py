#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig
short_description: Kubeconfigs with client certificates of their own, in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Makes and checks what C(kubeadm init phase kubeconfig all) makes, in the same layout, for any users.
  - Each file's client key is made on the host, and its certificate is signed there. That is why the text is made on the
    host as well and is not a template, a template would be rendered where the key must not be. Nothing but public facts
    is returned or shown in a diff.
  - A file that is there is kept when it trusts this certificate authority and its client certificate is valid, whoever
    wrote it. Only its C(server) follows the configuration. A file for another certificate authority, or with a client
    certificate that is expired or belongs to another key, is an error that names it, and nothing is written then.
  - A C(kubelet.conf) that names the certificate the kubelet rotates is kept.
  - Where the authority's key is not on the host, a file is made with its key alone and a certificate signing request
    beside it, as C(kubeadm certs generate-csr) makes them, and is returned in RV(requests).
    M(kubephase.cluster.certificate_signing) signs it wherever the authority's key is, and O(signed_certificates) brings
    the answer. A certificate that is put beside the file, named as RV(requests) says, does as well.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.certificates
requirements:
  - python3-cryptography >= 3.4.8 and python3-yaml on the host. Check mode does without, it then takes what is there as valid.
options:
  files:
    description: The kubeconfigs.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      server:
        description: URL of the API server.
        type: str
        required: true
      user:
        description: Name of the user, common name of the client certificate.
        type: str
        required: true
      organizations:
        description: Groups of the user, organizations of the client certificate.
        type: list
        elements: str
        default: []
      certificate_validity:
        description: Validity of this file's client certificate, where it is another than O(certificate_validity).
        type: str
        default: ''
      phase:
        description: kubeadm's name of the phase that makes the file, such as V(admin), by which it can be skipped.
        type: str
        default: ''
  certificates_dir:
    description: Directory with the authority's certificate and key. The key is needed only to make client certificates.
    type: path
    default: /etc/kubernetes/pki
  authority:
    description: Name of the authority that signs the client certificates, and of its files in O(certificates_dir).
    type: str
    default: ca
  cluster_name:
    description: Name of the cluster in new files.
    type: str
    default: kubernetes
"""

EXAMPLES = r"""
- name: Give a team a kubeconfig
  kubephase.cluster.kubeconfig:
    files:
      - path: /root/team-a.conf
        server: https://k8s.example.org:6443
        user: team-a
        organizations: [developers]
    certificate_validity: 720h
"""

RETURN = r"""
files:
  description: The kubeconfigs, in the given order.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /etc/kubernetes/admin.conf
    action:
      description:
        - What was done. V(kept), V(created), V(updated), V(renewed), V(installed) for the answer to a request, or
          V(requested) where one waits.
      type: str
      sample: kept
    server:
      description: URL of the API server.
      type: str
      sample: https://k8s.example.org:6443
    user:
      description: Name of the user.
      type: str
      sample: kubernetes-admin
    subject:
      description: Subject of the client certificate. Empty where the file has another kind of credential.
      type: str
      sample: O=kubeadm:cluster-admins, CN=kubernetes-admin
    issuer:
      description: Subject of the authority that signed it.
      type: str
      sample: CN=kubernetes
    not_before:
      description: Start of its validity. Empty in check mode where it is not made yet.
      type: str
      sample: '2026-11-23T02:44:14Z'
    not_after:
      description: End of its validity.
      type: str
      sample: '2027-11-23T02:49:14Z'
    fingerprint:
      description: SHA-256 of the certificate. Empty in check mode where it is not made yet.
      type: str
requests:
  description: What waits to be signed, in the shape of M(kubephase.cluster.pki). A request's name is that of its file.
  returned: always
  type: list
  elements: dict
  sample:
    - name: admin.conf
      authority: ca
      path: /etc/kubernetes/admin.conf.csr
      certificate_path: /etc/kubernetes/admin.conf.crt
      subject: O=kubeadm:cluster-admins, CN=kubernetes-admin
      usages: [clientAuth]
      validity_seconds: 31536000
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _module
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, durations
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.arguments import ARGUMENTS


def settings_from(params: dict) -> client_files.Settings:
    stem = f"{params['certificates_dir'].rstrip('/')}/{params['authority']}"
    renew_before = params["renew_before"]
    return client_files.Settings(
        files=client_files.wanted(params["files"], params["skip_phases"]),
        ca_path=f"{stem}.crt",
        ca_key_path=f"{stem}.key",
        cluster_name=params["cluster_name"],
        algorithm=params["encryption_algorithm"],
        validity=durations.parse(params["certificate_validity"], "certificate_validity"),
        renew_before=durations.parse(renew_before, "renew_before") if renew_before else None,
        authority=params["authority"],
        request_only=params["request_only"],
        signed={item["name"]: item["certificate"] for item in params["signed_certificates"]},
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "server": {"type": "str", "required": True},
                    "user": {"type": "str", "required": True},
                    "organizations": {"type": "list", "elements": "str", "default": []},
                    "certificate_validity": {"type": "str", "default": ""},
                    "phase": {"type": "str", "default": ""},
                },
            },
            "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
            "authority": {"type": "str", "default": "ca"},
            "cluster_name": {"type": "str", "default": "kubernetes"},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    _module.run(module, lambda: client_files.reconcile(settings_from(module.params), module.check_mode))


if __name__ == "__main__":
    main()
