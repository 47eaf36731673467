#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: template_set
short_description: Binaries, rendered files and the unit that uses them, in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Renders any number of templates on the controller and brings the host to them in one remote call, together with the release
    binaries that belong to them.
  - Files are replaced in one step (written beside their place, synced, renamed). Content, mode and owner are compared,
    so a drift made by hand is seen in check mode and mended by a run.
  - With O(unit), the systemd unit that uses them is enabled and started, and restarted when one of the files is newer than its
    process. Nothing is remembered from earlier runs, so a run that died half way is healed by the next.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.patches
options:
  artifacts:
    description:
      - Release files to install before O(files) are written. What is not on the host yet is downloaded, in parallel, and compared
        with its SHA-256. All of it is downloaded and checked before the first file is replaced.
      - What was installed is recorded in C(/var/lib/kubephase/artifacts), so that a converged host needs no network.
      - A download obeys the environment's C(http_proxy), C(https_proxy) and C(no_proxy).
    type: list
    elements: dict
    default: []
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
  files:
    description: The files of the set.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path on the host.
        type: path
        required: true
      template:
        description: Name of a template in C(templates/) of the role. Rendered on the controller. One of this and O(files[].content).
        type: str
      content:
        description: The text itself.
        type: str
      vars:
        description: Variables for this template alone.
        type: dict
      for_each:
        description:
          - A mapping. The entry stands for one file for each of its keys; C({key}) in O(files[].path) is replaced by the key,
            and the template sees the variables C(key) and C(value).
        type: dict
      state:
        description: Whether the file is to be there.
        type: str
        choices: [present, absent]
        default: present
      mode:
        description: Permission bits, octal.
        type: str
        default: '0644'
      owner:
        description: Name of the owner. Left as it is where not given.
        type: str
      group:
        description: Name of the group. Left as it is where not given.
        type: str
      instead:
        description:
          - The same template with other variables. It is taken where the host, at that moment, has the files O(files[].instead.present)
            and has none of O(files[].instead.absent).
        type: dict
        suboptions:
          present:
            description: Files that are there.
            type: list
            elements: path
            default: []
          absent:
            description: Files that are not there.
            type: list
            elements: path
            default: []
          vars:
            description: Variables for the template.
            type: dict
          content:
            description: The text itself.
            type: str
      patch_target:
        description:
          - What this file is called by O(patches), like C(etcd) or C(kubeletconfiguration). A patched static Pod is written as
            kubeadm would encode it.
        type: str
      overrides:
        description: Fields of the file that no patch may change.
        type: dict
  directories:
    description: Directories that have to exist. An existing one is left as it is, as kubeadm does.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path on the host.
        type: path
        required: true
      mode:
        description: Permission bits of a new directory, octal.
        type: str
        default: '0755'
  unit:
    description: The systemd unit that reads these files.
    type: dict
    suboptions:
      name:
        description: Name of the unit.
        type: str
        required: true
      enabled:
        description: Whether it starts at boot. Left as it is where not given.
        type: bool
      state:
        description: V(unchanged) restarts a running unit when a file is newer, but never starts one.
        type: str
        choices: [started, stopped, unchanged]
        default: started
      watch:
        description: Further files that the process reads at its start, such as its binary.
        type: list
        elements: path
        default: []
"""

EXAMPLES = r"""
- name: Install, configure and start containerd
  kubephase.cluster.template_set:
    artifacts:
      - name: containerd
        url: https://github.com/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz
        checksum_url: https://github.com/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz.sha256sum
        path: /usr/local/bin
        extract: [containerd, containerd-shim-runc-v2, ctr]
    files:
      - template: config.toml.j2
        path: /etc/containerd/config.toml
      - template: containerd.service.j2
        path: /etc/systemd/system/containerd.service
    unit:
      name: containerd
      enabled: true
      watch: [/usr/local/bin/containerd]
"""

RETURN = r"""
installed:
  description: Names of the artifacts that were installed.
  returned: always
  type: list
  elements: str
files:
  description: Paths whose content, mode or owner changed.
  returned: always
  type: list
  elements: str
unit:
  description: What was done to the unit.
  returned: always
  type: list
  elements: str
  sample: [enabled, started]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils._artifacts import Artifact
from ansible_collections.kubephase.cluster.plugins.module_utils._file_set import FileSet, WantedFile, apply, octal
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._patch_arguments import PATCH_ARGUMENTS

ARGUMENTS = {
    "artifacts": {
        "type": "list",
        "elements": "dict",
        "default": [],
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
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "template": {"type": "str"},
            "content": {"type": "str"},
            "vars": {"type": "dict"},
            "for_each": {"type": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "mode": {"type": "str", "default": "0644"},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "instead": {
                "type": "dict",
                "options": {
                    "present": {"type": "list", "elements": "path", "default": []},
                    "absent": {"type": "list", "elements": "path", "default": []},
                    "vars": {"type": "dict"},
                    "content": {"type": "str"},
                },
            },
            "patch_target": {"type": "str"},
            "overrides": {"type": "dict"},
        },
    },
    "patches": PATCH_ARGUMENTS,
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "mode": {"type": "str", "default": "0755"},
        },
    },
    "unit": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool"},
            "state": {"type": "str", "choices": ["started", "stopped", "unchanged"], "default": "started"},
            "watch": {"type": "list", "elements": "path", "default": []},
        },
    },
}


def file_set(parameters: dict) -> FileSet:
    """The backend's view of the module's arguments."""
    files = [
        WantedFile(**{name: value for name, value in entry.items() if name not in ("template", "vars", "for_each")})
        for entry in parameters["files"]
    ]
    artifacts = [artifact(entry) for entry in parameters["artifacts"]]
    return FileSet(files, parameters["directories"], parameters["unit"], artifacts, parameters["patches"])


def artifact(entry: dict) -> Artifact:
    extract = None if entry["extract"] is None else tuple(entry["extract"])
    return Artifact(**{**entry, "extract": extract, "mode": octal(entry["mode"], entry["path"])})


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: apply(file_set(module.params), module.check_mode))


if __name__ == "__main__":
    main()
