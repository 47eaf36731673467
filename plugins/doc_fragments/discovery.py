# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module takes that finds a cluster to join."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_server_endpoint:
    description: C(HOST:PORT) of an API server to begin with. Needed as long as the host has not joined.
    type: str
    default: ""
  discovery_file:
    description:
      - A kubeconfig to discover the cluster by, instead of O(token) and O(api_server_endpoint), which are not used then.
        Path of a file on the host, or a C(https) URL whose server the host trusts.
      - Its unnamed cluster counts, else that of its current context. Files that it names are read on the host.
      - Its current user's token, client certificate or password is what the kubelet bootstraps with, unless
        O(tls_bootstrap_token) is given. Credentials by C(exec) and C(auth-provider) are refused.
      - O(ca_cert_hashes), if given, have to match its CA too.
    type: str
    default: ""
  token:
    description: Bootstrap token for discovery. Needed as long as the host has not joined.
    type: str
    default: ""
  tls_bootstrap_token:
    description: Bootstrap token that the kubelet uses. The same as O(token) by default, or the credentials in
      O(discovery_file).
    type: str
    default: ""
  ca_cert_hashes:
    description: C(sha256:HEX) of the cluster CA's public key. One that matches is enough.
    type: list
    elements: str
    default: []
  unsafe_skip_ca_verification:
    description: Go without O(ca_cert_hashes). Whoever knows the token can then pass for the cluster.
    type: bool
    default: false
"""
