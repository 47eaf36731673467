# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Kubernetes API on the standard library: one connection, credentials of a kubeconfig file.

The client key of a kubeconfig goes to OpenSSL through an anonymous file in memory, so it is never written to disk.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Callable, TypeVar
from urllib.parse import urlencode, urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kubeconfig import Kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._secret_file import secret_file

Object = dict[str, Any]
T = TypeVar("T")

ADMIN_CONF = "/etc/kubernetes/admin.conf"
POLL_SECONDS = 0.1
_RETRY_SECONDS = 0.5
_FINAL_STATUSES = frozenset((400, 401, 405, 406, 413, 415))
_BRIEF_STATUSES = {403: 10.0, 422: 3.0}
"""Seconds these are retried: RBAC becomes effective a moment after it was written, a starting server's address allocator
refuses Services as invalid."""
_CONTENT_TYPES = {
    "strategic": "application/strategic-merge-patch+json",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiError(KubephaseError):
    """The API server answered, and the answer is an error.

    :param status: the HTTP status.
    :param reason: Kubernetes' word for it, such as ``NotFound``, ``Conflict``, ``AlreadyExists``.
    """

    def __init__(self, where: str, status: int, reason: str, message: str) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status} {message}", where=where)


class ApiUnreachable(KubephaseError):
    """Nothing answered, or what answered is not this cluster's API server."""


