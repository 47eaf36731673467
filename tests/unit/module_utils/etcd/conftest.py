# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several members of one etcd on loopback, each with a gateway of its own, any of which can be gone."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class Ring:
    """:ivar members: as the member list has them, by name.
    :ivar dead: names of members that do not answer.
    :ivar calls: (name, path, body) of every call.
    :ivar refusals: answers by path that come first, each (HTTP status, code, message).
    """

    def __init__(self) -> None:
        self.members: dict[str, dict[str, Any]] = {}
        self.dead: set[str] = set()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.refusals: dict[str, list[tuple[int, int, str]]] = {}
        self.leader = ""

    @property
    def names(self) -> list[str]:
        return list(self.members)

    @property
    def urls(self) -> list[str]:
        return [url for member in self.members.values() for url in member.get("clientURLs", [])]

    @property
    def changes(self) -> list[str]:
        """The calls that ask for a change, by their last word and what they name."""
        by_id = {"1": "cp1", "2": "cp2", "3": "cp3", "4": "cp4", "5": "cp5", "9": "new"}
        asked = [(path.rsplit("/", 1)[1], body.get("ID") or body.get("targetID")) for _name, path, body in self.calls]
        return [f"{verb} {by_id[number]}" for verb, number in asked if verb not in ("list", "status")]

    def has_quorum(self) -> bool:
        voters = [name for name, member in self.members.items() if not member.get("isLearner")]
        return len([name for name in voters if name not in self.dead]) > len(voters) // 2

    def answer(self, name: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((name, path, body))
        waiting = self.refusals.get(path)
        if waiting:
            status, code, message = waiting.pop(0)
            return status, {"code": code, "message": message}
        if path.endswith("/status"):
            leader = self.members.get(self.leader, {}).get("ID", "0") if self.has_quorum() else "0"
            member = self.members[name]
            return 200, {
                "header": {"member_id": member["ID"]}, "version": "3.7.3", "dbSize": "4096", "dbSizeInUse": "2048",
                "leader": leader, "raftIndex": "77", "raftTerm": "3", "raftAppliedIndex": "77",
            }  # fmt: skip
        if path.endswith("/transfer-leadership"):
            self.leader = next(key for key, member in self.members.items() if member["ID"] == body["targetID"])
            return 200, {}
        if not self.has_quorum() and (body.get("linearizable") or not path.endswith("/list")):
            return 503, {"code": 14, "message": "etcdserver: request timed out"}
        if path.endswith("/remove"):
            gone = next(key for key, member in self.members.items() if member["ID"] == body["ID"])
            del self.members[gone]
            if gone == self.leader:
                self.leader = next(iter(self.members))
        return 200, {"members": list(self.members.values())}


@pytest.fixture
def ring() -> Iterator[Callable[..., Ring]]:
    servers = []

    def build(*names: str) -> Ring:
        made = Ring()
        for number, name in enumerate(names, 1):
            servers.append(_server(made, name))
            made.members[name] = {
                "ID": str(number), "name": name, "peerURLs": [f"https://192.0.2.{number}:2380"],
                "clientURLs": [f"http://127.0.0.1:{servers[-1].server_address[1]}"],
            }  # fmt: skip
        made.leader = names[0]
        return made

    yield build
    for server in servers:
        server.shutdown()
        server.server_close()


def _server(ring: Ring, name: str) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if name in ring.dead:
                self.connection.close()
                return
            status, found = ring.answer(name, self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

        def finish(self) -> None:
            if name not in ring.dead:
                super().finish()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
