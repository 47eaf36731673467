# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases as Ansible runs them, over the stand-in server: what they leave there, and what they print."""

from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.playbook

CHECKOUT = pathlib.Path(__file__).resolve().parents[4]
PHASES = ["upload_config", "mark_control_plane", "bootstrap_token", "addons", "cluster_ready"]
SECRET = "0123456789abcdef"
KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": "",
}
PROXY = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "clusterCIDR": "10.244.0.0/16",
}
VARIABLES = {
    "upload_config_cluster": {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "dns": {}},
    "upload_config_kubelet": KUBELET,
    "upload_config_kubelet_user_supplied": False,
    "mark_control_plane_nodes": [{"name": "cp1", "control_plane": True, "taints": None}],
    "bootstrap_token_tokens": [{"token": f"abcdef.{SECRET}", "ttl": "0s"}],
    "bootstrap_token_ensure_usable": True,
    "bootstrap_token_cluster_server": "https://cp.example.org:6443",
    "addons_dns_disabled": False,
    "addons_proxy_disabled": False,
    "addons_coredns_image": "registry.k8s.io/coredns/coredns:v1",
    "addons_dns_domain": "cluster.local",
    "addons_dns_ip": "fd00::a",
    "addons_kube_proxy_image": "registry.k8s.io/kube-proxy:v1",
    "addons_kube_proxy_configuration": PROXY,
    "addons_kube_proxy_user_supplied": True,
    "addons_cluster_server": "https://cp.example.org:6443",
    "addons_proxy_env": [{"name": "HTTP_PROXY", "value": "http://proxy: 1"}],
    "cluster_ready_timeout": 0,
    "cluster_ready_workloads": [],
    "kubephase": {
        "version": {"gitVersion": "v1.37.2", "minor": 37},
        "skip_phases": [],
        "patches": {"directory": "", "controller_directory": ""},
    },
    "kubephase_config_file": "",
}


@pytest.fixture
def play(tmp_path, api, admin_conf):
    """Only the roles' own files: their dependency would look at this host."""

    def play(*options, phases=PHASES, **changed):
        common = {}
        for phase in PHASES:
            common.update({f"{phase}_kubeconfig": admin_conf, f"{phase}_server": api.url, f"{phase}_timeout": 5})
        variables = {**common, **VARIABLES, **changed, "phases": phases, "ansible_python_interpreter": sys.executable}
        (tmp_path / "vars.json").write_text(json.dumps(variables))
        roles = [{"role": f"{CHECKOUT}/roles/{phase}"} for phase in phases]
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": roles}]))
        # a role by its path has its dependencies too; this one resolves nothing
        config = tmp_path / "collections/ansible_collections/kubephase/cluster"
        if not config.exists():
            config.mkdir(parents=True)
            (config / "plugins").symlink_to(CHECKOUT / "plugins")
            (config / "roles/config").mkdir(parents=True)
            (config / "roles/config/meta").mkdir()
            (config / "roles/config/meta/main.yml").write_text("dependencies: []\n")
        command = [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "play.yml", "--inventory=localhost,",
            "--connection=local", "--extra-vars=@vars.json", "-vvvv", *options,
        ]  # fmt: skip
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "facts"),
        }
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
        text = ran.stdout + ran.stderr
        assert SECRET not in text
        cached = "".join(path.read_text() for path in (tmp_path / "facts").glob("*"))
        assert SECRET not in cached
        return ran.returncode, text

    return play


def test_what_the_phases_leave(api, play):
    """The plan and the second run are proven against the real API server, in tests/cluster."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    labels = {"kubernetes.io/hostname": "cp1"}
    api.put_in("/api/v1/nodes/cp1", {"metadata": {"name": "cp1", "labels": labels}, "spec": {}, "status": ready})
    code, text = play()
    assert code == 0 and "changed=4" in text
    system = "/api/v1/namespaces/kube-system/"
    text_of_proxy = api.store[system + "configmaps/kube-proxy"]["data"]
    assert text_of_proxy["config.conf"].endswith("\nkind: KubeProxyConfiguration")
    assert text_of_proxy["kubeconfig.conf"].endswith("/serviceaccount/token")
    assert not api.store[system + "configmaps/kube-proxy"]["metadata"].get("annotations")
    stored = api.store[system + "configmaps/kubelet-config"]
    digest = hashlib.sha256(stored["data"]["kubelet"].encode()).hexdigest()
    assert stored["metadata"]["annotations"] == {"kubeadm.kubernetes.io/component-config.hash": f"sha256:{digest}"}
    assert stored["data"]["kubelet"].endswith("kind: KubeletConfiguration\n")
    daemon_set = api.store["/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"]
    assert daemon_set["spec"]["template"]["spec"]["containers"][0]["env"][1] == VARIABLES["addons_proxy_env"][0]
    assert api.store[system + "configmaps/coredns"]["data"]["Corefile"].startswith(".:53 {\n    errors\n")
    assert "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:apiserver-kubelet-client" in api.store


def test_addons_that_are_off_cost_no_call_and_errors_are_visible(api, play):
    tokens = [{"token": f"abcdef.{SECRET}", "usages": ["singing"]}]
    code, text = play(
        phases=["addons", "bootstrap_token"],
        addons_dns_disabled=True,
        addons_proxy_disabled=True,
        bootstrap_token_tokens=tokens,
    )
    assert code != 0
    assert "bootstrapTokens[0].usages: unknown usage (got 'singing'; accepted: signing, authentication)" in text
    assert api.requests == []


def test_a_phase_that_is_skipped_costs_no_call(api, play):
    code, text = play(phases=["bootstrap_token"], bootstrap_token_skip_phases=["bootstrap-token"])
    assert code == 0 and "skipped=2" in text
    assert api.requests == []
