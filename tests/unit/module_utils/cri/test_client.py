# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CRI client against the stub of cri_stub.py."""

from __future__ import annotations

import json
import socket
import struct
import time
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import (
    Failed,
    ImageStore,
    condition,
    field,
    frame,
    info,
    literal,
    serving,
)

VERSION = field(1, "0.1.0") + field(2, "stub") + field(3, "v9.9") + field(4, "v1")


def test_version_over_one_connection() -> None:
    with serving({"Version": VERSION}) as stub, CriClient(f"unix://{stub.path}") as client:
        assert client.version() == ("stub", "v9.9", "v1")
        assert client.version().runtime_name == "stub"
        assert stub.connections == 1
        assert stub.acknowledged_pings == [b"pingpong"]


def test_conditions_and_sandbox_image() -> None:
    ready = condition("RuntimeReady", True)
    status = field(1, ready + condition("NetworkReady", False, "NotYet", "no CNI"))
    config = info("config", json.dumps({"sandboxImage": "registry.k8s.io/pause:3.10.2"}))
    answers = {"Status": lambda request: status + (config if request == b"\x08\x01" else b"")}
    with serving(answers) as stub, CriClient(stub.path) as client:
        found = client.status()
        assert found.conditions[0][:2] == ("RuntimeReady", True)
        assert found.conditions[1] == ("NetworkReady", False, "NotYet", "no CNI")
        assert found.sandbox_image == ""
        assert client.status(verbose=True).sandbox_image == "registry.k8s.io/pause:3.10.2"


@pytest.mark.parametrize(
    ("answer", "driver"),
    [(field(1, b"\x08\x01"), "cgroupfs"), (b"\x0a\x00", "systemd"), (b"", "")],
)
def test_cgroup_driver(answer: bytes, driver: str) -> None:
    with serving({"RuntimeConfig": answer}) as stub, CriClient(stub.path) as client:
        assert client.cgroup_driver() == driver


def test_a_status_becomes_an_error_and_the_connection_goes_on() -> None:
    answers = {"RuntimeConfig": Failed(12, "no such call %E2%9C%97"), "Version": VERSION}
    with serving(answers) as stub, CriClient(stub.path) as client:
        with pytest.raises(CriError) as caught:
            client.cgroup_driver()
        assert caught.value.code == "UNIMPLEMENTED"
        assert caught.value.message == "no such call ✗"
        assert client.version().runtime_version == "v9.9"


def test_an_answer_larger_than_the_windows() -> None:
    names = [f"registry.example.org/image-{number:05}:v1" for number in range(20000)]
    with serving(ImageStore(names).answers()) as stub, CriClient(stub.path) as client:
        found = client.list_images()
        assert [image.tags[0] for image in found] == names
        assert client.image_status(names[7]) == (f"id-{names[7]}-1", [names[7]], [], 300, False)


@pytest.mark.parametrize("window", [10, 100, 16384])
def test_a_request_larger_than_the_window_the_server_grants(window: int) -> None:
    image = "registry.example.org/" + "x" * 90
    with serving(ImageStore([image]).answers()) as stub:
        stub.window = window
        with CriClient(stub.path) as client:
            # the server's window is known after the first answer
            assert client.image_status("y") is None
            assert client.image_status(image) is not None


def test_no_socket(tmp_path: Path) -> None:
    with pytest.raises(CriError, match=r"there is no such socket \(UNAVAILABLE\).*criSocket") as caught:
        CriClient(f"unix://{tmp_path}/none.sock")
    assert caught.value.code == "UNAVAILABLE"


def test_a_socket_nobody_listens_on() -> None:
    with serving({}) as stub:
        pass
    listener = socket.socket(socket.AF_UNIX)
    Path(stub.path).parent.mkdir()
    try:
        listener.bind(stub.path)
        listener.close()
        with pytest.raises(CriError, match="[Rr]efused"):
            CriClient(stub.path)
    finally:
        Path(stub.path).unlink()
        Path(stub.path).parent.rmdir()


def test_something_that_is_no_grpc_server() -> None:
    with serving({}) as stub:
        stub.garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        with pytest.raises(CriError, match="does not speak HTTP/2"):
            CriClient(stub.path).version()


def test_silence_ends_at_the_time_limit_and_the_connection_goes_on() -> None:
    with serving({"Version": VERSION}) as stub, CriClient(stub.path, timeout=0.2) as client:
        stub.before_answer = lambda stream: frame(6, 0, 0, b"notyet!!") if stream == 1 else b""
        started = time.monotonic()
        with pytest.raises(CriError) as caught:
            client.version()
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert 0.15 < time.monotonic() - started < 2
        client.timeout = 5
        assert client.version().runtime_name == "stub"


def reset(stream: int) -> bytes:
    return frame(3, 0, stream, struct.pack(">I", 7))


def goaway(stream: int) -> bytes:
    return frame(7, 0, 0, struct.pack(">II", 0, 11))


def no_status(stream: int) -> bytes:
    return frame(1, 5, stream, b"\x88")


def bare_http(stream: int) -> bytes:
    return frame(1, 5, stream, b"\x8d")


def compressed(stream: int) -> bytes:
    head = frame(1, 4, stream, b"\x88") + frame(0, 0, stream, b"\x01\0\0\0\x01x")
    return head + frame(1, 5, stream, literal("grpc-status", "0"))


def too_short(stream: int) -> bytes:
    head = frame(1, 4, stream, b"\x88") + frame(0, 0, stream, b"\0\0\0\0\x09x")
    return head + frame(1, 5, stream, literal("grpc-status", "0"))


def interrupted(stream: int) -> bytes:
    return frame(1, 0, stream, b"\x88") + frame(0, 0, stream, b"x")


def bad_block(stream: int) -> bytes:
    return frame(1, 5, stream, b"\x80")


def huge_frame(stream: int) -> bytes:
    return b"\xff\xff\xff\0\0" + struct.pack(">I", stream)


@pytest.mark.parametrize(
    ("misbehaviour", "code", "message"),
    [
        (reset, "UNAVAILABLE", "REFUSED_STREAM"),
        (goaway, "UNAVAILABLE", "ENHANCE_YOUR_CALM"),
        (no_status, "UNKNOWN", "without a gRPC status"),
        (bare_http, "UNIMPLEMENTED", "HTTP status 404"),
        (compressed, "INTERNAL", "compressed"),
        (too_short, "INTERNAL", "not exactly one message"),
        (interrupted, "UNAVAILABLE", "interrupted"),
        (bad_block, "UNAVAILABLE", "outside both tables"),
        (huge_frame, "UNAVAILABLE", "16777215 bytes"),
    ],
)
def test_misbehaviour_is_named(misbehaviour: object, code: str, message: str) -> None:
    with serving({"Version": VERSION}) as stub, CriClient(stub.path, timeout=5) as client:
        stub.before_answer = misbehaviour  # type: ignore[assignment]
        with pytest.raises(CriError, match=message) as caught:
            client.version()
        assert caught.value.code == code


def test_the_server_goes_away_in_the_middle() -> None:
    with serving({}) as stub, CriClient(stub.path, timeout=5) as client:

        def hang_up(stream: int) -> bytes:
            raise EOFError

        stub.before_answer = hang_up
        with pytest.raises(CriError, match="closed the connection"):
            client.version()
        with pytest.raises(CriError, match="does not answer"):
            client.version()
