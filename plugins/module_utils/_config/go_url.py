# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts Go takes for a URL, and what their scheme and path are."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_HOST = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%25|%[89a-fA-F][0-9a-fA-F])*\Z")
_PORT = re.compile(r"(?::[0-9]*)?\Z")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*\Z")


class Url(NamedTuple):
    scheme: str
    path: str


def parse(text: str) -> Url | None:
    """The URL, or None where Go refuses the text. A text without a scheme is one with an empty scheme."""
    text, _hash, fragment = text.partition("#")
    if _CONTROL.search(text) or text.startswith(":") or _BAD_ESCAPE.search(fragment):
        return None
    found = _SCHEME.match(text)
    scheme, rest = (found.group(1).lower(), text[found.end() :]) if found else ("", text)
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, "")
        if ":" in rest.partition("/")[0]:
            return None
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        if not _is_authority(authority):
            return None
        rest = slash + path
    return None if _BAD_ESCAPE.search(rest) else Url(scheme, unquote(rest))


def _is_authority(text: str) -> bool:
    user, _at, host = text.rpartition("@")
    if not _USER.match(user) or _BAD_ESCAPE.search(user):
        return False
    if host.startswith("["):
        inside, bracket, port = host.rpartition("]")
        return bool(bracket and _PORT.match(port) and _HOST.match(inside.replace("%25", "")))
    name, colon, port = host.rpartition(":")
    if colon and not _PORT.match(colon + port):
        return False
    return _HOST.match(host) is not None