class Client:
    """One keep-alive HTTPS connection to an API server. Not for use by several threads at once.

    Retries are the caller's (see :func:`persist`).

    :param config: whose current context says where the server is and how to be known to it.
    :param server: overrides the kubeconfig's server, e.g. with the local API endpoint.
    :param timeout: seconds for connecting and for each answer.
    """

    def __init__(self, config: Kubeconfig, server: str | None = None, timeout: float = 10.0) -> None:
        self.server = (server or config.server).rstrip("/")
        self.timeout = timeout
        self._token = config.token
        self._context = _tls_context(config)
        self._server_name = config.tls_server_name
        self._connection: http.client.HTTPSConnection | None = None

    @classmethod
    def from_kubeconfig(cls, path: str, server: str | None = None, timeout: float = 10.0) -> Client:
        return cls(_kubeconfig.load(path), server, timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> Object | None:
        """The object at ``path``, or None where there is none (404)."""
        try:
            return self.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path: str, obj: Object, dry_run: bool = False) -> Object:
        """POST ``obj`` to the collection ``path``."""
        return self.request("POST", path + _dry_run(dry_run), obj)

    def replace(self, path: str, obj: Object, dry_run: bool = False) -> Object:
        """PUT ``obj`` at ``path``. A ``dry_run`` gives what would be stored, with all defaults, and stores nothing."""
        return self.request("PUT", path + _dry_run(dry_run), obj)

    def patch(self, path: str, obj: Any, kind: str = "merge", query: Mapping[str, str] | None = None) -> Object:
        """PATCH ``path``; ``kind`` is ``strategic``, ``merge``, ``json`` or ``apply`` (server-side apply)."""
        suffix = "?" + urlencode(query) if query else ""
        return self.request("PATCH", path + suffix, obj, _CONTENT_TYPES[kind])

    def delete(self, path: str) -> bool:
        """Delete the object; False where there was none."""
        try:
            self.request("DELETE", path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Object:
        """One request; the answer's JSON object.

        :raises ApiError: for every status from 400 on.
        :raises ApiUnreachable: where there was no answer.
        """
        payload = None if body is None else json.dumps(body, separators=(",", ":")).encode("utf-8")
        status, text = self.exchange(method, path, payload, content_type)
        answer = _json(text)
        if status >= 400:
            raise ApiError(self._where(method, path), status, str(answer.get("reason") or ""), _message(answer, text))
        return answer

    def exchange(
        self, method: str, path: str, payload: bytes | None = None, content_type: str = "application/json"
    ) -> tuple[int, str]:
        """One request as it is on the wire: status and text of the answer, whatever they are."""
        fresh = self._connection is None
        try:
            return self._exchange(method, path, payload, content_type)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise ApiUnreachable(
                f"its certificate is not accepted: {error.verify_message}",
                where=self.server,
                hint="Either this is another cluster's server, or its certificate lacks this address",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if method == "GET" and not fresh:
                # the server may close an idle connection at any time
                return self.exchange(method, path, payload, content_type)
            raise ApiUnreachable(f"no answer: {_reason(error)}", where=self._where(method, path)) from error

    def _exchange(self, method: str, path: str, payload: bytes | None, content_type: str) -> tuple[int, str]:
        if self._connection is None:
            self._connection = self._connect()
        headers = {"Accept": "application/json", "User-Agent": "kubephase"}
        if payload is not None:
            headers["Content-Type"] = content_type
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        self._connection.request(method, path, payload, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.will_close:
            self.close()
        return answer.status, text

    def _connect(self) -> http.client.HTTPSConnection:
        url = urlsplit(self.server)
        if url.scheme != "https" or not url.hostname:
            raise KubephaseError("not an API server's address", value=self.server, accepted="https://host:port")
        connection = http.client.HTTPSConnection(
            url.hostname, url.port or 443, timeout=self.timeout, context=self._context
        )
        if self._server_name:
            plain = socket.create_connection((url.hostname, url.port or 443), self.timeout)
            connection.sock = self._context.wrap_socket(plain, server_hostname=self._server_name)
        else:
            connection.connect()
        # small requests one after the other: never wait for a delayed acknowledgement
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _where(self, method: str, path: str) -> str:
        return f"{method} {self.server}{path.split('?')[0]}"


def persist(call: Callable[[], T], timeout: float, interval: float = _RETRY_SECONDS) -> T:
    """Call until it succeeds, as kubeadm does: a starting API server refuses, times out and forbids for a while.

    What cannot get better (a malformed object, bad credentials) is raised at once, what rarely does after a few seconds.
    """
    started = time.monotonic()
    while True:
        try:
            return call()
        except (ApiError, ApiUnreachable) as error:
            waited = time.monotonic() - started
            if waited >= timeout or _is_final(error, waited):
                raise
        time.sleep(min(interval, max(0.0, timeout - waited)) or 0.01)


def _is_final(error: KubephaseError, waited: float) -> bool:
    if not isinstance(error, ApiError):
        return False
    return error.status in _FINAL_STATUSES or waited >= _BRIEF_STATUSES.get(error.status, waited + 1)


def connect(path: str, server: str = "", timeout: float = 60.0, check_mode: bool = False) -> Client | None:
    """A client whose server has answered, waiting up to ``timeout`` for it.

    In check mode nothing is waited for: None where there is no kubeconfig yet or nothing answers, that is, where no
    cluster can be asked what it has.
    """
    if check_mode and not os.path.exists(path):
        return None
    client = Client.from_kubeconfig(path, server or None)
    try:
        persist(lambda: client.exchange("GET", "/version"), 0 if check_mode else timeout)
    except ApiUnreachable:
        client.close()
        if check_mode:
            return None
        raise
    return client


def _tls_context(config: Kubeconfig) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority = config.read_ca()
    if authority:
        context.load_verify_locations(cadata=authority.decode("ascii", "replace"))
    else:
        context.load_default_certs()
    certificate, key = config.read_client_certificate(), config.read_client_key()
    if certificate and key:
        with secret_file(certificate.rstrip() + b"\n" + key) as path:
            context.load_cert_chain(path)
    return context


def _dry_run(wanted: bool) -> str:
    return "?dryRun=All" if wanted else ""


def _json(text: str) -> Object:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _message(answer: Object, text: str) -> str:
    return str(answer.get("message") or text.strip()[:300] or "no message")


def _reason(error: BaseException) -> str:
    if isinstance(error, socket.timeout):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
