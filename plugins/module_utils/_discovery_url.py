# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching the kubeconfig that a https URL names: verified by the host's own CAs, bounded in time, size and redirects."""

from __future__ import annotations

import base64
import time
from urllib.parse import unquote, urljoin, urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import _https_get
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Endpoint, parse_endpoint

_MAX_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)


class DiscoveryUrl(KubephaseError):
    """The URL does not give a kubeconfig."""


def fetch(url: str, timeout: float) -> bytes:
    """What the URL gives with status 200. One attempt, as kubeadm's, but one that ends with ``timeout``."""
    deadline = time.monotonic() + timeout
    for _hop in range(_MAX_REDIRECTS + 1):
        left = deadline - time.monotonic()
        if left <= 0:
            raise DiscoveryUrl(f"no answer within {timeout:.0f} s", where=shown(url))
        endpoint, path, credentials = _parts(url)
        headers = {"Accept": "*/*", **credentials}
        try:
            answer = _https_get.get(endpoint, path, _https_get.system_context(), timeout=left, headers=headers)
        except _https_get.NotTrusted as fault:
            raise DiscoveryUrl(
                f"the server's certificate is not trusted by this host: {fault}",
                where=shown(url),
                hint="Add the CA that issued it to the host's, or put the kubeconfig on the host",
            ) from None
        except _https_get.Fault as fault:
            raise DiscoveryUrl(f"the kubeconfig cannot be fetched: {fault}", where=shown(url)) from None
        if answer.status == 200:
            return answer.body
        location = answer.headers.get("location", "")
        if answer.status not in _REDIRECTS or not location:
            raise DiscoveryUrl(f"the server answers HTTP {answer.status}", where=shown(url), accepted="200")
        url = _target(url, location)
    raise DiscoveryUrl(f"more than {_MAX_REDIRECTS} redirects", where=shown(url))


def shown(url: str) -> str:
    """The URL as errors name it: its user and its query may be secrets."""
    scheme, _separator, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        raise DiscoveryUrl("the server redirects to something that is no URL", where=shown(url)) from None
    if scheme != "https":
        raise DiscoveryUrl("the server redirects away from https", where=shown(url), value=shown(target))
    return target


def _parts(url: str) -> tuple[Endpoint, str, dict[str, str]]:
    """Where to connect, what to ask for, and the credentials that the URL holds."""
    accepted = "https://HOST[:PORT]/PATH"
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
        endpoint = parse_endpoint(f"https://{parts.netloc.rpartition('@')[2]}", "discovery_file", 443)
    except (ValueError, KubephaseError):
        raise DiscoveryUrl("not a URL", where="discovery_file", value=shown(url), accepted=accepted) from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(not "!" <= char <= "~" for char in path):
        raise DiscoveryUrl("not a URL", where="discovery_file", value=shown(url), accepted=accepted)
    if user is None:
        return endpoint, path, {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return endpoint, path, {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
