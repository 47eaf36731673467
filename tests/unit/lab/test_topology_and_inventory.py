from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lab import inventory, pins, topology, yamltext
from lab.inventory import Access, Limits

ACCESS = Access(Path("/k/id"), Path("/c/my lab/known_hosts"), Path("/k/cp"))


def rendered(limits: Limits) -> dict:
    lab = topology.load("molecule-default")
    return yaml.safe_load(inventory.render(lab, ACCESS, pins.release("1.37"), limits))["all"]


def test_inventory_names_hosts_by_group_and_address():
    groups = rendered(Limits())["children"]
    assert groups["control_plane"]["hosts"] == {"cp1": {"ansible_host": "172.30.1.101"}}
    assert list(groups["workers"]["hosts"]) == ["w1", "w2"]
    assert groups["etcd"]["hosts"] == groups["load_balancer"]["hosts"] == {}
    assert list(groups["spare"]["hosts"]) == ["spare1"]


def test_inventory_says_what_the_topology_adds():
    lab = topology.parse(
        '{"name": "x", "subnet": "10.9.0.0/24", "hosts": {}, "variables": {"kubephase_pod_subnet": "10.7.0.0/16"}}', "x"
    )
    values = yaml.safe_load(inventory.render(lab, ACCESS, pins.release("1.37"), Limits()))["all"]["vars"]
    assert values["kubephase_pod_subnet"] == "10.7.0.0/16"


def test_a_capable_machine_gets_no_concessions():
    values = rendered(Limits())["vars"]
    assert not set(values["kubephase_kubelet_configuration"]) & {"failCgroupV1", "failSwapOn"}
    assert "kubephase_node_registration" not in values
    assert "kubephase_containerd_restrict_oom_score_adj" not in values


def test_a_machine_with_cgroup_v1_gets_what_it_needs():
    values = rendered(Limits(cgroup_version=1, swap=True, raise_limits=False))["vars"]
    kubelet = values["kubephase_kubelet_configuration"]
    assert (kubelet["failCgroupV1"], kubelet["failSwapOn"]) == (False, False)
    assert values["kubephase_node_registration"] == {"ignorePreflightErrors": ["SystemVerification"]}
    assert values["kubephase_containerd_restrict_oom_score_adj"] is True


def test_downloads_lead_to_the_gateway_of_the_labs_own_network():
    values = rendered(Limits())["vars"]
    assert values["kubephase_kubernetes_url"] == "http://172.30.1.1:8080/release"
    assert values["kubephase_registry_mirrors"] == {"registry.k8s.io": [{"url": "http://172.30.1.1:5000"}]}


def test_host_keys_are_always_checked_and_paths_may_have_spaces():
    arguments = rendered(Limits())["vars"]["ansible_ssh_common_args"]
    assert "StrictHostKeyChecking=yes" in arguments
    assert "'UserKnownHostsFile=\"/c/my lab/known_hosts\"'" in arguments


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": [1, True, None, "yes", "1.0", "a: b", " x", "", "#c", "-"]}},
        {"list": [{"url": "http://x:1", "n": []}, [1, [2]], "plain text", {}]},
        ["a", {"b": {"c": "v1.37.2"}}],
        {"null": "null", "on": "off", "10": "010", "*x": "&y", "é": "é\n"},
    ],
)
def test_yaml_reads_back_as_it_was(value):
    assert yaml.safe_load(yamltext.dump(value)) == value


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            '{"name": "x", "subnet": "10.1.0.0/24", "hosts": {"a": {"address": "10.2.0.5", "groups": []}}}',
            "hosts.a.address",
        ),
        (
            '{"name": "x", "subnet": "10.1.0.0/24", "hosts": {"a": {"address": "10.1.0.1", "groups": []}}}',
            "hosts.a.address",
        ),
        (
            '{"name": "x", "subnet": "10.1.0.0/24", "hosts": {"a": {"address": "10.1.0.5", "groups": ["w"]}}}',
            "hosts.a.groups",
        ),
        ('{"name": "x", "subnet": "10.1.0.0", "hosts": []}', "not a topology"),
        ("{", "not a topology"),
    ],
)
def test_a_wrong_topology_is_told_by_field(change, complaint):
    with pytest.raises(SystemExit, match=complaint):
        topology.parse(change, "t.json")


def test_labs_do_not_share_addresses():
    # these have the addresses of molecule-default on purpose: what is made there is compared with what kubeadm made on golden
    alike = ("golden", "molecule-minor")
    labs = [topology.load(path.stem) for path in topology.FOLDER.glob("*.json") if path.stem not in alike]
    assert len({lab.subnet for lab in labs}) == len({lab.name for lab in labs}) == len(labs)
