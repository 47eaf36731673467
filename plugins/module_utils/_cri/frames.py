# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of HTTP/2 (RFC 9113): their numbers, and how one is written and taken apart."""

from __future__ import annotations

import struct
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_LENGTH = 9

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

# flags
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

# settings
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5

DEFAULT_WINDOW = 65535
DEFAULT_FRAME_SIZE = 16384

ERROR_NAMES = (
    *("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"),
    *("FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"),
    *("INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)
CANCEL = 8


class FrameError(Exception):
    """A frame that RFC 9113 does not allow."""


class Frame(NamedTuple):
    """One frame as it was received."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    def content(self) -> bytes:
        """The payload of DATA or HEADERS without padding and priority."""
        payload = self.payload
        if self.flags & PADDED:
            if not payload or payload[0] >= len(payload):
                raise FrameError("more padding than payload")
            payload = payload[1 : len(payload) - payload[0]]
        if self.kind == HEADERS and self.flags & PRIORITIZED:
            payload = payload[5:]
        return payload


def pack(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame's bytes."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def unpack_header(data: bytes) -> tuple[int, Frame]:
    """The length of the payload that follows, and the frame still without it."""
    length = int.from_bytes(data[:3], "big")
    kind, flags, stream = struct.unpack(">BBI", data[3:HEADER_LENGTH])
    return length, Frame(kind, flags, stream & 0x7FFFFFFF, b"")


def pack_settings(values: dict[int, int]) -> bytes:
    """A SETTINGS payload."""
    return b"".join(struct.pack(">HI", key, value) for key, value in values.items())


def unpack_settings(payload: bytes) -> dict[int, int]:
    """The values of a SETTINGS payload."""
    if len(payload) % 6:
        raise FrameError("a SETTINGS frame whose length is no multiple of six")
    return dict(struct.unpack(">HI", payload[offset : offset + 6]) for offset in range(0, len(payload), 6))


def unpack_uint(payload: bytes, offset: int = 0) -> int:
    """A 32 bit number of a payload."""
    if len(payload) < offset + 4:
        raise FrameError("a frame too short for its kind")
    return int.from_bytes(payload[offset : offset + 4], "big")


def error_name(code: int) -> str:
    """The name of an HTTP/2 error code."""
    return ERROR_NAMES[code] if code < len(ERROR_NAMES) else f"error {code}"
