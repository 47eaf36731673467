# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever answers in a cluster's place, discovery ends soon, with the cluster it was to find or an error that says where.

``KUBEPHASE_FUZZ_SEED`` repeats a run; the seed is printed. What only happens on the wire is in ``test_discovery_wire.py``.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _https_get
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import Cluster
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token, TokenDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_file import FileDiscovery
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import Patience
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from tests.fuzz import cluster_answers as answers
from tests.fuzz import mutations

SEED = int(os.environ.get("KUBEPHASE_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
SHARDS = 4
EACH = 1000
LONGEST = 2.0
"""Seconds of processor time that one answer may take."""
MEGABYTES = 200
"""What all of them together may add to the process."""
AT_ONCE = Patience(discovery=0, token=0, first_pause=0, longest_pause=0)
ENDPOINT = _https_get.Endpoint("192.0.2.10", 6443)
SECRETS = (answers.SECRET, answers.OWN_TOKEN)


@pytest.fixture
def chance(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> random.Random:
    name = f"{SEED} {request.node.name}"
    with capsys.disabled():
        print(f"\nKUBEPHASE_FUZZ_SEED={SEED} ({request.node.name})")
    return random.Random(name)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the API server answers, without a network."""
    answer = [b""]
    monkeypatch.setattr(_https_get, "get", lambda *_, **__: _https_get.Answer(200, answer[0]))
    return answer


def judged(work: Callable[[], Any], shown: object) -> Any:
    """What came of it, None for an error; anything but one of ours that says where is a failure."""
    started = time.process_time()
    try:
        found = work()
    except KubephaseError as error:
        text = str(error)
        text.encode("utf-8", "backslashreplace")
        assert error.where, f"{text}\n{shown!r:.3000}"
        assert len(text) < 20_000 and not any(secret in text for secret in SECRETS), f"{text:.2000}\n{shown!r:.3000}"
        found = None
    except BaseException as error:
        raise AssertionError(f"seed {SEED}: {error!r}\n{shown!r:.3000}") from error
    assert time.process_time() - started < LONGEST, f"{shown!r:.3000}"
    return found


def by_token(pins: list[str]) -> Callable[[], Cluster]:
    token = Token.parse(answers.TOKEN, "token")
    return TokenDiscovery(ENDPOINT, token, pins, unsafe_skip_ca_verification=not pins, patience=AT_ONCE).run


@pytest.fixture(autouse=True)
def memory() -> Any:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES


@pytest.mark.parametrize("shard", range(SHARDS))
def test_answers_of_one_who_does_not_know_the_token(shard: int, chance: random.Random, say: list[bytes]) -> None:
    genuine = answers.AUTHORITY
    for _turn in range(EACH):
        say[0] = answers.forged(chance)
        found = judged(by_token(chance.choice([[], [genuine.pin]])), say[0])
        # a change that changes nothing, as in the ConfigMap's metadata, is none
        assert found is None or (found.server, found.ca_pem) == (answers.SERVER, genuine.pem), say[0]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_answers_of_one_who_knows_the_token(shard: int, chance: random.Random, say: list[bytes]) -> None:
    good = 0
    for _turn in range(EACH):
        say[0] = answers.vouched(chance)
        found = judged(by_token([answers.AUTHORITY.pin]), say[0])
        assert found is None or answers.AUTHORITY.pin in found.pins, say[0]
        good += judged(by_token([]), say[0]) is not None
    assert good > 0, "nothing was good any more: the accidents are too bad to reach the inner fields"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_kubeconfigs_for_discovery_by_file(
    shard: int, chance: random.Random, say: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = 0
    for _turn in range(EACH):
        data = (
            answers.broken_kubeconfig(chance)
            if chance.random() < 0.8
            else answers.written(answers.kubeconfig()).encode()
        )
        say[0] = chance.choice([answers.forged, answers.vouched])(chance)
        monkeypatch.setattr(FileDiscovery, "_read_file", lambda _self, data=data: data)
        token = chance.choice([None, Token.parse(answers.TOKEN, "token")])
        found = judged(FileDiscovery("/etc/join.conf", token, patience=AT_ONCE).run, (data, say[0]))
        if found is not None:
            good += 1
            judged(partial(found.kubeconfig, "prod"), data)
            assert answers.OWN_TOKEN not in repr(found)
    assert good > 0


class Wire:
    """A connection that has this to say, and then is closed."""

    def __init__(self, data: bytes, random: random.Random) -> None:
        self._data, self._at, self._random = data, 0, random

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv_into(self, buffer: Any) -> int:
        part = self._data[self._at : self._at + self._random.choice([1, 7, len(buffer)])][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


HEADERS = [
    b"Content-Length: 12", b"Content-Length: -1", b"Content-Length: 1" + b"0" * 300, b"Content-Length: x",
    b"Content-Length: 5\r\nContent-Length: 7",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Content-Encoding: gzip", b": ", b"\0: \0",
    b" folded", b"X: " + b"y" * 70_000,
    b"X: y\r\n" * 200, b"Connection: upgrade", b"Location: //", b"Keep-Alive: " + b"9" * 5000, "é: é".encode(), b"no colon",
]  # fmt: skip
STATUS = [
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/0.9 200 OK", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", b"HTTP/1.1 999 X",
    b"HTTP/1.1 -200 X",
    b"HTTP/1.1 200 " + b"O" * 70_000, b"HTTP/2 200", b"ICY 200 OK", b"",
    b"\x16\x03\x01\x02\x00", b"HTTP/1.1", b"HTTP/1.1 204 No", b"HTTP/1.1 304 No",
]  # fmt: skip
BODIES = [
    b"", b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\nx", b"zz\r\n",
    b"5;" + b"e" * 70_000, b"5\r\nhel", b"0\r\n" + b"T: t\r\n" * 3000, b"hello",
    b"fffff\r\n" + b"x" * 1_100_000, b"x" * 1_100_000,
]  # fmt: skip


@pytest.mark.parametrize("shard", range(SHARDS))
def test_http_with_accidents(shard: int, chance: random.Random) -> None:
    genuine = answers.body(answers.config_map(answers.cluster_info()))
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(genuine),
        genuine,
    )
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(genuine), genuine)
    for turn in range(EACH):
        if turn % 2:
            data = mutations.mutate_bytes(chance.choice([whole, chunked]), chance, [whole, chunked])
        else:
            headers = b"".join(b"%s\r\n" % chance.choice(HEADERS) for _header in range(chance.randint(0, 4)))
            data = b"%s\r\n%s\r\n%s" % (chance.choice(STATUS), headers, chance.choice([*BODIES, genuine]))
        judged(partial(answer_of, Wire(data, chance)), data)


def answer_of(wire: Wire) -> int:
    """As ``_https_get.get`` reads it: an answer that is none is a fault of its own."""
    try:
        found = _https_get.read_answer(wire, time.monotonic() + 5)  # type: ignore[arg-type]
    except _https_get.Fault as fault:
        raise KubephaseError(str(fault), where=ENDPOINT.url) from None
    assert len(found.body) <= _https_get.MAX_BYTES
    return found.status
