# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPACK (RFC 7541): header blocks of any sender are read, our own are written as literals without indexing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

Header = tuple[bytes, bytes]

# what an entry costs beside its name and value, RFC 7541 section 4.1
ENTRY_OVERHEAD = 32
DEFAULT_TABLE_SIZE = 4096

# RFC 7541 Appendix A
STATIC_TABLE: tuple[Header, ...] = (
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
)

# RFC 7541 Appendix B: the length in bits of each octet's code. The code is canonical (codes of one length count up in
# the order of their octets, and a longer one continues after the last shorter one), so the lengths say everything.
HUFFMAN_LENGTHS: tuple[int, ...] = (
    *(13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28),
    *(28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15),
    *(6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6),
    *(15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22),
    *(20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23),
    *(23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22),
    *(22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26),
    *(27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27),
    *(26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30),
)
END_OF_STRING = 256


class HpackError(Exception):
    """A header block that RFC 7541 does not allow; the connection cannot be used any further."""


def _codes() -> dict[tuple[int, int], int]:
    codes: dict[tuple[int, int], int] = {}
    code = previous = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(HUFFMAN_LENGTHS)):
        code <<= length - previous
        codes[(length, code)] = symbol
        code += 1
        previous = length
    return codes


_HUFFMAN = _codes()


def huffman_decode(data: bytes) -> bytes:
    """The octets of a Huffman coded string."""
    out = bytearray()
    code = length = 0
    for octet in data:
        for shift in range(7, -1, -1):
            code = code << 1 | octet >> shift & 1
            length += 1
            symbol = _HUFFMAN.get((length, code))
            if symbol is None:
                if length > 30:
                    raise HpackError("a Huffman code longer than any there is")
                continue
            if symbol == END_OF_STRING:
                raise HpackError("the end-of-string code inside a Huffman coded string")
            out.append(symbol)
            code = length = 0
    if length > 7 or code != (1 << length) - 1:
        raise HpackError("a Huffman coded string padded with something other than the code's ones")
    return bytes(out)


def encode_integer(value: int, prefix: int, flags: int) -> bytes:
    """``value`` with a prefix of so many bits (RFC 7541 section 5.1); ``flags`` fills the octet's other bits."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([flags | value])
    out = bytearray([flags | limit])
    value -= limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_integer(data: bytes, position: int, prefix: int) -> tuple[int, int]:
    """The integer at ``position`` and the position after it."""
    if position >= len(data):
        raise HpackError("the header block ends inside an integer")
    limit = (1 << prefix) - 1
    value = data[position] & limit
    position += 1
    if value < limit:
        return value, position
    shift = 0
    while True:
        if position >= len(data):
            raise HpackError("the header block ends inside an integer")
        if shift > 28:
            raise HpackError("an integer larger than any header needs")
        octet = data[position]
        position += 1
        value += (octet & 127) << shift
        shift += 7
        if octet < 128:
            return value, position


def encode(headers: Iterable[Header]) -> bytes:
    """A header block that leaves the receiver's table alone: every header a literal, never indexed."""
    out = bytearray()
    for name, value in headers:
        out += b"\0" + encode_integer(len(name), 7, 0) + name + encode_integer(len(value), 7, 0) + value
    return bytes(out)


class Decoder:
    """Reads the header blocks of one connection, whose table they share."""

    def __init__(self, table_size: int = DEFAULT_TABLE_SIZE) -> None:
        self.allowed_size = table_size
        self.max_size = table_size
        self.size = 0
        self._table: deque[Header] = deque()

    @property
    def table(self) -> list[Header]:
        """The dynamic table, newest entry first."""
        return list(self._table)

    def decode(self, block: bytes) -> list[Header]:
        """The headers of a whole header block (HEADERS with all its CONTINUATIONs)."""
        headers: list[Header] = []
        position = 0
        while position < len(block):
            octet = block[position]
            if octet & 0x80:
                index, position = decode_integer(block, position, 7)
                headers.append(self._entry(index))
            elif octet & 0x40:
                header, position = self._literal(block, position, 6)
                self._add(header)
                headers.append(header)
            elif octet & 0x20:
                if headers:
                    raise HpackError("a table size update after the first header")
                size, position = decode_integer(block, position, 5)
                self._resize(size)
            else:
                header, position = self._literal(block, position, 4)
                headers.append(header)
        return headers

    def _literal(self, block: bytes, position: int, prefix: int) -> tuple[Header, int]:
        index, position = decode_integer(block, position, prefix)
        if index:
            name = self._entry(index)[0]
        else:
            name, position = _string(block, position)
        value, position = _string(block, position)
        return (name, value), position

    def _entry(self, index: int) -> Header:
        if 1 <= index <= len(STATIC_TABLE):
            return STATIC_TABLE[index - 1]
        index -= len(STATIC_TABLE) + 1
        if 0 <= index < len(self._table):
            return self._table[index]
        raise HpackError("a header index outside both tables")

    def _add(self, header: Header) -> None:
        self._table.appendleft(header)
        self.size += _cost(header)
        self._evict()

    def _resize(self, size: int) -> None:
        if size > self.allowed_size:
            raise HpackError(f"a table size of {size} where {self.allowed_size} is the most that was allowed")
        self.max_size = size
        self._evict()

    def _evict(self) -> None:
        while self.size > self.max_size:
            self.size -= _cost(self._table.pop())


def _cost(header: Header) -> int:
    return len(header[0]) + len(header[1]) + ENTRY_OVERHEAD


def _string(block: bytes, position: int) -> tuple[bytes, int]:
    if position >= len(block):
        raise HpackError("the header block ends where a string was due")
    coded = bool(block[position] & 0x80)
    length, position = decode_integer(block, position, 7)
    end = position + length
    if end > len(block):
        raise HpackError("the header block ends inside a string")
    data = block[position:end]
    return (huffman_decode(data) if coded else data), end
