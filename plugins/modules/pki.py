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
  - An authority may be external, its certificate is there and its key is not. What it would have to sign becomes a
    certificate signing request beside the key, as C(kubeadm certs generate-csr) makes it, and is returned in
    RV(requests). M(kubephase.cluster.certificate_signing) signs it wherever the authority's key is, and
    O(signed_certificates) brings the answer. A certificate that is put beside its key by hand does as well.
  - With O(authorities) it makes other certificates than a cluster's.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.certificates
requirements:
  - python3-cryptography >= 3.4.8 on the host. Check mode does without, it then takes what is there as valid.
options:
  certificates_dir:
    description: Directory of the tree.
    type: path
    default: /etc/kubernetes/pki
  node_name:
    description: Name of the node, in the names of its serving certificates. Required without O(authorities).
    type: str
  advertise_address:
    description: Address at which this host's API server is reached. Required without O(authorities).
    type: str
  service_ip:
    description: First address of the first service CIDR. Required without O(authorities).
    type: str
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
  ca_certificate_validity:
    description: How long new certificate authorities are valid, as a Go duration or in seconds.
    type: str
    default: 87600h0m0s
  authorities:
    description:
      - Certificate authorities and what they sign, in place of a cluster's. Nothing else is made then, no key pair of
        service account tokens either, and the options about a cluster's names say nothing.
      - Empty means the certificates of a control plane.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the authority in results and requests.
        type: str
        required: true
      path:
        description: Its files below O(certificates_dir), without ending. The name where nothing is said.
        type: str
        default: ''
      common_name:
        description: Common name in its subject. The name where nothing is said.
        type: str
        default: ''
      names:
        description: DNS names and addresses in its own certificate.
        type: list
        elements: str
        default: []
      certificate:
        description:
          - Its certificate in PEM, where its key is elsewhere. A host without it gets it, one that has another one is refused, and
            what it has to sign becomes a request.
        type: str
        default: ''
      certificates:
        description: What it signs.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the certificate in results and requests.
            type: str
            required: true
          path:
            description: Its files below O(certificates_dir), without ending. The name where nothing is said.
            type: str
            default: ''
          common_name:
            description: Common name in its subject. The name where nothing is said.
            type: str
            default: ''
          organizations:
            description: Organizations in its subject.
            type: list
            elements: str
            default: []
          names:
            description: DNS names and addresses it is for.
            type: list
            elements: str
            default: []
          usages:
            description: What it may be used for.
            type: list
            elements: str
            choices: [server, client]
            default: [server]
  joins:
    description:
      - The host joins control planes that are there. The authorities' certificates and the keys of service account
        tokens are the cluster's, and one that is missing is an error.
    type: bool
    default: false
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

- name: Make keys and requests for an authority that is elsewhere
  kubephase.cluster.pki:
    node_name: cp1
    advertise_address: 192.0.2.10
    service_ip: 10.96.0.1
    request_only: true

- name: Make the certificates of something else
  kubephase.cluster.pki:
    certificates_dir: /srv/pki
    authorities:
      - name: metrics-ca
        common_name: Metrics CA
        certificates:
          - name: metrics
            names: [metrics.example.org, 192.0.2.20]
          - name: reader
            usages: [client]
            organizations: [readers]
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
      description:
        - What was done. V(kept), V(created), V(reissued), V(renewed), V(installed) for the answer to a request, or
          V(requested) where one waits.
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
requests:
  description:
    - What waits to be signed by an authority whose key is not on the host.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the certificate.
      type: str
      sample: apiserver
    authority:
      description: Name of the authority that is to sign it.
      type: str
      sample: ca
    path:
      description: File of the request.
      type: str
      sample: /etc/kubernetes/pki/apiserver.csr
    certificate_path:
      description: Where the certificate belongs.
      type: str
      sample: /etc/kubernetes/pki/apiserver.crt
    csr:
      description: The request in PEM. Empty in check mode where its key is not made yet.
      type: str
    authority_certificate:
      description: The authority's certificate in PEM, as the host knows it. Empty where the host knows none.
      type: str
    subject:
      description: Subject that is asked for.
      type: str
      sample: CN=kube-apiserver
    dns_names:
      description: DNS names that are asked for.
      type: list
      elements: str
    ip_addresses:
      description: Addresses that are asked for.
      type: list
      elements: str
    usages:
      description: Extended key usages the certificate needs. They are not in the request.
      type: list
      elements: str
      sample: [serverAuth]
    validity_seconds:
      description: How long it is to be valid.
      type: int
      sample: 31536000
