# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole cluster is reset beside things of somebody else, and made anew on the same hosts.

On whatever hosts of the lab are one cluster. Comes last: nothing of that cluster is left.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from lab import topology
from tests.cluster.cluster import Cluster, eventually, ready
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import with_groups
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run

RESET = "playbooks/reset.yml"
CA = "/etc/kubernetes/pki/ca.crt"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
#: what somebody else has on the same hosts
UNIT = (
    "[Service]\nWorkingDirectory=/var/lib/etcd\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
)
FILES = {
    "/etc/systemd/system/mine-etcd.service": UNIT,
    "/etc/cni/net.d/87-mine.conflist": '{"cniVersion": "1.0.0", "name": "mine", "plugins": [{"type": "loopback"}]}\n',
    "/etc/kubernetes/audit-policy.yaml": "mine\n",
    "/etc/kubernetes/pki/oidc-ca.crt": "mine\n",
    "/etc/sysctl.d/98-mine.conf": "# mine\n",
    "/opt/cni/bin/mine": "mine\n",
}
DATA = "/var/lib/etcd/member/snap/db"
KERNEL = (
    "nft add table inet mine && nft 'add chain inet mine here' && nft add rule inet mine here tcp dport 9 counter accept && "
    "iptables -N MINE && iptables -A MINE -p tcp --dport 9 -j RETURN && iptables -A FORWARD -j MINE && "
    "ip route add blackhole 203.0.113.0/24"
)
KERNEL_NOW = "nft list table inet mine; iptables -S MINE; iptables -S FORWARD | grep MINE; ip route show type blackhole"
NO_KERNEL = (
    "nft delete table inet mine; iptables -D FORWARD -j MINE; iptables -F MINE; iptables -X MINE; "
    "ip route del blackhole 203.0.113.0/24; true"
)
CONTAINER = (
    "image=$(ctr -n k8s.io image ls -q | grep /pause: | grep -v @ | head -1) && ctr -n k8s.io image export /root/mine.tar $image && "
    "ctr -n mine image import --no-unpack=false /root/mine.tar && rm /root/mine.tar && ctr -n mine run -d $image mine"
)
NO_CONTAINER = "ctr -n mine task rm -f mine; ctr -n mine container rm mine; true"
TRACES = (
    r"find / /var /run -xdev \( -iname '*kube*' -o -iname '*containerd*' -o -iname '*etcd*' -o -iname 'cni*' -o -name runc \) "
    "! -path '/run/systemd/*'"
)
PROGRAMS = "ps -eo comm= | grep -xE 'kubelet|kube-.*|etcd|containerd.*|coredns|pause|haproxy|keepalived' || true"
NETWORK = "ip -br link; ip route; nft list tables; iptables-save | grep -E 'KUBE|10[.]244' || true"


class Resetting(NamedTuple):
    refused: Run
    unnamed: Run
    plan: Run
    untouched: bool
    done: Run
    again: Run


@pytest.fixture(scope="module")
def control_planes(hosts: dict[str, Host]) -> list[Host]:
    """Of one cluster, whatever other tests have left of it."""
    found = [hosts[one.name] for one in topology.load(LAB).hosts if {"control_plane", "spare"} & set(one.groups)]
    running = {
        host.name: _sha(host, CA) for host in found if _has(host, "/etc/kubernetes/manifests/kube-apiserver.yaml")
    }
    assert running
    first = next(iter(running.values()))
    return [hosts[name] for name, sha in running.items() if sha == first]


@pytest.fixture(scope="module")
def joined_workers(hosts: dict[str, Host], control_planes: list[Host]) -> list[Host]:
    sha = _sha(control_planes[0], CA)
    found = [hosts[one.name] for one in topology.load(LAB).hosts if "workers" in one.groups]
    return [host for host in found if _has(host, KUBELET_CONF) and _sha(host, CA) == sha]


