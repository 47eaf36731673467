# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP/2 client connection over a unix socket: many requests at a time, one thread, every read with a time limit."""

from __future__ import annotations

import contextlib
import socket
import time

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import frames, hpack
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.frames import Frame

# a header block larger than this is no answer of a container runtime
MAX_HEADER_BLOCK = 1 << 20


class Http2Error(Exception):
    """The connection cannot be used any further."""


class Http2Timeout(Exception):
    """Nothing came within the time that was given."""


class Stream:
    """One request and what has come back for it."""

    def __init__(self, number: int, send_window: int) -> None:
        self.number = number
        self.send_window = send_window
        self.unsent = b""
        self.headers: list[hpack.Header] = []
        self.data = bytearray()
        self.closed = False
        # why the stream ended without an answer, empty where it ended as it should
        self.reset = ""
        self.refused = False


class Connection:
    """A connection to a server that speaks HTTP/2 without negotiation, as every gRPC server on a unix socket does."""

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except BaseException:
            self._socket.close()
            raise
        self._buffer = bytearray()
        self._streams: dict[int, Stream] = {}
        self._next = 1
        self._decoder = hpack.Decoder()
        self._block: bytearray | None = None
        self._block_frame = Frame(0, 0, 0, b"")
        self._send_window = frames.DEFAULT_WINDOW
        self._peer_window = frames.DEFAULT_WINDOW
        self._peer_frame = frames.DEFAULT_FRAME_SIZE
        self._greeted = False
        self._failure = ""
        self._leaving = ""
        settings = frames.pack_settings({frames.ENABLE_PUSH: 0})
        self._send(frames.PREFACE + frames.pack(frames.SETTINGS, 0, 0, settings))

    def close(self) -> None:
        """Close the socket; what is still under way ends with it."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def request(self, headers: list[hpack.Header], body: bytes) -> Stream:
        """Send a request; ``receive`` brings its answer."""
        if self._failure or self._leaving:
            raise Http2Error(self._failure or self._leaving)
        stream = Stream(self._next, self._peer_window)
        self._next += 2
        self._streams[stream.number] = stream
        block = hpack.encode(headers)
        kind, out = frames.HEADERS, b""
        while True:
            part, block = block[: self._peer_frame], block[self._peer_frame :]
            out += frames.pack(kind, 0 if block else frames.END_HEADERS, stream.number, part)
            kind = frames.CONTINUATION
            if not block:
                break
        self._send(out)
        stream.unsent = body
        self._flush(stream)
        return stream

    def cancel(self, stream: Stream) -> None:
        """Tell the server that nobody waits for this answer any more."""
        if self._streams.pop(stream.number, None) is not None and not self._failure:
            self._send(frames.pack(frames.RST_STREAM, 0, stream.number, frames.CANCEL.to_bytes(4, "big")))

    def receive(self, deadline: float | None) -> None:
        """Take in one frame and do what it asks for.

        :param deadline: a time of ``time.monotonic``, or None to wait for ever.
        :raises Http2Timeout: where no whole frame came in time. What came of it is kept.
        """
        if self._failure:
            raise Http2Error(self._failure)
        try:
            frame = self._read(deadline)
            self._take(frame)
        except (OSError, frames.FrameError, hpack.HpackError, Http2Error) as error:
            self._failure = str(error) or type(error).__name__
            raise Http2Error(self._failure) from error

    def _read(self, deadline: float | None) -> Frame:
        self._fill(frames.HEADER_LENGTH, deadline)
        length, frame = frames.unpack_header(bytes(self._buffer[: frames.HEADER_LENGTH]))
        if not self._greeted and (frame.kind != frames.SETTINGS or frame.flags & frames.ACK):
            raise Http2Error("what answers does not speak HTTP/2")
        if length > frames.DEFAULT_FRAME_SIZE:
            raise Http2Error(
                f"a frame of {length} bytes where {frames.DEFAULT_FRAME_SIZE} is the most that was allowed"
            )
        end = frames.HEADER_LENGTH + length
        self._fill(end, deadline)
        payload = bytes(self._buffer[frames.HEADER_LENGTH : end])
        del self._buffer[:end]
        return frame._replace(payload=payload)

    def _fill(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            if deadline is None:
                self._socket.settimeout(None)
            else:
                # a deadline in the past still takes what is there already
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self._socket.recv(65536)
            except socket.timeout as error:
                raise Http2Timeout("no answer in time") from error
            except ConnectionResetError:
                data = b""
            if not data:
                raise Http2Error(self._leaving or "the server closed the connection")
            self._buffer += data

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            gone = isinstance(error, (BrokenPipeError, ConnectionResetError))
            self._failure = "the server closed the connection" if gone else f"cannot send: {error}"
            raise Http2Error(self._failure) from error

    def _flush(self, stream: Stream) -> None:
        """Send as much of a request's body as both windows allow."""
        while not stream.closed:
            room = min(self._peer_frame, self._send_window, stream.send_window)
            if stream.unsent and room <= 0:
                return
            part, stream.unsent = stream.unsent[: max(room, 0)], stream.unsent[max(room, 0) :]
            self._send_window -= len(part)
            stream.send_window -= len(part)
            last = not stream.unsent
            self._send(frames.pack(frames.DATA, frames.END_STREAM if last else 0, stream.number, part))
            if last:
                return

    def _take(self, frame: Frame) -> None:
        self._greeted = True
        if self._block is not None and (frame.kind != frames.CONTINUATION or frame.stream != self._block_frame.stream):
            raise Http2Error("a header block interrupted by another frame")
        if frame.kind == frames.DATA:
            self._take_data(frame)
        elif frame.kind == frames.HEADERS:
            self._block, self._block_frame = bytearray(frame.content()), frame
            self._end_block(frame)
        elif frame.kind == frames.CONTINUATION:
            if self._block is None:
                raise Http2Error("a CONTINUATION frame that continues nothing")
            self._block += frame.payload
            self._end_block(frame)
        elif frame.kind == frames.SETTINGS:
            self._take_settings(frame)
        elif frame.kind == frames.PING:
            if not frame.flags & frames.ACK:
                self._send(frames.pack(frames.PING, frames.ACK, 0, frame.payload))
        elif frame.kind == frames.WINDOW_UPDATE:
            self._take_window(frame)
        elif frame.kind == frames.RST_STREAM:
            code = frames.unpack_uint(frame.payload)
            self._end(frame.stream, f"the server reset the request ({frames.error_name(code)})")
        elif frame.kind == frames.GOAWAY:
            self._take_goaway(frame)
        elif frame.kind == frames.PUSH_PROMISE:
            raise Http2Error("a pushed answer that was never allowed")

    def _take_data(self, frame: Frame) -> None:
        stream = self._streams.get(frame.stream)
        if stream is not None:
            stream.data += frame.content()
        size = len(frame.payload)
        if size:
            # padding counts; an answer nobody waits for counts against the connection too
            grant = size.to_bytes(4, "big")
            out = frames.pack(frames.WINDOW_UPDATE, 0, 0, grant)
            if stream is not None and not frame.flags & frames.END_STREAM:
                out += frames.pack(frames.WINDOW_UPDATE, 0, frame.stream, grant)
            self._send(out)
        if frame.flags & frames.END_STREAM:
            self._end(frame.stream)

    def _end_block(self, frame: Frame) -> None:
        block = self._block
        if block is None or len(block) > MAX_HEADER_BLOCK:
            raise Http2Error("a header block larger than any answer needs")
        if not frame.flags & frames.END_HEADERS:
            return
        self._block = None
        # decoded also for a stream that was cancelled: the table is the connection's
        headers = self._decoder.decode(bytes(block))
        stream = self._streams.get(frame.stream)
        if stream is not None:
            stream.headers += headers
        if self._block_frame.flags & frames.END_STREAM:
            self._end(frame.stream)

    def _take_settings(self, frame: Frame) -> None:
        if frame.flags & frames.ACK:
            return
        values = frames.unpack_settings(frame.payload)
        if frames.INITIAL_WINDOW_SIZE in values:
            change = values[frames.INITIAL_WINDOW_SIZE] - self._peer_window
            self._peer_window += change
            for stream in self._streams.values():
                stream.send_window += change
        self._peer_frame = values.get(frames.MAX_FRAME_SIZE, self._peer_frame)
        self._send(frames.pack(frames.SETTINGS, frames.ACK, 0))
        self._flush_all()

    def _take_window(self, frame: Frame) -> None:
        change = frames.unpack_uint(frame.payload) & 0x7FFFFFFF
        if frame.stream == 0:
            self._send_window += change
        elif frame.stream in self._streams:
            self._streams[frame.stream].send_window += change
        self._flush_all()

    def _flush_all(self) -> None:
        for stream in list(self._streams.values()):
            if stream.unsent:
                self._flush(stream)

    def _take_goaway(self, frame: Frame) -> None:
        last = frames.unpack_uint(frame.payload) & 0x7FFFFFFF
        code = frames.unpack_uint(frame.payload, 4)
        self._leaving = f"the server is closing the connection ({frames.error_name(code)})"
        for number in [number for number in self._streams if number > last]:
            self._streams[number].refused = True
            self._end(number, self._leaving)

    def _end(self, number: int, reset: str = "") -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.closed = True
            stream.reset = reset
