#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pki
short_description: All certificates and keys of a control plane host, in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Makes and checks what C(kubeadm init phase certs all) makes, in the same shape. The certificate authorities, the
    certificates they sign, and the key pair of service account tokens.
  - Private keys are made on the host and never leave it. Nothing but public facts is returned or shown in a diff.
  - A valid file that is there is kept. One that contradicts the configuration (another certificate authority, a key of
    another certificate, expired, not valid yet) is an error that names the file; nothing is written then.
  - A certificate that lacks a name the configuration has is issued again with the key it has, provided that its
    certificate authority's key is on the host. Names beyond the configured ones are kept until then.
  - A key without its certificate, and a certificate without its key, as a run that died leaves them, get what is missing.
  - File modes that are too open are tightened. Tighter ones are kept.
extends_documentation_fragment:
  - kubephase.cluster.attributes
requirements:
  - python3-cryptography >= 3.4.8 on the host. Check mode does without, it then takes what is there as valid.
options:
  certificates_dir:
    description: Directory of the tree.
    type: path
    default: /etc/kubernetes/pki
  node_name:
    description: Name of the node, in the names of its serving certificates.
    type: str
    required: true
  advertise_address:
    description: Address at which this host's API server is reached.
    type: str
    required: true
  service_ip:
    description: First address of the first service CIDR.
    type: str
    required: true
  dns_domain:
    description: DNS domain of services.
    type: str
    default: cluster.local
  control_plane_endpoint:
    description: Host, or host and port, at which all API servers are reached together.
    type: str
    default: ''
  api_server_cert_sans:
    description: More names and addresses of the API server.
    type: list
    elements: str
    default: []
  etcd:
    description: With V(external), the certificates of etcd are none of this host's.
    type: str
    choices: [local, external]
    default: local
  etcd_server_cert_sans:
    description: More names and addresses of etcd for its clients.
    type: list
    elements: str
    default: []
  etcd_peer_cert_sans:
    description: More names and addresses of etcd for its peers.
    type: list
    elements: str
    default: []
  kubernetes_minor:
    description: Minor version of Kubernetes, which a few details of the certificates follow.
    type: int
    default: 37
  encryption_algorithm:
    description: Algorithm of new keys. Existing ones are kept.
    type: str
    choices: [RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384]
    default: RSA-2048
  certificate_validity:
    description: How long new certificates are valid, as a Go duration or in seconds.
    type: str
    default: 8760h0m0s
  ca_certificate_validity:
    description: How long new certificate authorities are valid, as a Go duration or in seconds.
    type: str
    default: 87600h0m0s
  renew_before:
    description:
      - Renew certificates that expire within this time, or have expired. A renewed certificate has a new key and the
        subject and names of the old one, as with C(kubeadm certs renew).
      - Nothing is renewed where this is empty. Certificate authorities are never renewed by it.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Make the certificates of a control plane host
  kubephase.cluster.pki:
    node_name: cp1
    advertise_address: 192.0.2.10
    service_ip: 10.96.0.1
    control_plane_endpoint: k8s.example.org:6443
    api_server_cert_sans: [api.example.org, 203.0.113.7]

- name: Renew what expires within thirty days
  kubephase.cluster.pki:
    node_name: cp1
    advertise_address: 192.0.2.10
    service_ip: 10.96.0.1
    renew_before: 720h
"""

RETURN = r"""
certificates:
  description: The certificates, in the order they are made.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: kubeadm's name of the certificate.
      type: str
      sample: apiserver
    path:
      description: Its file.
      type: str
      sample: /etc/kubernetes/pki/apiserver.crt
    action:
      description: What was done. V(kept), V(created), V(reissued) or V(renewed).
      type: str
      sample: kept
    subject:
      description: Its subject.
      type: str
      sample: CN=kube-apiserver
    issuer:
      description: Subject of the authority that signed it.
      type: str
      sample: CN=kubernetes
    dns_names:
      description: DNS names it is for.
      type: list
      elements: str
    ip_addresses:
      description: Addresses it is for.
      type: list
      elements: str
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
ca_cert_hash:
  description: Pin of the cluster's certificate authority, as C(kubeadm join --discovery-token-ca-cert-hash) takes it.
  returned: always
  type: str
  sample: sha256:0000000000000000000000000000000000000000000000000000000000000000
ca_certificate:
  description: Certificate of the cluster's certificate authority, in PEM.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _module
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import durations, tree
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings


def settings_from(params: dict) -> Settings:
    renew_before = params["renew_before"]
    return Settings(
        certificates_dir=params["certificates_dir"],
        node_name=params["node_name"],
        advertise_address=params["advertise_address"],
        service_ip=params["service_ip"],
        dns_domain=params["dns_domain"],
        control_plane_endpoint=params["control_plane_endpoint"],
        api_server_sans=tuple(params["api_server_cert_sans"]),
        etcd_server_sans=tuple(params["etcd_server_cert_sans"]),
        etcd_peer_sans=tuple(params["etcd_peer_cert_sans"]),
        local_etcd=params["etcd"] == "local",
        minor=params["kubernetes_minor"],
        algorithm=params["encryption_algorithm"],
        validity=durations.parse(params["certificate_validity"], "certificate_validity"),
        ca_validity=durations.parse(params["ca_certificate_validity"], "ca_certificate_validity"),
        renew_before=durations.parse(renew_before, "renew_before") if renew_before else None,
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
            "node_name": {"type": "str", "required": True},
            "advertise_address": {"type": "str", "required": True},
            "service_ip": {"type": "str", "required": True},
            "dns_domain": {"type": "str", "default": "cluster.local"},
            "control_plane_endpoint": {"type": "str", "default": ""},
            "api_server_cert_sans": {"type": "list", "elements": "str", "default": []},
            "etcd": {"type": "str", "choices": ["local", "external"], "default": "local"},
            "etcd_server_cert_sans": {"type": "list", "elements": "str", "default": []},
            "etcd_peer_cert_sans": {"type": "list", "elements": "str", "default": []},
            "kubernetes_minor": {"type": "int", "default": 37},
            "encryption_algorithm": {
                "type": "str",
                "choices": ["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"],
                "default": "RSA-2048",
            },
            "certificate_validity": {"type": "str", "default": "8760h0m0s"},
            "ca_certificate_validity": {"type": "str", "default": "87600h0m0s"},
            "renew_before": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    _module.run(module, lambda: tree.reconcile(settings_from(module.params), module.check_mode))


if __name__ == "__main__":
    main()
