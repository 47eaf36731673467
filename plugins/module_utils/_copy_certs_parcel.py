# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels from one control plane to another: public files as they are, private ones sealed for the receiver.

Sender, receiver, the names of the sealed files and the public files themselves are bound to what is sealed, so none of them
can be exchanged on the way.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _hpke
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_files import is_private
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_INFO = b"kubephase.cluster copy_certs 1"


@dataclass(frozen=True)
class Parcel:
    """Files for one receiver.

    :param names: of all files in it.
    :param plain: the public ones, base64 by name.
    :param sealed: base64 of the others; empty where there are none.
    """

    sender: str
    receiver: str
    names: list[str] = field(default_factory=list)
    plain: Mapping[str, str] = field(default_factory=dict)
    sealed: str = field(default="", repr=False)

    def as_result(self) -> dict[str, Any]:
        return {
            "sender": self.sender,
            "receiver": self.receiver,
            "names": self.names,
            "plain": dict(self.plain),
            "sealed": self.sealed,
        }

    @property
    def private_names(self) -> list[str]:
        return [name for name in self.names if is_private(name)]


def packed(sender: str, receiver: str, public_key: str, contents: Mapping[str, bytes]) -> Parcel:
    """A parcel of ``contents`` that only the owner of ``public_key`` (base64) opens."""
    plain = {name: _encode(data) for name, data in contents.items() if not is_private(name)}
    private = {name: _encode(data) for name, data in contents.items() if is_private(name)}
    parcel = Parcel(sender, receiver, list(contents), plain)
    if not private:
        return parcel
    key = _decode(public_key, f"{receiver}: its public key")
    sealed = _hpke.seal(key, _INFO, _associated(parcel), json.dumps(private).encode())
    return Parcel(sender, receiver, parcel.names, plain, _encode(sealed))


def unpacked(parcel: Parcel, private_key: bytes) -> dict[str, bytes]:
    """The contents of a parcel by name."""
    where = f"the files from {parcel.sender}"
    contents = {name: _decode(text, where) for name, text in parcel.plain.items()}
    if parcel.sealed:
        sealed = _decode(parcel.sealed, where)
        opened = json.loads(_hpke.open_sealed(private_key, _INFO, _associated(parcel), sealed))
        contents.update({name: _decode(text, where) for name, text in opened.items()})
    if set(contents) != set(parcel.names):
        raise KubephaseError(
            "they are not those that were announced", where=where,
            value=", ".join(sorted(contents)), accepted=", ".join(sorted(parcel.names)),
        )  # fmt: skip
    return {name: contents[name] for name in parcel.names}


def _associated(parcel: Parcel) -> bytes:
    """What holds for the sealed files, in one form of writing."""
    bound = {
        "sender": parcel.sender,
        "receiver": parcel.receiver,
        "names": sorted(parcel.names),
        "plain": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in parcel.plain.items()},
    }
    return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KubephaseError("not base64", where=where) from None
