# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster says to a host that looks for it, right and then with accidents at every layer of it."""

from __future__ import annotations

import base64
import binascii
import copy
import json
from random import Random
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _jws, _kube_yaml
from tests.fuzz import mutations
from tests.unit.module_utils.discovery.conftest import Authority

TOKEN_ID, SECRET = "q1w2e3", "z9y8x7w6v5u4t3s2"
TOKEN = f"{TOKEN_ID}.{SECRET}"
OWN_TOKEN = "a-token-of-the-users-own"
SERVER = "https://192.0.2.10:6443"
SIGNATURE = f"jws-kubeconfig-{TOKEN_ID}"

AUTHORITY, FOREIGN = Authority(), Authority("another")
_SIGNATURES = [
    "", "..", ".", "a..b", "eyJhbGciOiJub25lIn0..", "\0", "\ud800", "=" * 50, "." * 5000, "é..é", "{}", "null",
    base64.urlsafe_b64encode(b'{"alg":"none","kid":"q1w2e3"}').decode() + "..",
    base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"q1w2e3"}').decode().rstrip("=") + ".." + "A" * 43,
]  # fmt: skip
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)
_TEXTS = [
    "", "\0", "[", "- a", "null", "!!python/object:os.system id", _BOMB, "[" * 50_000, "{a: " * 5000, "a: b\n" * 60_000,
    "clusters: *x", "x" * 200_000, "'" + "x" * 100_000, "\ufeff{}", "clusters: [{name: '', cluster: {server: 1}}]",
]  # fmt: skip


def encoded(data: bytes | str) -> str:
    return base64.b64encode(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")).decode()


def cluster_info(authority: Authority = AUTHORITY, server: str = SERVER) -> str:
    cluster = {"certificate-authority-data": encoded(authority.pem), "server": server}
    return _kube_yaml.dump(
        {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "", "cluster": cluster}], "contexts": None,
         "current-context": "", "users": None}
    )  # fmt: skip


def kubeconfig() -> dict[str, Any]:
    """One as an administrator hands it out for discovery by file."""
    cluster = {"certificate-authority-data": encoded(AUTHORITY.pem), "server": SERVER, "tls-server-name": "cp"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "prod", "cluster": cluster}],
        "contexts": [{"name": "join", "context": {"cluster": "prod", "user": "joiner"}}],
        "current-context": "join",
        "users": [{"name": "joiner", "user": {"token": OWN_TOKEN}}],
    }


def config_map(text: str, signature: str | None = None) -> dict[str, Any]:
    """The ConfigMap with a kubeconfig, signed for the token unless told otherwise."""
    signature = signed(text) if signature is None else signature
    metadata = {"name": "cluster-info", "namespace": "kube-public", "resourceVersion": "7"}
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": metadata,
        "data": {"kubeconfig": text, SIGNATURE: signature},
    }


def signed(text: str) -> str:
    return _jws.sign(text.encode("utf-8", "surrogatepass"), TOKEN_ID, SECRET)


def body(found: Any) -> bytes:
    try:
        return json.dumps(found, default=repr, skipkeys=True).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        # a number or a nesting that JSON's writer does not take; its reader is given one all the same
        return b'{"kind":"ConfigMap","data":' + b'{"a":' * 2000 + b"9" * 5000 + b"}" * 2001


def forged(random: Random) -> bytes:
    """An answer by somebody who does not know the token: not one of these may be believed, unless it still says the same."""
    kind = random.randrange(6)
    genuine = config_map(cluster_info())
    if kind == 0:
        return mutations.mutate_bytes(body(genuine), random, [body(genuine)])
    if kind == 1:
        return body(mutations.mutate_value(genuine, random))
    if kind == 2:
        return body(config_map(cluster_info(FOREIGN), genuine["data"][SIGNATURE]))
    if kind == 3:
        return body(config_map(broken_text(random), genuine["data"][SIGNATURE]))
    if kind == 4:
        return body(config_map(cluster_info(), broken_signature(random, genuine["data"][SIGNATURE])))
    return random.choice(
        [
            b"",
            b"{}",
            b"[]",
            b"null",
            b"[" * 100_000,
            b'{"a":' * 20_000,
            b"<html>",
            b"\x1f\x8b\x08",
            b"9" * 100_000,
            b'"\\ud800"',
        ]
    )


