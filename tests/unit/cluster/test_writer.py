# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of the fault tests against a server that goes away, refuses, and loses what it acknowledged."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cluster.writer import Client, Writer


class Api(http.server.BaseHTTPRequestHandler):
    """As much of the API as the clients use; lists come in pages."""

    protocol_version = "HTTP/1.1"
    stored: dict[str, Any]
    away: bool

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.away and body["kind"] == "ConfigMap":  # type: ignore[attr-defined]
            self._answer(503, {"message": "etcdserver: no leader"})
            return
        if body["kind"] == "ConfigMap":
            self.server.stored[body["metadata"]["name"]] = body  # type: ignore[attr-defined]
        self._answer(201, body)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        start, size = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        items = list(self.server.stored.values())  # type: ignore[attr-defined]
        following = str(start + size) if start + size < len(items) else ""
        self._answer(200, {"metadata": {"continue": following}, "items": items[start : start + size]})

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class PlainAccess:
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Api)
        self.stored: dict[str, Any] = {}
        self.away = False


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def writer(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    monkeypatch.setattr("tests.cluster.writer.PAUSE", 0.01)
    monkeypatch.setattr("tests.cluster.writer.PAGE", 7)
    writer = Writer(PlainAccess(server.server_port), "writes", clients=2)  # type: ignore[arg-type]
    writer.start()
    yield writer
    writer.stop()


def many(writer: Writer, more_than: int) -> None:
    until = time.monotonic() + 10
    while any(len(client.successes) <= more_than for client in writer.clients):
        assert time.monotonic() < until, writer.failures(0)
        time.sleep(0.01)


def test_gap_is_how_long_the_server_was_away_and_no_longer(writer: Writer, server: Server) -> None:
    many(writer, 5)
    began = time.monotonic()
    server.away = True
    time.sleep(0.5)
    server.away = False
    many(writer, max(len(client.successes) for client in writer.clients) + 3)
    assert 0.4 < writer.gap(began) < 1.5
    assert writer.gap(began - 10, began) < 0.4
    failures = writer.failures(began)
    assert failures and "HTTP 503" in failures[0][1] and "no leader" in failures[0][1]


def test_refused_writes_are_not_counted_as_acknowledged(writer: Writer, server: Server) -> None:
    many(writer, 3)
    server.away = True
    time.sleep(0.2)
    writer.stop()
    assert set(writer.acknowledged) == set(server.stored)


def test_lost_and_altered_writes_are_found_on_any_page(writer: Writer, server: Server) -> None:
    many(writer, 10)
    writer.stop()
    assert writer.missing(writer.acknowledged) == []
    lost, altered = list(server.stored)[1], list(server.stored)[-1]
    del server.stored[lost]
    server.stored[altered]["data"]["value"] = "older"
    assert sorted(writer.missing(writer.acknowledged)) == sorted([lost, altered])


def test_wait_is_for_a_time_without_failure(writer: Writer, server: Server) -> None:
    many(writer, 3)
    server.away = True
    until = time.monotonic() + 10
    while not all(client.failures for client in writer.clients):
        assert time.monotonic() < until
        time.sleep(0.01)
    with pytest.raises(AssertionError, match="without a failure"):
        writer.wait(1, timeout=1.5)
    server.away = False
    writer.wait(0.2, timeout=60)


def test_gap_of_a_client_that_never_got_through_begins_with_it() -> None:
    client = Client(began=10.0)
    assert client.gap(since=12.0, until=20.0) == 10.0
    client.successes = [11.0, 13.0, 19.5]
    assert client.gap(since=12.0, until=20.0) == 6.5
    assert client.gap(since=12.0, until=14.0) == 2.0
