# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that control planes share, from the one that has them to the others, host to host.

A receiver says what it lacks and makes a one-time key. The holder seals for it what is secret. The receiver opens and
writes. Whoever carries it between them has public files and ciphertext.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _certificate,
    _certs_secret,
    _copy_certs_files,
    _copy_certs_parcel,
    _hpke,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_files import AUTHORITY_KEYS, SINGLE, Layout
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_parcel import Parcel
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors

#: In memory, so that the key is on no disk and does not outlive the host.
ONE_TIME_KEY = "/run/kubephase-copy-certs.key"


@dataclass(frozen=True)
class Receiver:
    """A control plane that was asked what it lacks.

    :param present: fingerprints of what it has.
    """

    name: str
    public_key: str = ""
    wanted: Sequence[str] = ()
    present: Mapping[str, str] = field(default_factory=dict)


def request(layout: Layout, name: str, key_path: str, check_mode: bool) -> dict[str, Any]:
    """What the host lacks, and a key to seal it for. The key stays until :func:`install`; nothing else is changed."""
    contents = _copy_certs_files.read(layout)
    wanted = [name for name in layout.handed_on() if name not in contents]
    present: dict[str, str] = {}
    if _certificate.library_is_there() or not check_mode:
        present = _copy_certs_files.fingerprints(contents, layout)
    public = b""
    if not check_mode:
        _forget(key_path)
        if wanted:
            pair = _hpke.new_pair()
            _atomic_file.write(key_path, pair.private, 0o600)
            public = pair.public
    return {
        "changed": False,
        "request": {
            "name": name,
            "public_key": base64.b64encode(public).decode("ascii"),
            "wanted": wanted,
            "present": present,
        },
        "warnings": _stray_keys(layout, contents),
    }


def seal(layout: Layout, holder: str, receivers: Sequence[Receiver], check_mode: bool) -> dict[str, Any]:
    """A parcel for each receiver. What contradicts the holder's files is an error, before anything is written anywhere."""
    contents = _copy_certs_files.read(layout)
    errors: list[KubephaseError] = []
    for receiver in receivers:
        if _certificate.library_is_there() or not check_mode:
            errors += _copy_certs_files.contradictions(receiver.name, receiver.present, holder, contents, layout)
        if not check_mode:
            errors += _lacking(layout, holder, receiver, contents)
    if errors:
        raise KubephaseErrors(errors, "Nothing was copied:")
    if check_mode:
        planned = {each.name: _planned(layout, each, contents) for each in receivers}
        parcels = [Parcel(holder, name, names) for name, names in planned.items()]
    else:
        _copy_certs_files.require_pairs(contents, layout)
        parcels = [_packed(layout, holder, each, contents) for each in receivers]
    return {"changed": False, "parcels": {parcel.receiver: parcel.as_result() for parcel in parcels}}


def install(layout: Layout, parcel: Parcel, receiver: str, key_path: str, check_mode: bool) -> dict[str, Any]:
    """Open the parcel, hold it against what is there, write it, and forget the one-time key."""
    if parcel.receiver != receiver:
        raise KubephaseError(
            "they are for another host", where=f"the files from {parcel.sender}", value=parcel.receiver
        )
    if check_mode:
        return _result(layout, parcel, parcel.names, {})
    files = layout.all_files()
    unknown = [name for name in parcel.names if name not in files]
    if unknown:
        raise KubephaseError("there is no such file", where=f"the files from {parcel.sender}", value=", ".join(unknown))
    contents = _copy_certs_parcel.unpacked(parcel, _one_time_key(parcel, key_path))
    found = _copy_certs_files.read(layout)
    _require_no_others(layout, parcel, contents, found)
    _copy_certs_files.require_pairs({**contents, **found}, layout)
    written = [name for name in files if name in contents and name not in found]
    for name in written:
        path, data = files[name].path, contents[name]
        _atomic_file.make_directory(os.path.dirname(path), 0o755)
        _atomic_file.write(path, data, _certs_secret.mode(data))
    _forget(key_path)
    return _result(layout, parcel, written, _copy_certs_files.fingerprints({n: contents[n] for n in written}, layout))


