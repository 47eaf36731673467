# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unary gRPC calls over one HTTP/2 connection, one after the other or many at a time."""

from __future__ import annotations

import time
import urllib.parse

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.http2 import (
    Connection,
    Http2Error,
    Http2Timeout,
    Stream,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
# what an HTTP status means where a server that is no gRPC server answers
HTTP_CODES = {400: "INTERNAL", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "UNIMPLEMENTED"}


class CriError(KubephaseError):
    """A call that the container runtime did not answer as it was asked.

    :ivar code: the name of the gRPC status, ``UNAVAILABLE`` where there was no runtime to answer.
    """

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "") -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} ({code})", where=where, hint=hint)


class Call:
    """A call under way."""

    def __init__(self, method: str, stream: Stream, deadline: float | None) -> None:
        self.method = method
        self.stream = stream
        self.deadline = deadline


class Channel:
    """A gRPC channel to a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        self.path = path
        try:
            self._connection = Connection(path, timeout)
        except FileNotFoundError as error:
            raise self._unreachable("there is no such socket") from error
        except (OSError, Http2Error) as error:
            raise self._unreachable(getattr(error, "strerror", None) or str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(self, method: str, message: bytes, timeout: float | None) -> bytes:
        """Call a method and wait for its answer."""
        call = self.begin(method, message, timeout)
        while not call.stream.closed:
            self.wait([call])
        return self.result(call)

    def begin(self, method: str, message: bytes, timeout: float | None) -> Call:
        """Start a call; ``wait`` drives it and ``result`` ends it."""
        headers = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", b"/" + method.encode()),
            (b":authority", b"localhost"),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"user-agent", b"kubephase"),
        ]
        if timeout is not None:
            headers.append((b"grpc-timeout", f"{max(int(timeout * 1000), 1)}m".encode()))
        body = b"\0" + len(message).to_bytes(4, "big") + message
        try:
            stream = self._connection.request(headers, body)
        except Http2Error as error:
            raise self._unreachable(str(error)) from error
        return Call(method, stream, None if timeout is None else time.monotonic() + timeout)

    def wait(self, calls: list[Call], until: float | None = None) -> None:
        """Take in what the server sends next; returns after one frame, or at ``until``.

        :raises CriError: where one of the calls ran out of its time or the connection broke.
        """
        deadlines = [call.deadline for call in calls if call.deadline is not None]
        deadline = min(deadlines) if deadlines else None
        nearest = deadline if until is None else until if deadline is None else min(until, deadline)
        try:
            self._connection.receive(nearest)
        except Http2Timeout as error:
            if deadline is None or time.monotonic() < deadline:
                return
            late = next(call for call in calls if call.deadline == deadline)
            self._connection.cancel(late.stream)
            raise CriError("DEADLINE_EXCEEDED", f"{late.method} was not answered in time", where=self.path) from error
        except Http2Error as error:
            raise self._unreachable(str(error)) from error

    def result(self, call: Call) -> bytes:
        """The message that a finished call returned.

        :raises CriError: with the status the server gave.
        """
        stream = call.stream
        if stream.reset:
            raise CriError("UNAVAILABLE", f"{call.method}: {stream.reset}", where=self.path)
        headers: dict[bytes, bytes] = dict(stream.headers)
        status = headers.get(b"grpc-status")
        if status is None:
            found = headers.get(b":status", b"").decode("latin-1")
            if found == "200":
                raise CriError("UNKNOWN", f"{call.method}: an answer without a gRPC status", where=self.path)
            code = HTTP_CODES.get(int(found) if found.isdigit() else 0, "UNKNOWN")
            raise CriError(code, f"{call.method}: HTTP status {found or 'missing'}", where=self.path)
        number = int(status) if status.isdigit() else 2
        if number:
            code = CODES[number] if number < len(CODES) else f"status {number}"
            text = urllib.parse.unquote(headers.get(b"grpc-message", b"").decode("latin-1"), errors="replace")
            raise CriError(code, text or f"{call.method} failed", where=self.path)
        return self._message(call)

    def _message(self, call: Call) -> bytes:
        data = bytes(call.stream.data)
        if len(data) < 5 or len(data) != 5 + int.from_bytes(data[1:5], "big"):
            raise CriError("INTERNAL", f"{call.method}: an answer that is not exactly one message", where=self.path)
        if data[0]:
            raise CriError("INTERNAL", f"{call.method}: a compressed answer that was never allowed", where=self.path)
        return data[5:]

    def _unreachable(self, reason: str) -> CriError:
        return CriError(
            "UNAVAILABLE",
            f"the container runtime does not answer: {reason}",
            where=self.path,
            hint="Install and start the container runtime, or set nodeRegistration.criSocket to its socket",
        )