external_authorities:
  description: Names of the authorities whose certificate is on the host and whose key is not.
  returned: always
  type: list
  elements: str
external_ca:
  description: Whether the cluster's own authority is one of them.
  returned: always
  type: bool
ca_cert_hash:
  description:
    - Pin of the cluster's certificate authority, as C(kubeadm join --discovery-token-ca-cert-hash) takes it. Empty with
      O(authorities), which are something else's.
  returned: always
  type: str
  sample: sha256:0000000000000000000000000000000000000000000000000000000000000000
ca_certificate:
  description: Certificate of the cluster's certificate authority, in PEM. With O(authorities), that of the first one.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _module
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import custom, durations, tree
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.arguments import ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings


def settings_from(params: dict) -> Settings:
    renew_before, authorities = params["renew_before"], custom.authorities(params["authorities"])
    for name in ("node_name", "advertise_address", "service_ip"):
        if not params[name] and not authorities:
            raise KubephaseError("missing", where=name, accepted="a value, unless authorities are given")
    return Settings(
        certificates_dir=params["certificates_dir"],
        node_name=params["node_name"] or "",
        advertise_address=params["advertise_address"] or "",
        service_ip=params["service_ip"] or "",
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
        authorities=authorities,
        service_account=not authorities,
        joins=params["joins"] and not authorities,
        request_only=params["request_only"],
        skip_phases=tuple(params["skip_phases"]),
        signed={item["name"]: item["certificate"] for item in params["signed_certificates"]},
    )


NAMED = {
    "name": {"type": "str", "required": True},
    "path": {"type": "str", "default": ""},
    "common_name": {"type": "str", "default": ""},
    "names": {"type": "list", "elements": "str", "default": []},
}
LEAF = {
    **NAMED,
    "organizations": {"type": "list", "elements": "str", "default": []},
    "usages": {"type": "list", "elements": "str", "choices": ["server", "client"], "default": ["server"]},
}
AUTHORITY = {
    **NAMED,
    "certificate": {"type": "str", "default": ""},
    "certificates": {"type": "list", "elements": "dict", "default": [], "options": LEAF},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "certificates_dir": {"type": "path", "default": "/etc/kubernetes/pki"},
            "node_name": {"type": "str"},
            "advertise_address": {"type": "str"},
            "service_ip": {"type": "str"},
            "dns_domain": {"type": "str", "default": "cluster.local"},
            "control_plane_endpoint": {"type": "str", "default": ""},
            "api_server_cert_sans": {"type": "list", "elements": "str", "default": []},
            "etcd": {"type": "str", "choices": ["local", "external"], "default": "local"},
            "etcd_server_cert_sans": {"type": "list", "elements": "str", "default": []},
            "etcd_peer_cert_sans": {"type": "list", "elements": "str", "default": []},
            "kubernetes_minor": {"type": "int", "default": 37},
            "ca_certificate_validity": {"type": "str", "default": "87600h0m0s"},
            "authorities": {"type": "list", "elements": "dict", "default": [], "options": AUTHORITY},
            "joins": {"type": "bool", "default": False},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    _module.run(module, lambda: tree.reconcile(settings_from(module.params), module.check_mode))


if __name__ == "__main__":
    main()
