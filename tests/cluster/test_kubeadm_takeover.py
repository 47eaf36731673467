# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that real kubeadm made of a configuration file is taken over with the same file, and grows by ours."""

from __future__ import annotations

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.joining import some_token
from tests.cluster.kubeadm import IGNORED, RELEASE, Kubeadm
from tests.cluster.playbook import Playbooks, Run

CONFIGURATION = Path(__file__).with_name("kubeadm.yaml")
MADE_BY_KUBEADM = ("k1", "k2")
AUDIT = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"

PREPARED = "kubeadm leaves the preparation of a host to its administrator"
RUNTIME = "kubeadm takes the container runtime that it finds"
PACKAGE = "comes with the packages of kubelet and kubeadm, whose comments the collection does not copy"
NO_NETWORK = "kubeadm brings no Pod network"
#: by role and file: why a run has something to do on a node that kubeadm made. There is nothing else.
DIFFERENCES = {
    ("node", "/etc/modules-load.d/kubephase.conf"): PREPARED,
    ("node", "/etc/sysctl.d/99-kubephase.conf"): PREPARED,
    ("container_runtime", "/usr/local/bin"): f"{RUNTIME}; from an archive, so it cannot be told whether it is the same",
    ("container_runtime", "/opt/cni/bin"): f"{RUNTIME}; from an archive, so it cannot be told whether it is the same",
    ("container_runtime", "/etc/containerd/config.toml"): RUNTIME,
    ("container_runtime", "/etc/containerd/certs.d/registry.k8s.io/hosts.toml"): RUNTIME,
    ("container_runtime", "/etc/systemd/system/containerd.service"): RUNTIME,
    ("kubelet", "/usr/lib/systemd/system/kubelet.service"): PACKAGE,
    ("kubelet", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"): PACKAGE,
    ("network", "/etc/cni/net.d/10-kubephase.conflist"): NO_NETWORK,
    ("network", "/etc/kubephase/pod-network.nft"): NO_NETWORK,
    ("network", "/etc/systemd/system/kubephase-pod-network.service"): NO_NETWORK,
    ("network", "/etc/kubephase/pod-routes"): NO_NETWORK,
}
#: where the host has none of it yet
PERHAPS = {
    ("kubelet", "/etc/kubernetes/manifests/"): "comes with the kubelet's package, which these hosts do not have",
    ("network", "routes of the kernel"): NO_NETWORK,
}
#: what is kubeadm's on a host
ARTIFACTS = (
    "/etc/kubernetes/pki",
    *(
        f"/etc/kubernetes/{name}.conf"
        for name in ("admin", "super-admin", "kubelet", "controller-manager", "scheduler")
    ),
    "/etc/kubernetes/manifests",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/instance-config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/pki",
)
KINDS = "configmaps,services,serviceaccounts,deployments,daemonsets,roles,rolebindings,clusterroles,clusterrolebindings"


class Taken(NamedTuple):
    plan: Run
    before: dict[str, Any]
    run: Run
    after: dict[str, Any]
    again: Run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("takeover")


@pytest.fixture(scope="module")
def configuration(directory: Path, hosts: dict[str, Host]) -> Path:
    """The user's file, as kubeadm and the collection both get it."""
    text = CONFIGURATION.read_text()
    for name, value in {"ADDRESS": hosts["k1"].address, "VERSION": RELEASE.version, "TOKEN": some_token()}.items():
        text = text.replace(name, value)
    path = directory / "kubeadm.yaml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def made(configuration: Path, hosts: dict[str, Host], directory: Path) -> Cluster:
    """One control plane and one worker, by kubeadm alone."""
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda name: Kubeadm.prepared(LAB, hosts[name]), MADE_BY_KUBEADM)
    first.host.run("mkdir -p /etc/kubernetes-audit")
    first.host.write("/etc/kubernetes-audit/policy.yaml", AUDIT)
    for kubeadm in (first, second):
        kubeadm.host.write("/root/kubeadm.yaml", configuration.read_text())
    first("init", "--config=/root/kubeadm.yaml")
    second("join", "--config=/root/kubeadm.yaml")
    return Cluster.of(first.host, directory)


def inventory(directory: Path, playbooks: Playbooks, configuration: Path, **groups: list[str]) -> Playbooks:
    """Of the lab's own only where to download from; all else is in the user's file."""
    own = playbooks.variables("k1")
    kept = {
        name: value
        for name, value in own.items()
        if name.startswith("ansible_")
        or re.match(r"kubephase_(\w+_url|registry_mirrors|containerd_restrict\w+)$", name)
    }
    del kept["ansible_host"]
    variables = {**kept, "kubephase_config_file": str(configuration), "kubephase_network_mode": "bridge"}
    children = {
        group: {"hosts": {name: {"ansible_host": playbooks.variables(name)["ansible_host"]} for name in names}}
        for group, names in groups.items()
    }
    path = directory / f"{'-'.join(sum(groups.values(), []))}.json"
    path.write_text(json.dumps({"all": {"vars": variables, "children": children}}))
    return Playbooks(path)