@pytest.fixture(scope="module")
def everybody(control_planes: list[Host], joined_workers: list[Host]) -> list[Host]:
    return [*control_planes, *joined_workers]


@pytest.fixture(scope="module")
def balancers(hosts: dict[str, Host]) -> list[Host]:
    return [hosts[one.name] for one in topology.load(LAB).hosts if "load_balancer" in one.groups]


@pytest.fixture(scope="module")
def playbooks(
    control_planes: list[Host],
    joined_workers: list[Host],
    balancers: list[Host],
    tmp_path_factory: pytest.TempPathFactory,
) -> Playbooks:
    named = {
        "control_plane": [host.name for host in control_planes],
        "workers": [host.name for host in joined_workers],
        "load_balancer": [host.name for host in balancers],
    }
    return with_groups(tmp_path_factory.mktemp("reset"), **named)


@pytest.fixture(scope="module")
def before(everybody: list[Host], joined_workers: list[Host]) -> dict[str, str]:
    """What somebody else has on each host. A worker's etcd is not the cluster's, and a container there no kubelet's."""
    for host in everybody:
        host.run(NO_KERNEL)
        for path, text in FILES.items():
            host.run(f"mkdir -p {shlex.quote(str(Path(path).parent))} /var/lib/etcd")
            host.write(path, text)
        host.run(KERNEL)
        host.run("systemctl daemon-reload && systemctl enable --now --quiet mine-etcd")
    for host in joined_workers:
        host.run(f"mkdir -p {Path(DATA).parent} && echo mine > {DATA}")
        host.run(NO_CONTAINER)
        host.run(CONTAINER)
    return {host.name: _foreign(host) for host in everybody}


@pytest.fixture(scope="module")
def authority(control_planes: list[Host]) -> str:
    return _sha(control_planes[0], CA)


@pytest.fixture(scope="module")
def reset(before: dict[str, str], authority: str, everybody: list[Host], playbooks: Playbooks) -> Resetting:
    one = everybody[-1]
    seen = [_state(host) for host in everybody]
    refused = playbooks.play(RESET, "--limit", one.name, kubephase_reset_confirm="kubernetes")
    unnamed = playbooks.play(RESET, kubephase_reset_confirm="another")
    plan = playbooks.play(RESET, "--check", "--diff")
    untouched = [_state(host) for host in everybody] == seen
    done = playbooks.play(RESET, kubephase_reset_confirm="kubernetes")
    return Resetting(
        refused, unnamed, plan, untouched, done, playbooks.play(RESET, kubephase_reset_confirm="kubernetes")
    )


def test_a_single_member_is_refused(reset: Resetting, everybody: list[Host]) -> None:
    assert reset.refused.code != 0
    assert "this host is a node of the running cluster" in reset.refused.error
    assert "playbooks/remove_node.yml" in reset.refused.error


def test_the_cluster_has_to_be_named(reset: Resetting) -> None:
    assert reset.unnamed.code != 0
    assert '(got "another"; accepted: kubernetes)' in reset.unnamed.error


def test_nothing_was_touched_until_it_was(reset: Resetting) -> None:
    assert reset.untouched


def test_check_mode_tells_all_that_goes(reset: Resetting, everybody: list[Host]) -> None:
    assert reset.plan.code == 0, reset.plan.output
    # balancers show the text of what they lose, nodes show names alone
    nodes = "".join(
        part for part in reset.plan.output.split("\nTASK [") if part.startswith("kubephase.cluster.reset :")
    )
    assert "+delete " in nodes
    assert not [line for line in nodes.splitlines() if line.startswith("-") and not line.startswith("---")]
    for wanted in (
        "+remove Pod kube-system/kube-apiserver-",
        "+delete /etc/kubernetes/pki/ca.key",
        "+delete bridge cni0",
    ):
        assert wanted in reset.plan.plan, wanted
    assert "BEGIN" not in reset.plan.output
    assert [host.name for host in everybody if not reset.plan.changed[host.name]] == []


