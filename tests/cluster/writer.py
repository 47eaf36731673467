# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that write ConfigMaps through a cluster's endpoint all the while, and know which writes were acknowledged.

What a fault costs is said by two figures: the longest time for which a client got no write acknowledged, and how many
acknowledged writes are missing at the end.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.background import Background

#: seconds after which a client gives an attempt up
PATIENCE = 2.0
PAUSE = 0.15
#: how much comes in one answer of a list, in bytes and in items
PAGE_SIZE, PAGE = 2_000_000, 500


@dataclass(frozen=True)
class Access:
    """Where a kubeconfig leads to, and who one is there."""

    host: str
    port: int
    context: ssl.SSLContext

    @classmethod
    def of(cls, kubeconfig: Path) -> Access:
        found = yaml.safe_load(kubeconfig.read_text())
        cluster, user = found["clusters"][0]["cluster"], found["users"][0]["user"]
        server = urlsplit(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile(suffix=".pem") as pair:  # 0600
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(pair.name)
        return cls(str(server.hostname), server.port or 443, context)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=self.context)


@dataclass
class Client:
    """What one client did; times are of the monotonic clock."""

    began: float
    acknowledged: dict[str, str] = field(default_factory=dict)
    """By name: the digest of what was written."""
    successes: list[float] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)

    def gap(self, since: float, until: float) -> float:
        """The longest time without an acknowledged write, of what lies between the two."""
        before = [moment for moment in self.successes if moment <= since]
        moments = [before[-1] if before else self.began]
        moments += [moment for moment in self.successes if since < moment <= until]
        moments.append(until)
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))


class Writer(Background):
    """Runs the clients, each with a connection of its own that it keeps while it works, as a controller does."""

    def __init__(self, access: Access, namespace: str, clients: int = 3, size: int = 200) -> None:
        self._access = access
        self._namespace = namespace
        self._size = size
        self.clients = [Client(time.monotonic()) for _ in range(clients)]
        super().__init__(self._work, range(clients))

    def start(self) -> None:
        self._request(
            "POST",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}},
            accepted=(201, 409),
        )
        super().start()

    @property
    def acknowledged(self) -> dict[str, str]:
        return {name: digest for client in self.clients for name, digest in client.acknowledged.copy().items()}

    def gap(self, since: float, until: float = 0.0) -> float:
        """The longest gap that any of the clients saw."""
        return max(client.gap(since, until or time.monotonic()) for client in self.clients)

    def failures(self, since: float) -> list[tuple[float, str]]:
        """When, in seconds after ``since``, and how attempts failed."""
        found = [each for client in self.clients for each in client.failures[:] if each[0] > since]
        return sorted((round(moment - since, 1), said) for moment, said in found)

    def wait(self, seconds: float, timeout: float = 60) -> None:
        """Until no attempt of any client has failed for so long."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            now = time.monotonic()
            if all(_calm(client, now, seconds) for client in self.clients):
                return
            time.sleep(0.1)
        raise AssertionError(f"clients had no {seconds:.0f} s without a failure within {timeout:.0f} s")

    def missing(self, wanted: dict[str, str]) -> list[str]:
        """Acknowledged writes that are not there, or are not what was written."""
        found: dict[str, str] = {}
        following, page = "", min(PAGE, PAGE_SIZE // self._size)
        while True:
            query = f"?limit={page}" + (f"&continue={following}" if following else "")
            answer = self._request("GET", f"/api/v1/namespaces/{self._namespace}/configmaps{query}")
            for item in answer["items"]:
                found[item["metadata"]["name"]] = digest((item.get("data") or {}).get("value", ""))
            following = answer["metadata"].get("continue", "")
            if not following:
                return [name for name, value in wanted.items() if found.get(name) != value]

    def _work(self, number: int) -> None:
        client, connection, count = self.clients[number], self._access.connect(), 0
        path = f"/api/v1/namespaces/{self._namespace}/configmaps"
        while not self._over.wait(PAUSE):
            count += 1
            name = f"write-{number}-{count}"
            value = f"{name} {time.time()} ".ljust(self._size, "x")
            item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}}
            try:
                connection.request("POST", path, json.dumps(item), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != 201:
                    raise OSError(f"HTTP {answer.status} {said[:200].decode(errors='replace')}")
            except (OSError, http.client.HTTPException) as problem:
                client.failures.append((time.monotonic(), f"{type(problem).__name__}: {problem}"))
                connection.close()
                connection = self._access.connect()
                continue
            client.acknowledged[name] = digest(value)
            client.successes.append(time.monotonic())
        connection.close()

    def _request(self, method: str, path: str, body: Any = None, accepted: tuple[int, ...] = (200,)) -> Any:
        """Once more and again, as the API may be away for a moment."""
        for attempt in range(10):
            connection = self._access.connect()
            try:
                connection.request(
                    method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                said = answer.read()
                if answer.status in accepted:
                    return json.loads(said)
                problem: Exception = OSError(f"{method} {path}: HTTP {answer.status} {said[:200]!r}")
            except (OSError, http.client.HTTPException) as failed:
                problem = failed
            finally:
                connection.close()
            time.sleep(0.2 * attempt)
        raise AssertionError(f"{method} {path}: {problem}")


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _calm(client: Client, now: float, seconds: float) -> bool:
    last = client.failures[-1][0] if client.failures else client.began
    return now - last >= seconds and bool(client.successes) and now - client.successes[-1] < PATIENCE
