# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of kubeadm's workflows, by their names, and those that a configuration skips."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document, Faults, Step

_WORKFLOWS: dict[str, str] = {
    "init": (
        "preflight"
        " certs certs/ca certs/apiserver certs/apiserver-kubelet-client certs/front-proxy-ca certs/front-proxy-client"
        " certs/etcd-ca certs/etcd-server certs/etcd-peer certs/etcd-healthcheck-client certs/apiserver-etcd-client"
        " certs/sa"
        " kubeconfig kubeconfig/admin kubeconfig/super-admin kubeconfig/kubelet kubeconfig/controller-manager"
        " kubeconfig/scheduler"
        " etcd etcd/local"
        " control-plane control-plane/apiserver control-plane/controller-manager control-plane/scheduler"
        " kubelet-start wait-control-plane"
        " upload-config upload-config/kubeadm upload-config/kubelet upload-certs mark-control-plane bootstrap-token"
        " kubelet-finalize kubelet-finalize/enable-client-cert-rotation"
        " addon addon/coredns addon/kube-proxy show-join-command"
    ),
    "join": (
        "preflight"
        " control-plane-prepare control-plane-prepare/download-certs control-plane-prepare/certs"
        " control-plane-prepare/kubeconfig control-plane-prepare/control-plane"
        " check-etcd kubelet-start etcd-join kubelet-wait-bootstrap"
        " control-plane-join control-plane-join/etcd control-plane-join/mark-control-plane wait-control-plane"
    ),
    "reset": "preflight remove-etcd-member cleanup-node",
    "upgrade apply": (
        "preflight control-plane upload-config upload-config/kubeadm upload-config/kubelet kubeconfig kubelet-config"
        " bootstrap-token addon addon/coredns addon/kube-proxy post-upgrade"
    ),
    "upgrade node": (
        "preflight control-plane kubeconfig kubelet-config addon addon/coredns addon/kube-proxy post-upgrade"
    ),
}
_UNTIL = {("join", "control-plane-join/etcd"): 35}
"""The last minor version that has a phase."""

_ADDONS = {"addon/coredns": "dns", "addon/kube-proxy": "proxy"}


def names(workflow: str, minor: int) -> list[str]:
    """The phases of a workflow, in kubeadm's order, ``PARENT/CHILD``."""
    return [name for name in _WORKFLOWS[workflow].split() if _UNTIL.get((workflow, name), minor) >= minor]


def expand(skipped: list[str], workflow: str, minor: int) -> list[str]:
    """The phases and their children, in the workflow's order; unknown names are left out."""
    return [
        name for name in names(workflow, minor) if any(name == one or name.startswith(f"{one}/") for one in skipped)
    ]


def resolve(document: Document, workflow: str, minor: int, faults: Faults, *path: Step) -> list[str]:
    """The phases that a document skips, with their children."""
    given = [name for name in _at(document, path) if name is not None]
    known = names(workflow, minor)
    for index, name in enumerate(given):
        if name not in known:
            where = document.where(*path, index)
            faults.add(where, f"kubeadm {workflow} of 1.{minor} has no such phase", name, ", ".join(known))
    return expand(given, workflow, minor)


def without_addons(skipped: list[str], cluster: dict[str, Any], minor: int) -> list[str]:
    """The skipped phases of init, with the addons that the configuration turns off."""
    disabled = [phase for phase, field in _ADDONS.items() if (cluster.get(field) or {}).get("disabled")]
    return expand([*skipped, *disabled], "init", minor)


def disable_addons(skipped: list[str], cluster: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the addons off whose phase is skipped, as kubeadm uploads it."""
    off = {field for phase, field in _ADDONS.items() if phase in skipped}
    return {**cluster, **{field: {**(cluster.get(field) or {}), "disabled": True} for field in sorted(off)}}


def _at(document: Document, path: tuple[Step, ...]) -> list[Any]:
    found: Any = document.value
    for step in path:
        found = found.get(str(step)) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []
