# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the cluster on this host: what kubeadm's phases wrote, by name. What else is beside them stays."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import AUTHORITIES
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request

_MANIFESTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-vip", "kube-csr-signer", "etcd")
_KUBECONFIGS = ("admin", "super-admin", "controller-manager", "scheduler", "bootstrap-kubelet", "kubelet")
_KEYS = ("sa.key", "sa.pub", "external-etcd-ca.crt", "external-etcd.crt", "external-etcd.key")
_HANDED_OVER = "/run/kubephase-copy-certs.key"


def certificate_files(directory: str) -> list[str]:
    """Of all that a control plane may have, requests included."""
    stems = [leaf.file for authority in AUTHORITIES for leaf in authority.leaves]
    stems += [authority.file for authority in AUTHORITIES]
    found = [f"{stem}.{kind}" for stem in stems for kind in ("crt", "key", "csr")]
    return [f"{directory}/{name}" for name in (*found, *_KEYS)]


def delete_manifests(request: Request, account: Account) -> None:
    """etcd's goes last: it tells where the data is."""
    directory = request.at(request.manifests)
    for name in _MANIFESTS:
        account.delete(f"{directory}/{name}.yaml")
    _tell_others(directory, account, "no manifest of the cluster's own")


def delete_files(request: Request, account: Account) -> None:
    """kubelet.conf goes last, it tells that the host was a member."""
    certificates, kubernetes = request.at(request.certificates_dir), request.at(request.kubernetes_dir)
    for path in certificate_files(certificates):
        account.delete(path)
    account.empty(request.at(request.kubelet_dir))
    if request.cleanup_tmp_dir:
        account.empty(f"{kubernetes}/tmp")
    account.delete(request.at(_HANDED_OVER))
    for name in _KUBECONFIGS:
        for kind in ("conf.csr", "conf"):
            account.delete(f"{kubernetes}/{name}.{kind}")
    for folder in (f"{certificates}/etcd", certificates):
        _tell_others(folder, account, "no certificate or key of the cluster's own")


def delete_directories(request: Request, account: Account) -> None:
    """Logs of Pods, and directories that nothing is left in."""
    for logs in map(request.at, ("/var/log/pods", "/var/log/containers")):
        account.empty(logs)
        account.delete_if_empty(logs)
    plugins = "/usr/libexec/kubernetes"
    for path in ("/kubelet-plugins/volume/exec", "/kubelet-plugins/volume", "/kubelet-plugins", ""):
        account.delete_if_empty(request.at(plugins + path))
    certificates, kubernetes = request.at(request.certificates_dir), request.at(request.kubernetes_dir)
    account.delete_if_empty(
        f"{certificates}/etcd",
        certificates,
        request.at(request.manifests),
        f"{kubernetes}/tmp",
        kubernetes,
        request.at(request.kubelet_dir),
        request.at(request.network_config_dir),
        *(request.at(f"/var/lib/cni/{name}") for name in ("networks", "results", "cache/results", "cache")),
        request.at("/var/lib/cni"),
    )


def _tell_others(directory: str, account: Account, reason: str) -> None:
    for path in _files(directory):
        if path not in account.gone:
            account.leave(path, reason)


def _files(directory: str) -> Sequence[str]:
    return sorted(path for path in glob.glob(f"{glob.escape(directory)}/*") if os.path.isfile(path))
