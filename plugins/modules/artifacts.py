#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts
short_description: Release binaries and archives, downloaded, checked and installed in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Downloads what is not on the host yet, in parallel, and compares each file's SHA-256 with the expected one.
  - Everything is downloaded and checked before the first file is replaced. A wrong checksum is an error and nothing is replaced.
  - What was installed is recorded in C(/var/lib/kubephase/artifacts), so that a converged host needs no network.
  - A download obeys the environment's C(http_proxy), C(https_proxy) and C(no_proxy).
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
  artifacts:
    description: What is to be installed.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name in messages and of the record on the host.
        type: str
        required: true
      url:
        description: Address of the release file.
        type: str
        required: true
      checksum:
        description: Expected checksum, C(sha256:<64 hex digits>). Wins over O(artifacts[].checksum_url).
        type: str
        default: ''
      checksum_url:
        description: Address of a checksum file in the format of sha256sum(1), or of one with the bare digest.
        type: str
        default: ''
      path:
        description: Where the binary goes; for an archive, the directory that its files go to.
        type: path
        required: true
      extract:
        description: Base names of the archive's members to install. Not given for a single binary.
        type: list
        elements: str
      mode:
        description: Permission bits of the installed files, octal.
        type: str
        default: '0755'
"""

EXAMPLES = r"""
- name: Install the kubelet
  kubephase.cluster.artifacts:
    artifacts:
      - name: kubelet
        url: https://dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubelet
        checksum_url: https://dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubelet.sha256
        path: /usr/bin/kubelet
"""

RETURN = r"""
installed:
  description: Names of the artifacts that were installed.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._artifacts import Artifact, install
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
    "artifacts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "checksum": {"type": "str", "default": ""},
            "checksum_url": {"type": "str", "default": ""},
            "path": {"type": "path", "required": True},
            "extract": {"type": "list", "elements": "str"},
            "mode": {"type": "str", "default": "0755"},
        },
    },
}


def artifact(entry: dict) -> Artifact:
    """The backend's view of one entry."""
    extract = None if entry["extract"] is None else tuple(entry["extract"])
    return Artifact(**{**entry, "extract": extract, "mode": int(entry["mode"], 8)})


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: install([artifact(entry) for entry in module.params["artifacts"]], module.check_mode))


if __name__ == "__main__":
    main()
