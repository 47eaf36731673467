#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: api_objects
short_description: API objects of a cluster, applied over one connection in one call
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Creates the objects, or brings those that exist to what is wanted. Whether one differs is asked from the server by a dry
    run, so fields that the server fills in are no difference, and what was added by hand is.
  - Labels, annotations and data keys that others added are left alone. A label, annotation or data key given as V(null) is
    removed. A binding whose role differs is deleted and created again, as its role cannot be changed.
  - In check mode, a host without a kubeconfig, or whose API server does not answer, counts as one without a cluster where
    all objects would be created.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.api
  - kubephase.cluster.patches
options:
  templates:
    description: Templates in C(templates/) of the role, rendered on the controller. Each gives any number of YAML documents.
    type: list
    elements: str
    default: []
  objects:
    description: The objects themselves, applied after those of the templates.
    type: list
    elements: dict
    default: []
  manifests:
    description: Files on the host with YAML or JSON documents, applied last.
    type: list
    elements: path
    default: []
  keep:
    description: Dotted paths whose value is taken from the existing object, where there is one.
    type: list
    elements: str
    default: []
  method:
    description:
      - V(replace) writes the whole object, as kubeadm does, so that everything in it is as declared.
      - V(server_side) is server-side apply, for objects whose other fields belong to somebody else.
    type: str
    choices: [replace, server_side]
    default: replace
  patch_targets:
    description:
      - What O(patches) call an object, like C(corednsdeployment), with the object's kind, namespace and name.
      - Patches are applied after what O(keep) keeps.
    type: dict
    default: {}
  state:
    description: V(absent) deletes the objects.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Apply the DNS addon
  kubephase.cluster.api_objects:
    templates: [coredns.yaml.j2]
    keep: [spec.replicas]
    patches:
      version: v1.37.2
      directory: /etc/kubernetes/patches
    patch_targets:
      corednsdeployment: Deployment kube-system/coredns

- name: Apply a network add-on's manifest
  kubephase.cluster.api_objects:
    manifests: [/etc/kubernetes/addons/network.yaml]
    method: server_side
"""

RETURN = r"""
objects:
  description: The objects that were changed, in order.
  returned: always
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name.
      type: str
      sample: ConfigMap kube-system/coredns
    action:
      description: What was done.
      type: str
      sample: created
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._api_arguments import API_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import parse, patching, run_objects
from ansible_collections.kubephase.cluster.plugins.module_utils._module import run
from ansible_collections.kubephase.cluster.plugins.module_utils._patch_arguments import PATCH_ARGUMENTS
from ansible_collections.kubephase.cluster.plugins.module_utils._patches.applying import Patcher

ARGUMENTS = {
    **API_ARGUMENTS,
    "templates": {"type": "list", "elements": "str", "default": []},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "manifests": {"type": "list", "elements": "path", "default": []},
    "keep": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "method": {"type": "str", "choices": ["replace", "server_side"], "default": "replace"},
    "patches": PATCH_ARGUMENTS,
    "patch_targets": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def manifest_objects(paths: list, check_mode: bool) -> list:
    """The objects of the files; in check mode a file may not be there yet."""
    objects = []
    for path in paths:
        text = _atomic_file.read(path)
        if text is None and not check_mode:
            raise KubephaseError("this manifest does not exist", where=path)
        objects += parse((text or b"").decode("utf-8", "replace"), path)
    return objects


def apply(module: AnsibleModule) -> dict:
    given = module.params
    patcher = Patcher.of(given["patches"] if given["patch_targets"] else None)
    result = run_objects(
        given["objects"] + manifest_objects(given["manifests"], module.check_mode),
        kubeconfig=given["kubeconfig"],
        server=given["server"],
        timeout=given["timeout"],
        check_mode=module.check_mode,
        keep=given["keep"],
        server_side=given["method"] == "server_side",
        absent=given["state"] == "absent",
        patch=patching(patcher.object, given["patch_targets"]),
    )
    return {**result, "warnings": patcher.warnings}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: apply(module))


if __name__ == "__main__":
    main()
