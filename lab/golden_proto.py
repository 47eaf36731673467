"""Enough of Kubernetes' protobuf to read what kubeadm sends: kind and name of anything, and the data of ConfigMaps and Secrets.

Runs on the golden host, inside golden_api.py.
"""

from __future__ import annotations

import base64
from typing import Any

MAGIC = b"k8s\x00"
WITH_DATA = ("ConfigMap", "Secret")


def decode(message: bytes) -> dict[str, Any]:
    """runtime.Unknown: {typeMeta: {apiVersion, kind}, raw}; every kind has its metadata first."""
    envelope = fields(message[len(MAGIC) :])
    types = fields(envelope[1][0])
    raw = fields(envelope[2][0])
    metadata = fields(raw[1][0])
    kind = types[2][0].decode()
    item: dict[str, Any] = {
        "apiVersion": types[1][0].decode(),
        "kind": kind,
        "metadata": {"name": metadata[1][0].decode()},
    }
    if metadata.get(3, [b""])[0]:
        item["metadata"]["namespace"] = metadata[3][0].decode()
    if 13 in metadata:
        item["metadata"]["ownerReferences"] = [owner(fields(each)) for each in metadata[13]]
    if kind in WITH_DATA:
        pairs = [fields(each) for each in raw.get(2, [])]
        shown = bytes.decode if kind == "ConfigMap" else lambda value: base64.b64encode(value).decode()
        item["data"] = {pair[1][0].decode(): shown(pair[2][0]) for pair in pairs}
    if kind == "Secret":
        item["type"] = raw[3][0].decode()
    return item


def owner(found: dict[int, list[bytes]]) -> dict[str, Any]:
    return {
        "apiVersion": found[5][0].decode(),
        "blockOwnerDeletion": found.get(7) == [b"\x01"],
        "controller": found.get(6) == [b"\x01"],
        "kind": found[1][0].decode(),
        "name": found[3][0].decode(),
        "uid": found[4][0].decode(),
    }


def fields(message: bytes) -> dict[int, list[bytes]]:
    """The fields of a message by number; a number (varint) as the byte it is, which is enough for booleans."""
    found: dict[int, list[bytes]] = {}
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        value, position = varint(message, position)
        if tag & 7 == 2:
            found.setdefault(tag >> 3, []).append(message[position : position + value])
            position += value
        elif tag & 7 == 0:
            found.setdefault(tag >> 3, []).append(bytes([value & 255]))
        else:
            raise ValueError(f"wire type {tag & 7}")
    return found


def varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
