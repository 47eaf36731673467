#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: template_set
short_description: A set of rendered files, and the unit that reads them, in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Renders any number of templates on the controller and brings the host to them in one remote call.
  - Files are replaced in one step (written beside their place, synced, renamed). Content, mode and owner are compared,
    so a drift made by hand is seen in check mode and mended by a run.
  - With O(unit), the systemd unit that reads the files is enabled and started, and restarted when one of the files is
    newer than its process. Nothing is remembered from earlier runs, so a run that died half way is healed by the next.
extends_documentation_fragment:
  - kubephase.cluster.attributes
options:
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
- name: Configure containerd
  kubephase.cluster.template_set:
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

from ansible_collections.kubephase.cluster.plugins.module_utils._file_set import FileSet, WantedFile, apply
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run

ARGUMENTS = {
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
        },
    },
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
        WantedFile(**{name: entry[name] for name in ("path", "content", "state", "mode", "owner", "group")})
        for entry in parameters["files"]
    ]
    return FileSet(files, parameters["directories"], parameters["unit"])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: apply(file_set(module.params), module.check_mode))


if __name__ == "__main__":
    main()
