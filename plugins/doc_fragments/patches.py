# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module takes that writes something kubeadm lets users patch."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  patches:
    description:
      - Patches as kubeadm takes them. A file of patches is named C(target[suffix][+type].yaml) or C(.json), with the types
        V(strategic) (the default), V(merge) and V(json). They are applied in the order of their names.
    type: dict
    suboptions:
      version:
        description: Version of Kubernetes, which says what can be patched.
        type: str
        required: true
      directory:
        description: Folder of patches on the host. A missing one is an error.
        type: path
        default: ''
      controller_directory:
        description: Folder of patches on the controller, which the action reads.
        type: str
        default: ''
      files:
        description: The patches themselves.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the file.
            type: str
            required: true
          content:
            description: Its text.
            type: str
            required: true
"""
