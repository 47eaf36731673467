#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_signing
short_description: Sign certificate signing requests where the authority's key is
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Signs what M(kubephase.cluster.pki) and M(kubephase.cluster.kubeconfig) return as RV(kubephase.cluster.pki#module:requests),
    on the controller, a vault host or any other host that has the authority's key or a program that reaches it.
  - With a key file the certificates are those kubeadm would make. With a command anything can sign, such as OpenSSL with
    a key in a hardware module, or a client of a certificate server.
  - Every answer is held against its request before it is returned. Key, subject, names, usages and authority have to be
    those asked for, it is no authority itself, and it is not valid for longer than asked.
  - Requests of other authorities than those given stay waiting, which is no error.
extends_documentation_fragment:
  - kubephase.cluster.attributes
attributes:
  idempotent:
    description: What it is given is signed, each time anew.
    support: none
requirements:
  - python3-cryptography >= 3.4.8 on the host that signs
options:
  requests:
    description: The requests. More keys than those below may be in them, they are left aside.
    type: list
    elements: dict
    required: true
  authorities:
    description: The authorities that can sign here.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the authority, as in the requests. V(ca), V(front-proxy-ca) and V(etcd-ca) are a cluster's.
        type: str
        required: true
      certificate:
        description:
          - File of the authority's certificate. Where it is given, a request from a host that trusts another one is
            refused. Else the certificate that came with the request is taken.
        type: path
      key:
        description: File of the authority's key.
        type: path
      passphrase:
        description: Opens O(authorities[].key) where it is encrypted.
        type: str
        default: ''
      command:
        description:
          - Program and arguments that sign one request, in place of O(authorities[].key). It is run without a shell and
            writes the certificate in PEM to the file C({certificate}) or to its standard output.
          - In the arguments C({request}) is a file with the request, C({extensions}) one with usages and names for
            C(openssl x509 -extfile), C({days}) and C({seconds}) the validity, C({not_after}) its end as
            C(openssl x509 -not_after) takes it. C({name}), C({authority}), C({common_name}), C({organizations}),
            C({dns_names}), C({ip_addresses}) and C({usages}) say what is asked for, lists separated by commas.
        type: list
        elements: str
        default: []
      timeout:
        description: Seconds after which the command is ended.
        type: int
        default: 60
"""

EXAMPLES = r"""
- name: Sign with a key on the controller
  kubephase.cluster.certificate_signing:
    requests: "{{ pki_result.requests }}"
    authorities:
      - name: ca
        certificate: /secure/kubernetes-ca.crt
        key: /secure/kubernetes-ca.key
        passphrase: "{{ vault_ca_passphrase }}"
  delegate_to: localhost
  register: answers

- name: Sign with a key in a hardware module
  kubephase.cluster.certificate_signing:
    requests: "{{ pki_result.requests }}"
    authorities:
      - name: ca
        command:
          - openssl
          - x509
          - -req
          - -in={request}
          - -CA=/secure/kubernetes-ca.crt
          - -CAkey=pkcs11:object=kubernetes-ca
          - -CAkeyform=engine
          - -engine=pkcs11
          - -CAcreateserial
          - -days={days}
          - -extfile={extensions}
          - -out={certificate}
  delegate_to: vault.example.org

- name: Install what came back
  kubephase.cluster.pki:
    node_name: cp1
    advertise_address: 192.0.2.10
    service_ip: 10.96.0.1
    signed_certificates: "{{ answers.signed_certificates }}"
"""

RETURN = r"""
signed_certificates:
  description: The answers, as O(kubephase.cluster.pki#module:signed_certificates) takes them. Empty in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the request.
      type: str
      sample: apiserver
    certificate:
      description: The certificate in PEM, with those that came with it.
      type: str
certificates:
  description: What the answers say. Empty in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the request.
      type: str
      sample: apiserver
    subject:
      description: Its subject.
      type: str
      sample: CN=kube-apiserver
    issuer:
      description: Subject of the authority that signed it.
      type: str
      sample: CN=kubernetes
    not_after:
      description: End of its validity.
      type: str
      sample: '2027-11-23T02:49:14Z'
    fingerprint:
      description: SHA-256 of the certificate.
      type: str
waiting:
  description: Names of the requests whose authority is not among those given.
  returned: always
  type: list
  elements: str
"""

from datetime import timedelta

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _module
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import signing


def waiting_from(requests: list) -> list:
    found = []
    for index, item in enumerate(requests):
        for name, kind in (
            ("name", str),
            ("authority", str),
            ("csr", str),
            ("usages", list),
            ("validity_seconds", int),
        ):
            if not isinstance(item.get(name), kind):
                raise KubephaseError("missing or of the wrong type", where=f"requests[{index}].{name}")
        found.append(
            signing.Waiting(
                name=item["name"],
                authority=item["authority"],
                csr=item["csr"],
                usages=tuple(item["usages"]),
                validity=timedelta(seconds=item["validity_seconds"]),
                authority_certificate=item.get("authority_certificate") or "",
            )
        )
    return found


def authorities_from(authorities: list) -> list:
    return [
        signing.Authority(
            name=item["name"],
            certificate_path=item["certificate"] or "",
            key_path=item["key"] or "",
            passphrase=item["passphrase"],
            command=tuple(item["command"]),
            timeout=item["timeout"],
        )
        for item in authorities
    ]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "requests": {"type": "list", "elements": "dict", "required": True},
            "authorities": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "certificate": {"type": "path"},
                    "key": {"type": "path", "no_log": False},
                    "passphrase": {"type": "str", "default": "", "no_log": True},
                    "command": {"type": "list", "elements": "str", "default": []},
                    "timeout": {"type": "int", "default": 60},
                },
                "mutually_exclusive": [("key", "command")],
            },
        },
        supports_check_mode=True,
    )
    params = module.params
    _module.run(
        module,
        lambda: signing.sign(
            waiting_from(params["requests"]), authorities_from(params["authorities"]), module.check_mode
        ),
    )


if __name__ == "__main__":
    main()
