# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers: who is behind them, what a changed configuration costs, and how they are undone."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from lab import topology
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks

TOPOLOGY = topology.load(LAB)
ADDRESS, PORT = str(TOPOLOGY.variables["kubephase_control_plane_endpoint"]).split(":")
CONTROL_PLANES = [host.name for host in TOPOLOGY.group("control_plane")]
BALANCERS = [host.name for host in TOPOLOGY.group("load_balancer")]
BACKENDS = [{"name": host.name, "address": host.address, "port": int(PORT)} for host in TOPOLOGY.group("control_plane")]
HAPROXY = "/etc/haproxy/haproxy.cfg"
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


@pytest.fixture(scope="module")
def balancers(hosts: dict[str, Host]) -> list[Host]:
    return [hosts[name] for name in BALANCERS]


def states(balancer: Host) -> dict[str, bool]:
    """Whether haproxy sends clients to it, by control plane."""
    lines = balancer.run("echo 'show servers state kube-apiserver' | socat - /run/haproxy.sock").splitlines()
    return {fields[3]: fields[5] == "2" for fields in map(str.split, lines) if len(fields) > 10 and fields[0] != "#"}


def all_well(balancers: list[Host]) -> None:
    whole = dict.fromkeys(CONTROL_PLANES, True)
    eventually(lambda: all(states(host) == whole for host in balancers), "every API server is well", 120)


def connection() -> http.client.HTTPSConnection:
    """To whoever answers at the virtual address; who that is another test asks."""
    return http.client.HTTPSConnection(ADDRESS, int(PORT), timeout=5, context=ssl._create_unverified_context())


def answers(connected: http.client.HTTPSConnection) -> bool:
    connected.request("GET", "/readyz")
    response = connected.getresponse()
    return (response.status, response.read()) == (200, b"ok")


def holds(balancer: Host) -> bool:
    return f" {ADDRESS}/" in balancer.run("ip -o address show")


def process(balancer: Host) -> str:
    return balancer.run("systemctl show haproxy -p MainPID -p ActiveEnterTimestamp -p NRestarts")


def without(directory: Path, host: str) -> Path:
    """A playbook that undoes a load balancer."""
    task = {"name": "Balance no more", "kubephase.cluster.load_balancer": {"state": "absent"}}
    play = {"name": "One less", "hosts": host, "become": True, "gather_facts": False, "tasks": [task]}
    path = directory / "without.yml"
    path.write_text(json.dumps([play]))
    return path


def only_balancers(playbooks: Playbooks, *arguments: str, **variables: Any) -> Any:
    return playbooks.site("--limit", "load_balancer", *arguments, **variables)


def test_every_balancer_sees_every_api_server(balancers: list[Host]) -> None:
    all_well(balancers)


def test_the_first_holds_the_address(balancers: list[Host]) -> None:
    first, second = balancers
    eventually(lambda: holds(first) and not holds(second), "the first balancer has the address", 30)


def test_tls_is_passed_through(hosts: dict[str, Host]) -> None:
    """The certificate is an API server's own."""
    script = "openssl x509 -in /etc/kubernetes/pki/apiserver.crt -outform DER | sha256sum"
    own = {hosts[name].run(script).split()[0] for name in CONTROL_PLANES}
    shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((ADDRESS, int(PORT))))
    assert hashlib.sha256(shown).hexdigest() in own


def test_a_configuration_that_haproxy_refuses_never_goes_live(playbooks: Playbooks, balancers: list[Host]) -> None:
    before = balancers[0].fingerprint(HAPROXY)
    run = only_balancers(playbooks, load_balancer_extra_backend=["nonsense yes"])
    assert sorted(run.failed) == BALANCERS
    assert "haproxy does not accept this configuration" in run.error and "nonsense" in run.error
    assert balancers[0].fingerprint(HAPROXY) == before
    assert answers(connection())


def test_a_backend_that_goes_costs_no_connection(playbooks: Playbooks, balancers: list[Host]) -> None:
    before, connected = process(balancers[0]), connection()
    assert answers(connected)
    run = only_balancers(playbooks, load_balancer_backends=BACKENDS[:-1])
    assert run.code == 0, run.output
    # the same connection: http.client would have to be told to open another one
    socket = connected.sock
    assert answers(connected) and connected.sock is socket
    assert process(balancers[0]) == before
    assert all(set(states(host)) == set(CONTROL_PLANES[:-1]) for host in balancers)


def test_a_balancer_that_is_undone(playbooks: Playbooks, balancers: list[Host], tmp_path: Path) -> None:
    last = balancers[-1]
    planned = playbooks.play(without(tmp_path, last.name), "--check", "--diff")
    assert planned.changed == {last.name: 1} and HAPROXY in planned.output
    run = playbooks.play(without(tmp_path, last.name))
    assert run.code == 0, run.output
    assert last.shell("systemctl is-active haproxy keepalived").stdout.split() == [b"inactive", b"inactive"]
    left = last.run(
        f"grep -c kubephase {HAPROXY} || true; ls /etc/keepalived/keepalived.conf /usr/libexec/keepalived 2>&1 || true"
    )
    assert left.startswith("0\n") and "keepalived.conf'" in left and "kubephase-check" not in left
    assert playbooks.play(without(tmp_path, last.name)).changed == {last.name: 0}
    assert answers(connection())


def test_a_run_mends_all_of_it(playbooks: Playbooks, balancers: list[Host]) -> None:
    planned = only_balancers(playbooks, "--check", "--diff")
    assert planned.code == 0 and planned.changed == dict.fromkeys(BALANCERS, 1)
    assert f"+    server {CONTROL_PLANES[-1]} " in planned.plan
    run = only_balancers(playbooks)
    assert run.code == 0 and run.changed == dict.fromkeys(BALANCERS, 1), run.output
    all_well(balancers)


def test_a_balancer_without_haproxy_gives_the_address_away(balancers: list[Host]) -> None:
    first, second = balancers
    first.run("systemctl stop haproxy")
    try:
        eventually(lambda: holds(second) and not holds(first), "the second balancer has the address", 15)
        assert answers(connection())
    finally:
        first.run("systemctl start haproxy")
    eventually(lambda: holds(first) and not holds(second), "the first balancer has the address again", 30)


def test_an_api_server_that_is_not_ready_is_left_out(
    cluster: Cluster, hosts: dict[str, Host], balancers: list[Host]
) -> None:
    last = CONTROL_PLANES[-1]
    hosts[last].run(f"mv {MANIFEST} /root/")
    try:
        eventually(lambda: not any(states(host)[last] for host in balancers), f"nobody asks {last}", 60)
        assert all(answers(connection()) for _ in range(10))
    finally:
        hosts[last].run(f"mv /root/kube-apiserver.yaml {MANIFEST}")
    all_well(balancers)
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"
