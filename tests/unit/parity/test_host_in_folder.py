# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real modules on a host that is a folder, and the API server in memory they talk to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab import collect
from tests.parity.host_in_folder import HostInFolder, below
from tests.parity.in_memory_api import InMemoryApi
from tests.parity.refusing import names_a_field, told_arguments, told_fields

KUBECONFIGS = [
    {"path": "/etc/kubernetes/admin.conf", "server": "https://172.30.10.101:6443", "user": "kubernetes-admin"}
]
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "kubeadm:get-nodes"},
    "rules": [],
}


def with_kubeconfig(root: Path) -> HostInFolder:
    host = HostInFolder(root, {"hostname": "cp1"})
    algorithm = {"encryption_algorithm": "ECDSA-P256"}
    host.run("pki", {"node_name": "cp1", "advertise_address": "172.30.10.101", "service_ip": "10.96.0.1", **algorithm})
    host.run("kubeconfig", {"files": KUBECONFIGS, **algorithm})
    return host


def test_facts(tmp_path: Path) -> None:
    assert HostInFolder(tmp_path, {"hostname": "cp1"}).run("host_info", {})["host"] == {"hostname": "cp1"}


def test_files_lie_below_the_root(tmp_path: Path) -> None:
    host = HostInFolder(tmp_path, {})
    unit = {"name": "kubelet", "state": "started"}
    files = [{"path": "/etc/a/b.yaml", "content": "text\n", "mode": "0600"}]
    assert host.run("template_set", {"files": files, "unit": unit})["changed"]
    assert (tmp_path / "etc/a/b.yaml").read_text() == "text\n"
    assert collect.entry(tmp_path / "etc/a/b.yaml")["mode"] == "600"
    assert not host.refused


def test_an_error_of_a_module_is_its_result(tmp_path: Path) -> None:
    host = HostInFolder(tmp_path, {})
    failed = host.run("template_set", {"files": [{"path": "/etc/a", "content": "", "mode": "rw"}]})
    assert failed["failed"]
    assert "mode" in failed["msg"]
    assert host.refused


def test_arguments_are_checked_as_on_a_host(tmp_path: Path) -> None:
    assert "files" in HostInFolder(tmp_path, {}).run("kubeconfig", {"certificates_dir": "/a"})["msg"]


def test_objects_are_remembered_in_order(tmp_path: Path) -> None:
    host = with_kubeconfig(tmp_path)
    arguments = {"objects": [ROLE, {**ROLE, "metadata": {"name": "a"}}], "kubeconfig": "/etc/kubernetes/admin.conf"}
    assert host.run("api_objects", arguments)["changed"]
    assert [each["metadata"]["name"] for each in host.api.sent] == ["kubeadm:get-nodes", "a"]
    assert not host.run("api_objects", arguments)["changed"]
    assert len(host.api.sent) == 2


def test_only_what_is_said_to_be_a_path_moves() -> None:
    specification: dict[str, Any] = {
        "directory": {"type": "path"},
        "text": {"type": "str"},
        "paths": {"type": "list", "elements": "path"},
        "files": {
            "type": "list",
            "elements": "dict",
            "options": {"path": {"type": "path"}, "content": {"type": "str"}},
        },
    }
    values = {
        "directory": "/a",
        "text": "/a",
        "paths": ["/a", "b"],
        "files": [{"path": "/a", "content": "/a"}],
        "_x": 1,
    }
    assert below(Path("/root"), values, specification) == {
        "directory": "/root/a",
        "text": "/a",
        "paths": ["/root/a", "b"],
        "files": [{"path": "/root/a", "content": "/a"}],
        "_x": 1,
    }


def test_nothing_is_written_beside_the_host(tmp_path: Path) -> None:
    host = HostInFolder(tmp_path / "host", {})
    for path in (tmp_path / "other.yaml", "/etc/other.yaml"):
        with pytest.raises(AssertionError):
            host._write(str(path), b"", 0o600)
    assert not (tmp_path / "other.yaml").exists()


def test_files_can_be_given_away(tmp_path: Path) -> None:
    host = with_kubeconfig(tmp_path)
    host.run("control_plane_users", {"components": ["etcd", "kube-apiserver"], "etcd_data_dir": "/var/lib/etcd"})
    assert host.owner("/etc/kubernetes/pki/etcd/server.key") == {"owner": "kubeadm-etcd", "group": "kubeadm-etcd"}
    assert host.owner("/etc/kubernetes/pki/sa.key") == {"owner": "root", "group": "kubeadm-sa-key-readers"}
    assert host.owner("/etc/kubernetes/admin.conf") == {"owner": "root", "group": "root"}


def asked(api: InMemoryApi, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    status, text = api.exchange(method, path, None if body is None else json.dumps(body).encode(), "")
    return status, json.loads(text)


def test_a_dry_run_changes_nothing() -> None:
    api = InMemoryApi()
    assert asked(api, "POST", "/api/v1/nodes?dryRun=All", {"metadata": {"name": "a"}})[0] == 201
    assert api.sent == []
    asked(api, "POST", "/c", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    asked(api, "PUT", "/c/a?dryRun=All", {"metadata": {"name": "a"}})
    assert asked(api, "GET", "/c/a")[1]["data"] == {"x": "1"}


def test_a_merge_patch_takes_away_what_is_null() -> None:
    api = InMemoryApi()
    asked(api, "PATCH", "/api/v1/nodes/cp1", {"metadata": {"labels": {"a": "1", "b": "2"}}})
    asked(api, "PATCH", "/api/v1/nodes/cp1", {"metadata": {"labels": {"a": None}}, "spec": {"taints": [{"key": "t"}]}})
    node = asked(api, "GET", "/api/v1/nodes/cp1")[1]
    assert node["metadata"]["labels"] == {"kubernetes.io/hostname": "cp1", "b": "2"}
    assert node["spec"]["taints"] == [{"key": "t"}]


def test_what_is_not_there_is_not_found() -> None:
    assert asked(InMemoryApi(), "GET", "/api/v1/namespaces/kube-public/configmaps/cluster-info")[0] == 404


def test_an_error_names_what_the_case_says_and_the_plain_one_does_not() -> None:
    plain = [{"kind": "ClusterConfiguration", "kubernetesVersion": "v1.37.2"}]
    own = [{"kind": "ClusterConfiguration", "kubernetesVersion": "v1.37.2", "networking": {"podSubnet": "10.1.0.0/40"}}]
    told = told_fields(own, plain)
    assert told == {"networking", "podSubnet"}
    assert names_a_field("ClusterConfiguration.networking.podSubnet: not a CIDR", told)
    assert names_a_field("kubephase_pod_subnet: not a CIDR", told)
    assert not names_a_field("ClusterConfiguration.kubernetesVersion: not a version", told)
    assert names_a_field("there is more than one ClusterConfiguration", told_fields(plain * 2, plain))
    assert not names_a_field("something is wrong", told_fields(plain * 2, plain))
    assert told_arguments(["create", "--groups=a", "--print-join-command"]) == {"token", "groups", "print-join-command"}
