# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that a case joins: its API server answers over TLS with the certificate that the collection made for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from lab import golden_api, golden_runs
from tests.parity.host_in_folder import HostInFolder

ADDRESS = (golden_runs.ADDRESS, 6443)
connect = socket.create_connection


class Answers:
    """The API in memory, in the shape that the lab's server asks for."""

    def __init__(self, host: HostInFolder) -> None:
        self.api = host.api

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        status, text = self.api.exchange(method, path, json.dumps(body).encode() if body else None, "")
        return status, json.loads(text)


@contextmanager
def reachable(host: HostInFolder) -> Iterator[None]:
    """Connections to the address of its control plane end at this process."""
    golden_api.sign_cluster_info(host.api.stored)
    pki = f"{host.root}{golden_runs.PKI}"
    server = golden_api.serve(Answers(host), 0, f"{pki}/apiserver.crt", f"{pki}/apiserver.key")  # type: ignore[arg-type]
    here = ("127.0.0.1", server.server_address[1])

    def create_connection(address: tuple[str, int], *arguments: Any, **named: Any) -> socket.socket:
        if tuple(address) != ADDRESS:
            raise ConnectionRefusedError(f"{address[0]}:{address[1]} is on no host")
        return connect(here, *arguments, **named)

    try:
        with mock.patch.object(socket, "create_connection", create_connection):
            yield
    finally:
        server.shutdown()
        server.server_close()