def vouched(random: Random) -> bytes:
    """An answer by somebody who knows the token, and so can sign what he likes."""
    return body(config_map(broken_text(random)))


def broken_text(random: Random) -> str:
    genuine = cluster_info(random.choice([AUTHORITY, FOREIGN]))
    kind = random.randrange(5)
    if kind == 0:
        return mutations.mutate_bytes(genuine.encode(), random, [genuine.encode()]).decode("utf-8", "surrogateescape")
    if kind == 1:
        return written(mutations.mutate_value(_kube_yaml.load(genuine), random))
    if kind == 2:
        return random.choice(_TEXTS)
    found = _kube_yaml.load(genuine)
    if kind == 3:
        found["clusters"][0]["cluster"]["certificate-authority-data"] = encoded(broken_authority(random))
    else:
        found["clusters"][0]["cluster"]["server"] = random.choice(
            [
                "",
                "x",
                "http://a",
                "https://",
                "https://a:b@c",
                "https://[::1",
                "https://a:99999",
                "https://a/\n",
                "https://é",
                "\0",
                7,
            ]
        )
    return written(found)


def broken_authority(random: Random) -> bytes:
    """PEM and DER with accidents."""
    pem = random.choice([AUTHORITY, FOREIGN]).pem.encode()
    kind = random.randrange(4)
    if kind == 0:
        return mutations.mutate_bytes(pem, random, [pem])
    if kind == 1:
        der = bytearray(base64.b64decode(b"".join(pem.splitlines()[1:-1])))
        for _turn in range(random.randint(1, 6)):
            der[random.randrange(len(der))] = random.randrange(256)
        return b"-----BEGIN CERTIFICATE-----\n" + binascii.b2a_base64(bytes(der)) + b"-----END CERTIFICATE-----\n"
    if kind == 2:
        return pem * random.choice([0, 2, 40])
    return random.choice(
        [b"", b"\0", b"-----BEGIN CERTIFICATE-----\n", pem.replace(b"CERTIFICATE", b"PRIVATE KEY"), b"-" * 90_000]
    )


def broken_signature(random: Random, genuine: str) -> str:
    if random.random() < 0.3:
        return random.choice(_SIGNATURES)
    return mutations.mutate_bytes(genuine.encode(), random, [genuine.encode()]).decode("utf-8", "surrogateescape")


def broken_kubeconfig(random: Random) -> bytes:
    """A file for discovery with accidents."""
    genuine = kubeconfig()
    kind = random.randrange(4)
    if kind == 0:
        text = _kube_yaml.dump(genuine).encode()
        return mutations.mutate_bytes(text, random, [text])
    if kind == 1:
        return written(mutations.mutate_value(genuine, random)).encode("utf-8", "surrogatepass")
    if kind == 2:
        return random.choice(_TEXTS).encode("utf-8", "surrogatepass")
    found = copy.deepcopy(genuine)
    user, entry = found["users"][0]["user"], found["clusters"][0]["cluster"]
    user[
        random.choice(
            ["token", "tokenFile", "client-certificate-data", "client-key-data", "client-key", "username", "exec", "as"]
        )
    ] = random.choice(mutations.VALUES)
    entry[
        random.choice(["server", "certificate-authority", "certificate-authority-data", "proxy-url", "tls-server-name"])
    ] = random.choice(mutations.VALUES)
    return written(found).encode("utf-8", "surrogatepass")


def written(found: Any) -> str:
    """As YAML, or as JSON where it is not what YAML can hold."""
    try:
        return _kube_yaml.dump(found)
    except Exception:  # it may be anything
        try:
            return json.dumps(found, default=repr, skipkeys=True)
        except (ValueError, RecursionError):
            return repr(type(found))
