# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's way into a running etcd: against a stand-in that can misbehave, and, where one was built, against real ones."""

from __future__ import annotations

import http.server
import json
import pathlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd import joining
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.client import Client, Credentials, EtcdUnreachable
from ansible_collections.kubephase.cluster.plugins.module_utils._etcd.joining import Joining, Wanted

PEER = "https://192.0.2.12:2380"
STORE = pathlib.Path.home() / ".cache/kubephase/store"
BUILT = sorted(STORE.glob("etcd-v*-amd64/etcd"))


class Gateway:
    """What etcd's JSON gateway says.

    :ivar members: as the member list has them.
    :ivar refusals: answers by path that come first, each (HTTP status, code, message).
    :ivar lag: how often a promotion is refused because the learner is behind.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.members: list[dict[str, Any]] = [
            {"ID": "10276657743932975437", "name": "cp1", "peerURLs": ["https://192.0.2.11:2380"], "clientURLs": [url]}
        ]
        self.refusals: dict[str, list[tuple[int, int, str]]] = {}
        self.lag = 0
        self.leader = "1"
        self.calls: list[str] = []

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(path)
        waiting = self.refusals.get(path)
        if waiting:
            status, code, message = waiting.pop(0)
            return status, {"code": code, "message": message}
        if path.endswith("/add"):
            if any(one.get("isLearner") for one in self.members):
                return 400, {"code": 9, "message": "etcdserver: too many learner members in cluster"}
            added = {"ID": "255", "peerURLs": body["peerURLs"], "isLearner": True}
            self.members.append(added)
            return 200, {"member": added, "members": self.members}
        if path.endswith("/promote"):
            if self.lag:
                self.lag -= 1
                return 400, {"code": 9, "message": "etcdserver: can only promote a learner member which is in sync"}
            (mine,) = [one for one in self.members if one["ID"] == body["ID"]]
            mine.pop("isLearner")
        if path.endswith("/status"):
            return 200, {"leader": self.leader}
        return 200, {"members": self.members}

    def start_member(self) -> None:
        """As etcd does when it has come up: it tells its name."""
        self.members[-1].update(name="cp2", clientURLs=[self.url])


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, found = made.answer(self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Gateway(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def join(gateway: Gateway, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(joining, "_PAUSE", 0.01)
    monkeypatch.setattr(joining, "_SETTLED_WITHIN", 0.05)

    def join(check_mode: bool = False, **changed: Any) -> Joining:
        wanted = {
            "name": "cp2", "peer_url": PEER, "client_url": gateway.url, "credentials": Credentials(),
            "manifests": str(tmp_path), "data_dir": str(tmp_path / "etcd"), "etcd_timeout": 0.5, **changed,
        }  # fmt: skip
        return Joining(Wanted(**wanted), check_mode, lambda: [gateway.url])

    return join


def lay_data(tmp_path: pathlib.Path) -> None:
    (tmp_path / "etcd/member").mkdir(parents=True)


def test_the_whole_way(join: Any, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    added = join().add()
    assert (added["changed"], added["member_id"]) == (True, "ff")
    assert added["initial_cluster"] == f"cp1=https://192.0.2.11:2380,cp2={PEER}"
    gateway.start_member()
    lay_data(tmp_path)
    gateway.lag = 2
    assert join().promote()["changed"]
    assert "isLearner" not in gateway.members[-1]
    assert not join().promote()["changed"]


def test_a_member_that_was_added_is_not_added_again(join: Any, gateway: Gateway) -> None:
    first = join().add()
    again = join().add()
    assert (again["changed"], again["initial_cluster"]) == (False, first["initial_cluster"])
    assert len(gateway.members) == 2


def test_a_manifest_that_was_written_stays_as_it_is(join: Any, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    """Members that came later do not matter to an etcd that has its data."""
    written = f"cp1=https://192.0.2.11:2380,cp2={PEER}"
    join().add()
    (tmp_path / "etcd.yaml").write_text(f"- --initial-cluster={written}\n- --initial-cluster-state=existing\n")
    gateway.start_member()
    lay_data(tmp_path)
    gateway.members.insert(0, {"ID": "7", "name": "cp3", "peerURLs": ["https://192.0.2.13:2380"]})
    assert join().add()["initial_cluster"] == written


def test_a_manifest_that_nothing_was_started_with_is_made_anew(
    join: Any, gateway: Gateway, tmp_path: pathlib.Path
) -> None:
    added = join().add()
    stale = "cp1=https://192.0.2.11:2380,gone=https://192.0.2.19:2380"
    (tmp_path / "etcd.yaml").write_text(f"- --initial-cluster={stale}\n- --initial-cluster-state=existing\n")
    assert join().add()["initial_cluster"] == added["initial_cluster"]


@pytest.mark.parametrize("was_added", [False, True])
def test_another_member_has_the_name(join: Any, gateway: Gateway, tmp_path: pathlib.Path, was_added: bool) -> None:
    """A host that died and came back with another address: etcd would refuse the list of its members."""
    if was_added:
        join().add()
    gateway.members.append({"ID": "9", "name": "cp2", "peerURLs": ["https://192.0.2.19:2380"], "clientURLs": []})
    before = len(gateway.members)
    gateway.leader = "0"  # that it is not well either is not what has to be said
    with pytest.raises(KubephaseError, match="another member with this host's name .ID 9, https://192.0.2.19") as error:
        join().add()
    assert "member remove 9" in str(error.value) and len(gateway.members) == before


def test_members_without_a_name_are_named_by_their_id(join: Any, gateway: Gateway) -> None:
    gateway.members[0]["name"] = ""
    assert join().add()["initial_cluster"] == f"8e9e05c52164694d=https://192.0.2.11:2380,cp2={PEER}"


def test_another_learner_is_waited_for(join: Any, gateway: Gateway) -> None:
    gateway.members.append({"ID": "9", "name": "cp3", "peerURLs": ["https://192.0.2.13:2380"], "isLearner": True})
    threading.Timer(0.1, lambda: gateway.members[-1].pop("isLearner")).start()
    assert join(etcd_timeout=10.0).add()["changed"]


def test_another_learner_that_never_comes_up_is_named(join: Any, gateway: Gateway) -> None:
    gateway.members.append({"ID": "9", "peerURLs": ["https://192.0.2.13:2380"], "isLearner": True})
    with pytest.raises(KubephaseError) as caught:
        join().add()
    text = str(caught.value)
    assert "etcd takes no new member: etcdserver: too many learner members" in text
    assert "9 (https://192.0.2.13:2380)" in text
    assert "etcdctl member remove 9" in text


def test_an_add_that_was_carried_out_without_an_answer_is_found(join: Any, gateway: Gateway) -> None:
    def lost(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path.endswith("/add") and len(gateway.members) == 1:
            Gateway.answer(gateway, path, body)
            return 503, {"code": 14, "message": "etcdserver: request timed out"}
        return Gateway.answer(gateway, path, body)

    gateway.answer = lost  # type: ignore[method-assign]
    assert join().add()["member_id"] == "ff"
    assert len(gateway.members) == 2


def test_etcd_has_to_be_well(join: Any, gateway: Gateway) -> None:
    gateway.leader = "0"
    with pytest.raises(KubephaseError, match="no majority .*no member can be added.*it knows no leader"):
        join().add()
    assert len(gateway.members) == 1
    assert join(check=False).add()["changed"]


@pytest.mark.parametrize(("quorum", "adds"), [(True, True), (False, False)], ids=["since 1.36", "before"])
def test_a_majority_is_enough_since_1_36(join: Any, gateway: Gateway, quorum: bool, adds: bool) -> None:
    """A majority of what will be: four of five are one of six too."""
    gateway.members += [
        {"ID": str(number), "name": f"x{number}", "peerURLs": [f"https://192.0.2.{number}:2380"], "clientURLs": [url]}
        for number, url in enumerate([gateway.url] * 3 + ["http://127.0.0.1:1"], 21)
    ]
    if adds:
        assert join(quorum=quorum).add()["changed"]
    else:
        with pytest.raises(KubephaseError, match="127.0.0.1:1: etcd does not answer"):
            join(quorum=quorum).add()


def test_no_member_more_beside_one_that_is_gone(join: Any, gateway: Gateway) -> None:
    """Two of three are well; of four that would be no majority. In check mode too."""
    gateway.members += [
        {"ID": "21", "name": "cp3", "peerURLs": ["https://192.0.2.13:2380"], "clientURLs": [gateway.url]},
        {"ID": "22", "name": "cp4", "peerURLs": ["https://192.0.2.14:2380"], "clientURLs": ["http://127.0.0.1:1"]},
    ]
    with pytest.raises(KubephaseError) as caught:
        join().add()
    text = str(caught.value)
    assert "not well enough for one more member" in text and "got '2 of 3 members well'; accepted: at least 3" in text
    assert "cp4 (16, https://192.0.2.14:2380): http://127.0.0.1:1: etcd does not answer" in text
    assert "etcdctl member remove 16" in text and "Nothing was changed" in text
    assert len(gateway.members) == 3


def test_a_voter_without_its_data_is_refused(join: Any, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    join().add()
    gateway.start_member()
    gateway.members[-1].pop("isLearner")
    with pytest.raises(KubephaseError, match="member of etcd .ID ff., but its data is gone.*member remove ff"):
        join().add()
    lay_data(tmp_path)
    assert not join().add()["changed"]


def test_data_of_a_member_that_was_taken_out_is_refused(join: Any, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    lay_data(tmp_path)
    with pytest.raises(KubephaseError, match="data of another etcd, or of a member that was taken out"):
        join().add()
    assert len(gateway.members) == 1


def test_an_etcd_that_does_not_start(join: Any, gateway: Gateway) -> None:
    join().add()
    with pytest.raises(KubephaseError, match="its etcd did not start within 0.5 seconds"):
        join().promote()


def test_a_learner_that_does_not_catch_up(join: Any, gateway: Gateway) -> None:
    join().add()
    gateway.start_member()
    gateway.lag = 1000
    with pytest.raises(KubephaseError, match="cannot be promoted: .*in sync"):
        join().promote()


def test_promotion_of_a_member_that_was_taken_out(join: Any) -> None:
    with pytest.raises(KubephaseError, match="not among etcd's members"):
        join().promote()


def test_check_mode(join: Any, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    planned = join(True).add()
    assert (planned["changed"], planned["initial_cluster"]) == (True, f"cp2={PEER}")
    assert not join(True).promote()["changed"]
    assert gateway.calls == []


def test_given_endpoints_need_no_api_server(gateway: Gateway, tmp_path: pathlib.Path) -> None:
    wanted = Wanted(
        name="cp2", peer_url=PEER, client_url=gateway.url, kubeconfig=str(tmp_path / "none"), endpoints=(gateway.url,),
        manifests=str(tmp_path), data_dir=str(tmp_path / "etcd"), etcd_timeout=0.5,
    )  # fmt: skip
    assert Joining(wanted, check_mode=True).add()["changed"]
    assert "/v3/cluster/member/list" in gateway.calls and len(gateway.members) == 1
    assert Joining(wanted).add()["member_id"] == "ff"


def test_a_learner_is_no_endpoint_to_ask(gateway: Gateway) -> None:
    gateway.refusals["/v3/cluster/member/list"] = [(400, 14, "etcdserver: rpc not supported for learner")]
    assert Client([gateway.url, gateway.url], Credentials()).members()[0].name == "cp1"


def test_nobody_answers() -> None:
    with pytest.raises(EtcdUnreachable, match="no member of etcd answers .*127.0.0.1:1"):
        Client(["http://127.0.0.1:1"], Credentials(), 0.2).members()


def test_missing_certificates_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KubephaseError, match="ca.crt: it is missing"):
        Client([], Credentials(str(tmp_path / "ca.crt"), str(tmp_path / "c.crt"), str(tmp_path / "c.key")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RealEtcd:
    """One etcd on loopback."""

    def __init__(self, binary: pathlib.Path, name: str, folder: pathlib.Path) -> None:
        self.binary, self.name, self.folder = binary, name, folder
        self.client, self.peer = (f"http://127.0.0.1:{_free_port()}" for _each in range(2))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, initial_cluster: str = "") -> None:
        arguments = [
            f"--name={self.name}", f"--data-dir={self.folder / self.name}", "--log-level=error", "--unsafe-no-fsync",
            f"--listen-client-urls={self.client}", f"--advertise-client-urls={self.client}",
            f"--listen-peer-urls={self.peer}", f"--initial-advertise-peer-urls={self.peer}",
            f"--initial-cluster={initial_cluster or f'{self.name}={self.peer}'}",
        ]  # fmt: skip
        if initial_cluster:
            arguments.append("--initial-cluster-state=existing")
        self.process = subprocess.Popen([str(self.binary), *arguments], stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.mark.parametrize("binary", BUILT[-1:] or [None], ids=lambda path: path.parent.name if path else "none built")
def test_real_etcd(binary: pathlib.Path | None, tmp_path: pathlib.Path) -> None:
    if binary is None:
        pytest.skip("the lab has built no etcd yet")
    first, second = RealEtcd(binary, "cp1", tmp_path), RealEtcd(binary, "cp2", tmp_path)
    wanted = Wanted(
        name="cp2", peer_url=second.peer, client_url=second.client, data_dir=str(tmp_path / "cp2"), etcd_timeout=30.0,
        manifests=str(tmp_path),
    )  # fmt: skip
    join = Joining(wanted, find=lambda: [first.client])
    try:
        first.start()
        added = join.add()
        # in the order of their IDs, which are made from their URLs
        assert sorted(added["initial_cluster"].split(",")) == [f"cp1={first.peer}", f"cp2={second.peer}"]
        assert not join.add()["changed"]
        second.start(added["initial_cluster"])
        promoted = join.promote()
        assert (promoted["changed"], promoted["member_id"]) == (True, added["member_id"])
        assert not join.promote()["changed"]
        members = Client([second.client], Credentials()).members()
        assert {(one.name, one.is_learner) for one in members} == {("cp1", False), ("cp2", False)}
    finally:
        first.stop()
        second.stop()
