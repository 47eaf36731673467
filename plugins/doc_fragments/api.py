# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that talks to the API server takes."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Kubeconfig on the host whose current context is used.
    type: path
    default: /etc/kubernetes/admin.conf
  server:
    description: URL of the API server instead of the kubeconfig's, such as the host's own.
    type: str
    default: ''
  timeout:
    description: Seconds for which requests that fail are repeated.
    type: int
    default: 60
"""
