# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a good configuration: to its bytes, and to the values of variables."""

from __future__ import annotations

import copy
import datetime
from random import Random
from typing import Any

PIECES = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"\r",
    b"\t",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"- ",
    b": ",
    b"? ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"!!python/object:os.system ",
    b"!!binary ",
    b"!<a> ",
    b"%YAML 1.1\n",
    b"---\n",
    b"...\n",
    b"1e999",
    b".nan",
    b".inf",
    b"0x" + b"f" * 80,
    b"9" * 400,
    b"null",
    b"~",
    b"yes",
    b'"',
    b"'",
    b"|\n",
    b">-\n",
    b"# ",
    b'"\\0"',
    b'"\\ud800"',
    b"2030-01-01",
    b"1:2:3",
    b"=",
    b"@",
    b"`",
    "é€😀\u2028".encode(),
    b"[" * 60,
    b"{a: " * 60,
    b"a" * 5000,
    b"\n" * 300,
    b"kind: InitConfiguration\n",
    b"apiVersion: kubeadm.k8s.io/v1beta3\n",
]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    65536,
    2**31,
    2**63,
    -(2**63) - 1,
    10**5000,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    -0.0,
    "",
    " ",
    "a",
    "A",
    "0",
    "true",
    "null",
    "\0",
    "\ud800",
    "é",
    "a\nb",
    "a" * 10000,
    "9" * 5000,
    "1e400",
    "-1s",
    "0s",
    "9999999999h",
    "1h" * 100,
    "10.0.0.0/8," * 50,
    "::",
    "0.0.0.0",
    "127.0.0.1",
    "fe80::1%eth0",
    "::ffff:1.2.3.4",
    "010.0.0.1",
    "[::1]:6443",
    ":",
    "/",
    "//",
    "/a/../b",
    "%",
    "%zz",
    "http://[",
    "https://a:b@c/",
    "unix://",
    "file:///a%20b",
    "all",
    "system:bootstrappers:",
    "abcdef.0123456789abcdef",
    "sha256:",
    "v1.36.3",
    "v1.37.0-01",
    "ci/latest",
    "stable-1.36",
    "stable-1.99",
    "latest-1",
    "ci/v1.37.0+a.b",
    "v1.99999.0",
    "{{ x }}",
    "!!",
    "$(id)",
    "kubeadm.k8s.io/v1beta3",
    "kubeadm.k8s.io/v1",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": ""},
    {"a": None},
    {None: 1},
    {1: 2},
    {"name": "a"},
    [{"name": "a", "value": "b"}],
    [""],
    ["a", "a"],
    b"bytes",
    (1, 2),
    {1, 2},
    datetime.date(2030, 1, 1),
    datetime.datetime(2030, 1, 1),
    object(),
    1j,
]
KEYS: list[Any] = [
    "",
    "name",
    "Name",
    "a.b",
    "kind",
    "apiVersion",
    "\0",
    "\ud800",
    "x" * 3000,
    None,
    1,
    True,
    1.5,
    ("a",),
    "<<",
    "=",
    "extraArgs",
    "external",
]


def mutate_bytes(text: bytes, random: Random, others: list[bytes]) -> bytes:
    """The text after one to four accidents."""
    for _turn in range(random.randint(1, 4)):
        place = random.randrange(len(text) + 1)
        kind = random.randrange(8)
        if kind == 0:
            text = text[:place] + random.choice(PIECES) + text[place:]
        elif kind == 1:
            text = text[:place] + text[place + random.randint(1, 40) :]
        elif kind == 2:
            text = text[:place] + bytes([random.randrange(256)]) + text[place + 1 :]
        elif kind == 3:
            text = _with_lines(text, random)
        elif kind == 4:
            other = random.choice(others)
            text = text[:place] + other[random.randrange(len(other) + 1) :]
        elif kind == 5:
            text = text + b"---\n" + random.choice(others)
        elif kind == 6:
            text = text.replace(
                b": ", random.choice([b":", b" : ", b": &a ", b": !!str ", b": - "]), random.randint(1, 3)
            )
        else:
            text = text[:place]
    return text


def _with_lines(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    index = random.randrange(len(lines))
    kind = random.randrange(5)
    if kind == 0:
        lines.insert(index, random.choice(lines))
    elif kind == 1:
        lines[index] = b" " * random.randint(1, 4) + lines[index]
    elif kind == 2:
        lines[index] = lines[index].lstrip()
    elif kind == 3:
        lines[index] = lines[index].split(b":")[0] + b": " + random.choice(PIECES)
    else:
        random.shuffle(lines)
    return b"\n".join(lines)


def mutate_value(value: Any, random: Random) -> Any:
    """A copy with one to three parts that are something else."""
    value = copy.deepcopy(value)
    for _turn in range(random.randint(1, 3)):
        parent, key = _anywhere(value, random)
        if parent is None:
            return random.choice(VALUES)
        kind = random.randrange(8)
        if kind <= 3:
            parent[key] = random.choice(VALUES)
        elif kind == 4:
            parent[key] = _nested(random, parent[key])
        elif kind == 5 and isinstance(parent, dict):
            parent[random.choice(KEYS)] = parent.pop(key)
        elif kind == 6 and isinstance(parent, list):
            parent.extend(parent[:50])
        elif kind == 6:
            parent[random.choice(KEYS)] = random.choice(VALUES)
        else:
            parent.pop(key)
    return value


def _anywhere(value: Any, random: Random) -> tuple[Any, Any]:
    """A random part of the value, as what holds it and where."""
    parent: Any = None
    key: Any = None
    while True:
        if isinstance(value, dict) and value:
            parent, key = value, random.choice(list(value))
        elif isinstance(value, list) and value:
            parent, key = value, random.randrange(len(value))
        else:
            return parent, key
        value = parent[key]
        if random.random() < 0.25:
            return parent, key


def _nested(random: Random, value: Any) -> Any:
    for _level in range(random.choice([1, 3, 2000])):
        value = {"a": value} if random.random() < 0.5 else [value]
    return value