def state(made: Cluster, hosts: dict[str, Host]) -> dict[str, Any]:
    """Everything that kubeadm made, and when what it started was started."""
    objects = {}
    for each in made.items(KINDS, "--all-namespaces"):
        metadata = each["metadata"]
        # the control plane signs cluster-info for every token, and says in Deployments what it observed
        data = {key: value for key, value in each.get("data", {}).items() if not key.startswith("jws-kubeconfig-")}
        name = (each["kind"], metadata.get("namespace", ""), metadata["name"])
        objects[name] = (metadata["uid"], metadata.get("labels"), each.get("spec"), each.get("rules"), data)
    pods = made.items("pods", "-n", "kube-system", "-l", "tier=control-plane")
    return {
        "objects": objects,
        "files": {name: hosts[name].fingerprint(*ARTIFACTS) for name in MADE_BY_KUBEADM},
        "containers": {
            each["metadata"]["name"]: [status["containerID"] for status in each["status"]["containerStatuses"]]
            for each in pods
            if each["spec"]["nodeName"] in MADE_BY_KUBEADM
        },
    }


@pytest.fixture(scope="module")
def taken(made: Cluster, hosts: dict[str, Host], playbooks: Playbooks, directory: Path, configuration: Path) -> Taken:
    as_it_is = inventory(directory, playbooks, configuration, control_plane=["k1"], workers=["k2"])
    plan = as_it_is.site("--check", "--diff")
    before = state(made, hosts)
    grown = inventory(directory, playbooks, configuration, control_plane=["k1"], workers=["k2", "k4"])
    run = grown.site()
    return Taken(plan, before, run, state(made, hosts), grown.site())


def differences(run: Run) -> dict[str, set[tuple[str, str]]]:
    """By host: role and file of everything that would change."""
    found: dict[str, set[tuple[str, str]]] = {}
    role, files = "", [""]
    for line in run.output.splitlines():
        if task := re.match(r"TASK \[(?:kubephase\.cluster\.)?(\S+)", line):
            role, files = task[1], []
        elif file := re.match(r"\+\+\+ after: (.*)", line):
            files.append(file[1])
        elif result := re.match(r"(changed|ok): \[(\S+)\]", line):
            if result[1] == "changed":
                found.setdefault(result[2], set()).update((role, each) for each in files or ["?"])
            files = []
    return found


def test_plan_succeeds(taken: Taken) -> None:
    assert taken.plan.code == 0, taken.plan.output


@pytest.mark.parametrize("host", MADE_BY_KUBEADM)
def test_plan_is_exactly_the_known_differences(taken: Taken, host: str) -> None:
    assert differences(taken.plan).get(host, set()) - {*PERHAPS} == {*DIFFERENCES}, taken.plan.output


def test_run_succeeds(taken: Taken) -> None:
    assert taken.run.code == 0, taken.run.output


@pytest.mark.parametrize("host", MADE_BY_KUBEADM)
def test_every_file_of_kubeadm_is_as_it_was(taken: Taken, host: str) -> None:
    def files(found: dict[str, Any]) -> list[str]:
        lines: list[str] = found["files"][host].splitlines()
        # the one folder of PERHAPS
        return [line for line in lines if host != "k2" or not line.startswith("/etc/kubernetes/manifests")]

    assert files(taken.after) == files(taken.before)


def test_every_object_is_as_it_was(taken: Taken) -> None:
    assert {name: taken.after["objects"].get(name) for name in taken.before["objects"]} == taken.before["objects"]


def test_control_plane_was_not_restarted(taken: Taken) -> None:
    assert len(taken.before["containers"]) == 4
    assert taken.after["containers"] == taken.before["containers"]


def test_second_run_changes_nothing(taken: Taken) -> None:
    assert taken.again.code == 0, taken.again.output
    assert not any(taken.again.changed.values()), taken.again.output


@pytest.mark.parametrize("node", ["k1", "k2", "k4"])
def test_node_is_ready(taken: Taken, made: Cluster, node: str) -> None:
    eventually(lambda: ready(made.get("node", node)), f"node {node} is Ready")


def test_our_worker_is_like_the_one_of_kubeadm(taken: Taken, hosts: dict[str, Host]) -> None:
    for path in ("/var/lib/kubelet/config.yaml", "/var/lib/kubelet/instance-config.yaml", "/etc/kubernetes/pki/ca.crt"):
        assert hosts["k4"].read(path) == hosts["k2"].read(path), path


def test_kubeadm_still_finds_nothing_to_change(taken: Taken, hosts: dict[str, Host]) -> None:
    said = Kubeadm(hosts["k1"])("upgrade", "diff", f"v{RELEASE.version}")
    assert [line for line in said.splitlines() if not line.startswith("[upgrade/diff] ")] == []


def test_kubeadm_resets_our_worker(taken: Taken, made: Cluster, hosts: dict[str, Host]) -> None:
    worker = Kubeadm.client(LAB, hosts["k4"])
    assert "Deleting contents of directories" in worker("reset", "--force", shlex.quote(IGNORED))
    made.kubectl("delete", "node", "k4")
    assert worker.host.run("find /var/lib/kubelet -mindepth 1").strip() == ""
