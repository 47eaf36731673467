# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stub of a CRI server on a unix socket, written for these tests: HTTP/2 frames made by hand, answers from a dictionary.

It shares no code with the client it tests, counts the flow control windows the client grants it, and can be told to misbehave.
The real containerd is asked in test_real_runtime.py.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable

Answer = Callable[[bytes], Any]


class Failed(Exception):
    """An answer with a gRPC status other than OK."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.text = message


def field(number: int, value: bytes | str | int) -> bytes:
    """One protobuf field with a number below 16 and a length below 16384."""
    if isinstance(value, int):
        return bytes([number << 3]) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    """A header added to the dynamic table, with a length below 127."""
    return b"\x40" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Stub:
    """The server. ``answers`` maps the method's short name to bytes, an exception, or a function of the request."""

    def __init__(self, path: str, answers: dict[str, Any]) -> None:
        self.path = path
        self.answers = answers
        self.calls: list[tuple[str, bytes]] = []
        self.connections = 0
        self.acknowledged_pings: list[bytes] = []
        self.max_running = 0
        # what the client may send at first, and how many answers are held back until so many calls are under way
        self.window = 65535
        self.hold_until = 1
        # written as it is instead of speaking HTTP/2
        self.garbage: bytes | None = None
        self.before_answer: Callable[[int], bytes] = lambda stream: b""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(5)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError, EOFError):
                Session(self, connection).run()


class Session:
    """One connection of the stub."""

    def __init__(self, stub: Stub, connection: socket.socket) -> None:
        self.stub = stub
        self.socket = connection
        self.connection_window = 65535
        self.windows: dict[int, int] = {}
        self.paths: dict[int, str] = {}
        self.bodies: dict[int, bytes] = {}
        self.granted: dict[int, int] = {}
        self.waiting: list[int] = []
        # a client that has not yet read the SETTINGS may go by the default
        self.window = 65535

    def run(self) -> None:
        if self.stub.garbage is not None:
            self.socket.sendall(self.stub.garbage)
            # whatever the client says, until it hangs up
            self._exactly(1 << 20)
        assert self._exactly(24) == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        self.socket.sendall(frame(4, 0, 0, struct.pack(">HI", 4, self.stub.window)))
        self.socket.sendall(frame(6, 0, 0, b"pingpong"))
        while True:
            self._receive()
            if len(self.waiting) >= self.stub.hold_until:
                self.stub.max_running = max(self.stub.max_running, len(self.waiting))
                while self.waiting:
                    self._answer(self.waiting.pop())

    def _receive(self) -> None:
        head = self._exactly(9)
        kind, flags = head[3], head[4]
        stream = int.from_bytes(head[5:], "big")
        payload = self._exactly(int.from_bytes(head[:3], "big"))
        if kind == 1:
            self.paths[stream] = request_headers(payload)[":path"].rpartition("/")[2]
            self.windows[stream] = 65535
            self.granted[stream] = self.window
            self.bodies[stream] = b""
        elif kind == 0 and stream in self.bodies:
            self.bodies[stream] += payload
            self.granted[stream] -= len(payload)
            assert self.granted[stream] >= 0, "the client sent more than it may"
            if flags & 1:
                self.waiting.append(stream)
            else:
                self.granted[stream] += len(payload)
                self.socket.sendall(frame(8, 0, stream, struct.pack(">I", len(payload))))
        elif kind == 8:
            change = int.from_bytes(payload, "big")
            if stream:
                self.windows[stream] += change
            else:
                self.connection_window += change
        elif kind == 4 and flags & 1:
            self.window = self.stub.window
        elif kind == 6 and flags & 1:
            self.stub.acknowledged_pings.append(payload)
        elif kind == 3:
            self.windows.pop(stream, None)

    def _answer(self, stream: int) -> None:
        method, request = self.paths[stream], self.bodies[stream][5:]
        self.stub.calls.append((method, request))
        extra = self.stub.before_answer(stream)
        if extra:
            self.socket.sendall(extra)
            return
        found = self.stub.answers.get(method, Failed(12, f"unknown method {method}"))
        try:
            found = found(request) if callable(found) else found
            if isinstance(found, Exception):
                raise found
        except Failed as failure:
            # a trailers-only answer
            block = b"\x88" + literal("grpc-status", str(failure.status)) + literal("grpc-message", failure.text)
            self.socket.sendall(frame(1, 5, stream, block))
            return
        self.socket.sendall(frame(1, 4, stream, b"\x88" + literal("content-type", "application/grpc")))
        self._data(stream, b"\0" + struct.pack(">I", len(found)) + found)
        trailer = literal("grpc-status", "0") + literal("grpc-message", "")
        # a header block in three parts
        self.socket.sendall(frame(1, 1, stream, trailer[:3]) + frame(9, 0, stream, trailer[3:9]))
        self.socket.sendall(frame(9, 4, stream, trailer[9:]))

    def _data(self, stream: int, data: bytes) -> None:
        while data:
            while min(self.windows[stream], self.connection_window) < 20:
                self._receive()
            room = min(16000, self.windows[stream], self.connection_window) - 8
            part, data = data[:room], data[room:]
            # seven octets of padding, which count
            payload = b"\x07" + part + b"\0" * 7
            self.windows[stream] -= len(payload)
            self.connection_window -= len(payload)
            self.socket.sendall(frame(0, 8, stream, payload))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data


def request_headers(block: bytes) -> dict[str, str]:
    """The headers of a request, all literals without indexing and without Huffman code, as this client sends them."""
    headers, position = {}, 0
    while position < len(block):
        assert block[position] == 0
        size = block[position + 1]
        name = block[position + 2 : position + 2 + size]
        position += 2 + size
        size = block[position]
        headers[name.decode()] = block[position + 1 : position + 1 + size].decode()
        position += 1 + size
    return headers


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[Stub]:
    """A running stub. Its socket is in a directory of its own: a socket's path may be no longer than 107 characters."""
    with tempfile.TemporaryDirectory(prefix="cri") as directory:
        stub = Stub(str(Path(directory) / "cri.sock"), answers)
        try:
            yield stub
        finally:
            stub.close()


def condition(name: str, status: bool, reason: str = "", message: str = "") -> bytes:
    return field(1, field(1, name) + field(2, int(status)) + field(3, reason) + field(4, message))


def info(key: str, value: str) -> bytes:
    return field(2, field(1, key) + field(2, value))


class ImageStore:
    """ImageStatus and PullImage over a set of names."""

    def __init__(self, present: list[str], broken: dict[str, int] | None = None) -> None:
        self.present = dict.fromkeys(present, 1)
        # how often pulling an image still fails
        self.broken = dict(broken or {})

    def answers(self) -> dict[str, Any]:
        return {"ImageStatus": self.status, "PullImage": self.pull, "ListImages": self.list}

    def list(self, request: bytes) -> bytes:
        return b"".join(field(1, self._image(name)) for name in self.present)

    def status(self, request: bytes) -> bytes:
        name = self._name(request)
        return field(1, self._image(name)) if name in self.present else b""

    def pull(self, request: bytes) -> bytes:
        name = self._name(request)
        if self.broken.get(name, 0) > 0:
            self.broken[name] -= 1
            raise Failed(5, f"{name}: not found")
        self.present.setdefault(name, 1)
        return field(1, f"sha256:{name}")

    def _image(self, name: str) -> bytes:
        return field(1, f"id-{name}-{self.present[name]}") + field(2, name) + field(4, 300)

    @staticmethod
    def _name(request: bytes) -> str:
        # ImageSpec{image} inside the request
        size = request[3]
        return request[4 : 4 + size].decode()
