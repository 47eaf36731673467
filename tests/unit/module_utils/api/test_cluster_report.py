# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a cluster, from an API server, from files, and where nothing answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate, _certificate_expiry
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_report import report
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)
CONFIG = (
    "clusterName: prod\ncontrolPlaneEndpoint: k8s.example.org:6443\nkubernetesVersion: v1.37.2\netcd:\n  external: {}\n"
)
ROLE = "node-role.kubernetes.io/control-plane"
READYZ = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"


def node(name, ready="True", **spec):
    labels = {ROLE: ""} if name.startswith("cp") else {}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "conditions": [{"type": "Ready", "status": ready, "message": "Kubelet stopped posting node status."}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    }


def static_pod(component, on, ready="True"):
    return {
        "metadata": {"name": f"{component}-{on}", "labels": {"component": component, "tier": "control-plane"}},
        "spec": {"nodeName": on, "containers": [{"image": f"registry.example.org:5000/{component}:v1.37.2"}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [{"restartCount": 2}]},
    }


@pytest.fixture
def readyz(monkeypatch):
    """The answer of /readyz, which is plain text."""
    answer = [200, "ok"]
    exchange = Client.exchange

    def served(self, method, path, *more):
        return tuple(answer) if path.startswith("/readyz") else exchange(self, method, path, *more)

    monkeypatch.setattr(Client, "exchange", served)
    return answer


@pytest.fixture
def ask(readyz, admin_conf, tmp_path):
    def ask(kubeconfig=admin_conf):
        return report(kubeconfig, "", 0.1, str(tmp_path), str(tmp_path / "pki"), str(tmp_path / "manifests"), NOW)

    return ask


def test_a_cluster(api, ask):
    api.put_in("/api/v1/nodes/w1", node("w1", "Unknown", unschedulable=True))
    api.put_in(
        "/api/v1/nodes/cp1", node("cp1", taints=[{"key": ROLE, "effect": "NoSchedule"}], podCIDRs=["10.244.0.0/24"])
    )
    place = "/api/v1/namespaces/kube-system"
    api.put_in(
        f"{place}/configmaps/kubeadm-config", {"metadata": {"name": "x"}, "data": {"ClusterConfiguration": CONFIG}}
    )
    api.put_in(f"{place}/pods/kube-apiserver-cp1", static_pod("kube-apiserver", "cp1"))
    api.put_in(f"{place}/pods/etcd-cp1", static_pod("etcd", "cp1", "False"))
    found = ask()
    assert found["kubernetes_version"] == found["configured_version"] == "v1.37.2"
    assert (found["cluster_name"], found["endpoint"], found["etcd_external"]) == ("prod", "k8s.example.org:6443", False)
    assert found["control_planes"] == ["cp1"]
    assert found["nodes"][0] == {
        "name": "cp1", "ready": True, "reports": True, "message": "", "schedulable": True, "roles": ["control-plane"],
        "taints": [{"key": ROLE, "value": "", "effect": "NoSchedule"}], "version": "v1.37.2",
        "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}], "pod_cidrs": ["10.244.0.0/24"],
    }  # fmt: skip
    lost = found["nodes"][1]
    assert (lost["ready"], lost["reports"], lost["schedulable"]) == (False, False, False)
    assert lost["message"] == "Kubelet stopped posting node status."
    assert found["components"] == [
        {"name": "etcd", "node": "cp1", "ready": False, "version": "v1.37.2", "restarts": 2},
        {"name": "kube-apiserver", "node": "cp1", "ready": True, "version": "v1.37.2", "restarts": 2},
    ]
    assert found["api_server"]["ready"] and not found["changed"]
    assert api.writes == 5


@pytest.mark.parametrize("etcd", ["etcd: none", "etcd: [external]", "etcd:"])
def test_a_configuration_whose_etcd_is_something_else(api, ask, etcd):
    place = "/api/v1/namespaces/kube-system"
    data = {"ClusterConfiguration": f"clusterName: prod\n{etcd}\n"}
    api.put_in(f"{place}/configmaps/kubeadm-config", {"metadata": {"name": "x"}, "data": data})
    assert (ask()["cluster_name"], ask()["etcd_external"]) == ("prod", False)


def test_an_api_server_that_is_not_ready_says_why(api, ask, readyz):
    readyz[:] = [500, READYZ]
    assert ask()["api_server"] == {"server": api.url, "ready": False, "failed_checks": ["etcd"], "error": "not ready"}


def test_nothing_answers(ask, tmp_path):
    found = ask(str(tmp_path / "none"))
    assert found["nodes"] == [] and not found["api_server"]["ready"]
    assert "there is no such kubeconfig" in found["api_server"]["error"]
    assert found["etcd"]["members"] == [] and found["etcd"]["error"] == ""


def test_an_etcd_that_does_not_answer(ask, tmp_path):
    (tmp_path / "manifests").mkdir()
    pod = {
        "spec": {"containers": [{"name": "etcd", "command": ["etcd", "--advertise-client-urls=http://127.0.0.1:1"]}]}
    }
    (tmp_path / "manifests/etcd.yaml").write_text(json.dumps(pod))
    etcd = ask()["etcd"]
    assert "no member of etcd answers" in etcd["error"] and not etcd["has_quorum"]


def test_without_the_library_for_certificates_the_rest_is_told(ask, authority, tmp_path, monkeypatch):
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki/ca.crt").write_bytes(authority.pem)
    monkeypatch.setattr(_certificate, "library_is_there", lambda: False)
    found = ask()
    assert "python3-cryptography" in found["authorities"][0]["error"]
    assert found["api_server"]["ready"]


def test_ends_of_certificates(ask, authority, tmp_path):
    """admin.conf is what the client uses here."""
    pki = tmp_path / "pki"
    (pki / "etcd").mkdir(parents=True)
    (pki / "ca.crt").write_bytes(authority.pem)
    (pki / "ca.key").touch()
    (pki / "etcd/server.crt").write_bytes(authority.issue("cp1")[0])
    (pki / "apiserver.crt").write_text("nothing that one can read")
    found = ask()
    assert [one["name"] for one in found["certificates"]] == ["admin.conf", "apiserver", "etcd-server"]
    admin, broken, server = found["certificates"]
    assert (admin["authority"], admin["externally_managed"]) == ("ca", False)
    assert (server["authority"], server["externally_managed"]) == ("etcd-ca", True)
    assert abs(server["residual_seconds"] - DAY.total_seconds()) < 60
    assert server["expires"] == _certificate.stamp(_certificate.not_after(authority.certificate))
    assert broken["error"] and broken["expires"] == ""
    assert [(one["name"], one["externally_managed"]) for one in found["authorities"]] == [("ca", False)]
    over = _certificate_expiry.expirations(str(tmp_path), str(pki), NOW + 2 * DAY)["certificates"][2]
    assert over["residual_seconds"] < 0
    assert "PRIVATE" not in json.dumps(found)
