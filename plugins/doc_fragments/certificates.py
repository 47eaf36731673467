# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module takes that makes certificates."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  encryption_algorithm:
    description: Algorithm of new keys. Existing ones are kept.
    type: str
    choices: [RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384]
    default: RSA-2048
  certificate_validity:
    description: How long new certificates are valid, as a Go duration or in seconds.
    type: str
    default: 8760h0m0s
  renew_before:
    description:
      - Renew certificates that expire within this time, or have expired. A renewed certificate has a new key and the
        subject and names of the old one, as with C(kubeadm certs renew).
      - Nothing is renewed where this is empty. Certificate authorities are never renewed by it, and a client certificate that
        the kubelet rotates itself only when it has expired.
      - Where the authority is external, a request with the present key is left, and the present certificate stays until
        the new one comes.
    type: str
    default: ''
  request_only:
    description:
      - Make keys and certificate signing requests alone, for everything that is missing, as
        C(kubeadm certs generate-csr) does. No authority is needed, and none is made.
    type: bool
    default: false
  skip_phases:
    description:
      - Phases of kubeadm to leave out, such as V(certs/apiserver), V(certs) or V(kubeconfig/admin). The files of such a phase
        are neither made nor checked. Other names say nothing.
    type: list
    elements: str
    default: []
  signed_certificates:
    description:
      - Certificates that answer requests, as M(kubephase.cluster.certificate_signing) returns them. Each is checked
        against key, request and authority before it is installed. Those that no request waits for are left aside.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the request.
        type: str
        required: true
      certificate:
        description: The certificate in PEM, with the authorities between it and the cluster's where there are any.
        type: str
        required: true
"""
