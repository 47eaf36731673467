# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPACK against the examples of RFC 7541 Appendix C."""

from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import hpack

DATE = (b"date", b"Mon, 21 Oct 2013 20:13:21 GMT")
LOCATION = (b"location", b"https://www.example.com")
PRIVATE = (b"cache-control", b"private")
COOKIE = (b"set-cookie", b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")
GET = (b":method", b"GET")
AUTHORITY = (b":authority", b"www.example.com")
NO_CACHE = (b"cache-control", b"no-cache")
CUSTOM = (b"custom-key", b"custom-value")
REQUESTS = [
    [GET, (b":scheme", b"http"), (b":path", b"/"), AUTHORITY],
    [GET, (b":scheme", b"http"), (b":path", b"/"), AUTHORITY, NO_CACHE],
    [GET, (b":scheme", b"https"), (b":path", b"/index.html"), AUTHORITY, CUSTOM],
]
RESPONSES = [
    [(b":status", b"302"), PRIVATE, DATE, LOCATION],
    [(b":status", b"307"), PRIVATE, DATE, LOCATION],
    [
        (b":status", b"200"),
        PRIVATE,
        (b"date", b"Mon, 21 Oct 2013 20:13:22 GMT"),
        LOCATION,
        (b"content-encoding", b"gzip"),
        COOKIE,
    ],
]


@pytest.mark.parametrize(
    ("block", "header", "size"),
    [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", (b"custom-key", b"custom-header"), 55),
        ("040c2f73616d706c652f70617468", (b":path", b"/sample/path"), 0),
        ("100870617373776f726406736563726574", (b"password", b"secret"), 0),
        ("82", GET, 0),
    ],
)
def test_the_single_headers_of_c2(block: str, header: hpack.Header, size: int) -> None:
    decoder = hpack.Decoder()
    assert decoder.decode(bytes.fromhex(block)) == [header]
    assert decoder.size == size


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(
            [
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ],
            id="C.3 plain",
        ),
        pytest.param(
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ],
            id="C.4 Huffman",
        ),
    ],
)
def test_requests(blocks: list[str]) -> None:
    decoder = hpack.Decoder()
    assert [decoder.decode(bytes.fromhex(block)) for block in blocks] == REQUESTS
    assert decoder.table == [CUSTOM, NO_CACHE, AUTHORITY]
    assert decoder.size == 164


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(
            [
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54"
                "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
                "4803333037c1c0bf",
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48"
                "514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
            ],
            id="C.5 plain",
        ),
        pytest.param(
            [
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
                "4883640effc1c0bf",
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af"
                "27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            ],
            id="C.6 Huffman",
        ),
    ],
)
def test_responses_evict_what_does_not_fit_into_256_octets(blocks: list[str]) -> None:
    decoder = hpack.Decoder(256)
    assert [decoder.decode(bytes.fromhex(block)) for block in blocks] == RESPONSES
    assert decoder.table == [COOKIE, (b"content-encoding", b"gzip"), (b"date", b"Mon, 21 Oct 2013 20:13:22 GMT")]
    assert decoder.size == 215


@pytest.mark.parametrize(
    ("prefix", "value", "encoded"), [(5, 10, "0a"), (5, 1337, "1f9a0a"), (8, 42, "2a")], ids=["C.1.1", "C.1.2", "C.1.3"]
)
def test_integers_of_c1(prefix: int, value: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert hpack.encode_integer(value, prefix, 0) == data
    assert hpack.decode_integer(data, 0, prefix) == (value, len(data))


def test_the_huffman_code_is_complete_and_is_that_of_appendix_b() -> None:
    assert sum(2.0**-length for length in hpack.HUFFMAN_LENGTHS) == 1
    assert len(hpack.HUFFMAN_LENGTHS) == 257
    for octet, length, code in [
        (0, 13, 0x1FF8),
        (10, 30, 0x3FFFFFFC),
        (ord(" "), 6, 0x14),
        (ord("!"), 10, 0x3F8),
        (ord("Z"), 8, 0xFD),
        (ord("{"), 15, 0x7FFE),
        (127, 28, 0xFFFFFFC),
        (249, 28, 0xFFFFFFE),
        (255, 26, 0x3FFFFEE),
    ]:
        padding = -length % 8
        data = (code << padding | (1 << padding) - 1).to_bytes((length + padding) // 8, "big")
        assert hpack.huffman_decode(data) == bytes([octet])


@pytest.mark.parametrize("data", ["ff", "1fff", "1fffff", "ff9fffffff", "52bc30ffffffff", "1c"])
def test_wrong_padding_is_refused(data: str) -> None:
    with pytest.raises(hpack.HpackError):
        hpack.huffman_decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("80", id="index 0"),
        pytest.param("be", id="index beyond the tables"),
        pytest.param("400a6375", id="ends inside a string"),
        pytest.param("40", id="ends where a string was due"),
        pytest.param("ff", id="ends inside an integer"),
        pytest.param("ffffffffffffffff01", id="an integer too large"),
        pytest.param("3fe21f", id="a table larger than allowed"),
        pytest.param("8220", id="a size update after a header"),
    ],
)
def test_malformed_blocks_are_refused(block: str) -> None:
    with pytest.raises(hpack.HpackError):
        hpack.Decoder().decode(bytes.fromhex(block))


def test_a_size_update_empties_the_table() -> None:
    decoder = hpack.Decoder()
    decoder.decode(bytes.fromhex("400a637573746f6d2d6b65790d637573746f6d2d686561646572"))
    assert decoder.decode(bytes.fromhex("2082")) == [GET]
    assert decoder.table == []


def test_what_is_encoded_leaves_the_receivers_table_alone() -> None:
    decoder = hpack.Decoder()
    headers = [(b":path", b"/x"), (b"long", b"v" * 300)]
    assert decoder.decode(hpack.encode(headers)) == headers
    assert decoder.table == []