def test_all_of_it_goes(reset: Resetting, control_planes: list[Host]) -> None:
    assert reset.done.code == 0, reset.done.output
    for host in control_planes:
        mine = {*FILES, "/var/lib/etcd", "/etc/systemd/system/multi-user.target.wants/mine-etcd.service"}
        around = {str(parent) for path in mine for parent in Path(path).parents}
        assert set(host.run(TRACES).splitlines()) - mine - around == set(), host.name


@pytest.mark.parametrize("word", ["KUBE", "10.244", "kubephase", "kube-proxy", "cni0", "veth"])
def test_the_kernel_knows_nothing_of_it(reset: Resetting, everybody: list[Host], word: str) -> None:
    assert [host.name for host in everybody if word in host.run(NETWORK)] == []


def test_what_was_there_is_there(reset: Resetting, before: dict[str, str], everybody: list[Host]) -> None:
    for host in everybody:
        assert _foreign(host) == before[host.name], host.name


def test_only_what_others_use_still_runs(
    reset: Resetting, control_planes: list[Host], joined_workers: list[Host], balancers: list[Host]
) -> None:
    for host in [*control_planes, *balancers]:
        assert host.run(PROGRAMS) == "", host.name
    for host in joined_workers:
        running = set(host.run(PROGRAMS).split())
        assert not {"kubelet", "kube-proxy", "coredns"} & running
        assert "containerd" in running


def test_what_stays_is_told(reset: Resetting, joined_workers: list[Host]) -> None:
    assert "/etc/kubernetes/pki/oidc-ca.crt" in reset.done.output
    if joined_workers:
        assert "the container runtime is used by containerd namespace mine" in " ".join(reset.done.output.split())


def test_a_second_run_changes_nothing(reset: Resetting) -> None:
    assert reset.again.code == 0, reset.again.output
    assert not any(reset.again.changed.values()), reset.again.output


def test_the_hosts_make_a_new_cluster(
    reset: Resetting,
    before: dict[str, str],
    authority: str,
    everybody: list[Host],
    control_planes: list[Host],
    playbooks: Playbooks,
    tmp_path: Path,
) -> None:
    for host in everybody:
        host.run("systemctl disable --now --quiet mine-etcd && rm -rf /var/lib/etcd /etc/cni/net.d/87-mine.conflist")
        host.run(NO_KERNEL)
    made = playbooks.site()
    assert made.code == 0, made.output
    assert _sha(control_planes[0], CA) != authority
    cluster = Cluster.of(control_planes[0], tmp_path)
    nodes = eventually(lambda: cluster.items("nodes"), "there are nodes", 30)
    assert {node["metadata"]["name"] for node in nodes} == {host.name for host in everybody}
    assert all(map(ready, nodes))


def _has(host: Host, path: str) -> bool:
    return host.shell(f"test -e {path}").returncode == 0


def _sha(host: Host, path: str) -> str:
    return host.run(f"sha256sum < {path}")


def _state(host: Host) -> str:
    units = host.run("systemctl show -p MainPID -p UnitFileState kubelet containerd kubephase-pod-network")
    return units + host.fingerprint("/etc/kubernetes", "/var/lib/kubelet/config.yaml", "/etc/cni", "/etc/containerd")


def _foreign(host: Host) -> str:
    """With the processes, which were not restarted."""
    unit = host.run("systemctl show -p MainPID -p ActiveState -p UnitFileState mine-etcd")
    container = host.run("ps -eo pid=,args= | grep '[c]ontainerd-shim.*-namespace mine ' || true")
    data = host.fingerprint(DATA) if _has(host, DATA) and not _has(host, "/etc/kubernetes/manifests/etcd.yaml") else ""
    counters = "sed 's/packets [0-9]* bytes [0-9]*//'"
    return unit + container + data + host.run(f"({KERNEL_NOW}) | {counters}") + host.fingerprint(*FILES)