def _lacking(layout: Layout, holder: str, receiver: Receiver, contents: Mapping[str, bytes]) -> list[KubephaseError]:
    """What the receiver cannot do without and the holder does not have. Keys of authorities may be elsewhere."""
    files = layout.handed_on()
    return [
        KubephaseError(
            f"it is missing, and {receiver.name} needs it",
            where=f"{holder}: {files[name].path}",
            hint="Name a host that has the files of the control plane, or make them there first (role pki)",
        )
        for name in receiver.wanted
        if name in files and files[name].required and name not in contents
    ]


def _planned(layout: Layout, receiver: Receiver, contents: Mapping[str, bytes]) -> list[str]:
    """In check mode: what the holder has, or will have made by then."""
    files = layout.handed_on()
    names = [name for name in receiver.wanted if name in files]
    public = _copy_certs_files.PAIRS
    return [n for n in names if n in contents or files[n].required or public[n] not in contents]


def _packed(layout: Layout, holder: str, receiver: Receiver, contents: Mapping[str, bytes]) -> Parcel:
    # the holder's own settings say what may leave it, not what is asked for
    names = [name for name in layout.handed_on() if name in receiver.wanted and name in contents]
    return _copy_certs_parcel.packed(
        holder, receiver.name, receiver.public_key, {name: contents[name] for name in names}
    )


def _one_time_key(parcel: Parcel, key_path: str) -> bytes:
    if not parcel.sealed:
        return b""
    key = _atomic_file.read(key_path)
    if key is None or len(key) != _hpke.KEY_BYTES:
        raise KubephaseError(
            "the one-time key that the files were sealed for is gone",
            where=key_path,
            hint="The host was started again meanwhile, or another run was here. Run again",
        )
    return key


def _require_no_others(
    layout: Layout, parcel: Parcel, contents: Mapping[str, bytes], found: Mapping[str, bytes]
) -> None:
    files = layout.all_files()
    differing = [files[name].path for name in contents if name in found and found[name] != contents[name]]
    if differing:
        raise KubephaseError(
            f"it was written meanwhile, and differs from that of {parcel.sender}",
            where=", ".join(differing),
            hint="Nothing was overwritten. Run again when nothing else works on the host",
        )


def _stray_keys(layout: Layout, contents: Mapping[str, bytes]) -> list[str]:
    if layout.authority_keys != SINGLE:
        return []
    files = layout.all_files()
    stray = [files[name].path for name in AUTHORITY_KEYS if name in contents]
    text = "keys of authorities are to be on one host only (kubephase_ca_keys: single), and this one has"
    return [f"{text} {', '.join(stray)}. Remove what is not needed here"] if stray else []


def _forget(key_path: str) -> None:
    if os.path.exists(key_path):
        os.unlink(key_path)


def _result(layout: Layout, parcel: Parcel, names: Sequence[str], prints: Mapping[str, str]) -> dict[str, Any]:
    files = layout.all_files()
    travelled = [
        {
            "file": files[name].path,
            "from": parcel.sender,
            "to": parcel.receiver,
            "how": "sealed" if _copy_certs_files.is_private(name) else "plain (public)",
        }
        for name in names
    ]
    return {
        "changed": bool(names),
        "installed": [files[name].path for name in names],
        "travelled": travelled,
        "diff": [_file_diff(files[name].path, parcel.sender, prints.get(name, "")) for name in names],
    }


def _file_diff(path: str, sender: str, fingerprint: str) -> dict[str, str]:
    after = f"copied from: {sender}\n" + (f"sha256: {fingerprint}\n" if fingerprint else "")
    return {"before_header": path, "after_header": path, "before": "", "after": after}
