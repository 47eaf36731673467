# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery by file or URL: a kubeconfig that the user vouches for says where the cluster is and whom to trust."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _discovery_url, _https_get, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_access import (
    Access,
    current_user,
    decode,
    way_of,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import (
    Cluster,
    MalformedClusterInfo,
    by_name,
    cluster_entry,
    cluster_of,
    parse_config_map,
    parse_kubeconfig,
    server_of,
    text_of,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import (
    CLUSTER_INFO,
    Patience,
    Requests,
    ServerNotTrusted,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

_MAX_BYTES = 1024 * 1024
_FORBIDDEN = 403
_UNSUPPORTED = ("exec", "auth-provider", "as")
_EMBEDDED = (
    ("client-certificate", "client-certificate-data"),
    ("client-key", "client-key-data"),
    ("tokenFile", "token"),
)
_NO_CREDENTIALS = "Give tlsBootstrapToken, or a kubeconfig whose current user has a token or a client certificate"


class DiscoveryFile(KubephaseError):
    """The kubeconfig cannot be read, or says too little."""


class FileDiscovery:
    """Discovery as kubeadm's ``discovery.file`` does it.

    The kubeconfig is trusted. cluster-info is read with it, which shows that its server answers and has a certificate from
    its CA; only an answer that reading is forbidden is accepted too.

    :param source: path of a kubeconfig on the host, or a https URL.
    :param token: takes the place of whatever credentials the kubeconfig has.
    :ivar warnings: what is worth a look.
    """

    def __init__(
        self,
        source: str,
        token: Token | None = None,
        *,
        patience: Patience | None = None,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
    ) -> None:
        self._is_url = is_url(source)
        self._source = source
        self._where = shown(source)
        self._token = token
        self._patience = patience or Patience()
        self._now = now
        self.warnings: list[str] = []

    def run(self) -> Access:
        """Read the kubeconfig, and check that its server answers."""
        mapping = parse_kubeconfig(self._read(), self._where)
        if mapping.get("kind", "Config") != "Config":
            raise DiscoveryFile("not a kubeconfig", where=self._where, accepted="kind: Config")
        name, entry = cluster_entry(mapping, self._where)
        server_of(entry, self._where)
        self._embed_authority(entry)
        user = self._usable_user(mapping)
        if not user and self._token is None:
            raise DiscoveryFile("there are no credentials in it", where=self._where, hint=_NO_CREDENTIALS)
        self._refresh(entry, user)
        cluster = self._cluster(entry)
        if self._token is not None:
            return Access.by_token(cluster, self._token)
        context = by_name(mapping, "contexts", "context", self._where)[text_of(mapping.get("current-context"))]
        return Access(cluster, f"user {text_of(context.get('user'))} of {self._where}", mapping, name)

    def _read(self) -> str:
        data = _discovery_url.fetch(self._source, self._patience.discovery) if self._is_url else self._read_file()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise DiscoveryFile("not a kubeconfig: it is not UTF-8 text", where=self._where) from None

    def _read_file(self) -> bytes:
        return _bounded(self._source, self._where, "the kubeconfig")

    def _embed_authority(self, entry: dict[str, Any]) -> None:
        if entry.get("insecure-skip-tls-verify"):
            raise DiscoveryFile(
                "insecure-skip-tls-verify in it is not accepted: anybody could pass for the cluster",
                where=self._where,
                hint="Put the cluster's CA there as certificate-authority-data",
            )
        path = text_of(entry.get("certificate-authority"))
        if path and entry.get("certificate-authority-data"):
            raise DiscoveryFile(
                "certificate-authority and certificate-authority-data are both in it", where=self._where
            )
        if path:
            data = _bounded(self._resolved(path), self._where, "the file that certificate-authority names")
            del entry["certificate-authority"]
            entry["certificate-authority-data"] = _kubeconfig.encode(data)

    def _usable_user(self, mapping: dict[str, Any]) -> dict[str, Any]:
        """The current user with its files embedded; empty where it has no credentials."""
        current = text_of(mapping.get("current-context"))
        if current and current not in by_name(mapping, "contexts", "context", self._where):
            raise DiscoveryFile("its current-context is not among its contexts", where=self._where, value=current)
        user = current_user(mapping, self._where)
        if not isinstance(user, dict):
            return {}
        for name in _UNSUPPORTED:
            if user.get(name) and self._token is None:
                raise DiscoveryFile(f"credentials by {name} cannot be used", where=self._where, hint=_NO_CREDENTIALS)
        for name, data_name in _EMBEDDED:
            self._embed(user, name, data_name)
        known = [name for name in ("token", "username", "client-certificate-data") if text_of(user.get(name))]
        if len(known) > 1:
            raise DiscoveryFile(
                "its user has more than one kind of credentials", where=self._where, value=", ".join(known)
            )
        if known == ["client-certificate-data"] and not text_of(user.get("client-key-data")):
            raise DiscoveryFile("its user has a client-certificate, but no client-key", where=self._where)
        if known == ["username"] and not text_of(user.get("password")):
            return {}
        return user if known else {}

    def _embed(self, user: dict[str, Any], name: str, data_name: str) -> None:
        path = text_of(user.pop(name, None))
        if not path or user.get(data_name):
            return
        data = _bounded(self._resolved(path), self._where, f"the file that {name} names")
        # a token's file may end in a newline, which no header can hold
        user[data_name] = data.decode("utf-8", "replace").strip() if name == "tokenFile" else _kubeconfig.encode(data)

    def _resolved(self, path: str) -> str:
        """Beside the kubeconfig, as for kubectl."""
        if os.path.isabs(path):
            return path
        if self._is_url:
            raise DiscoveryFile("a file in it is named without its directory", where=self._where, value=path)
        return os.path.join(os.path.dirname(os.path.abspath(self._source)), path)

    def _refresh(self, entry: dict[str, Any], user: dict[str, Any]) -> None:
        """Read cluster-info with the kubeconfig: fills a CA that is missing, and warns where it names another server."""
        endpoint = _https_get.parse_endpoint(entry["server"], f"{self._where}, server", 443)
        hints = {401: f"It does not accept the credentials in {self._where}"} if user else {}
        requests = Requests(endpoint, self._patience, self._now, hints)
        way = way_of(entry, user, self._where)
        try:
            answer = requests.wait_for(lambda: requests.get(way, (200, _FORBIDDEN)))
        except _https_get.NotTrusted as fault:
            raise self._not_trusted(requests, fault, entry) from None
        if answer.status == _FORBIDDEN:
            return
        data = parse_config_map(answer.body, requests.where)
        try:
            _name, known = cluster_entry(parse_kubeconfig(data.get("kubeconfig", ""), requests.where), requests.where)
        except MalformedClusterInfo:
            # what the user gave is trusted; cluster-info could only have added to it
            return
        if text_of(known.get("server")) != entry["server"]:
            self.warnings.append(
                f"{self._where} names the API server {entry['server']}, {CLUSTER_INFO} names {known.get('server')}"
            )
        if not entry.get("certificate-authority-data") and text_of(known.get("certificate-authority-data")):
            entry["certificate-authority-data"] = known["certificate-authority-data"]

    def _not_trusted(self, requests: Requests, fault: _https_get.NotTrusted, entry: dict[str, Any]) -> KubephaseError:
        encoded = text_of(entry.get("certificate-authority-data"))
        if encoded:
            pem = decode(encoded, "certificate-authority-data", self._where).decode("ascii", "replace")
            return requests.not_trusted(fault, pem)
        return ServerNotTrusted(
            f"the server's certificate is not trusted by this host: {fault}",
            where=entry["server"],
            hint=f"Put the cluster's CA into {self._where} as certificate-authority-data",
        )

    def _cluster(self, entry: dict[str, Any]) -> Cluster:
        encoded = text_of(entry.get("certificate-authority-data"))
        if not encoded:
            raise DiscoveryFile(
                "there is no CA in it, and the cluster does not tell its CA",
                where=self._where,
                hint="Put the cluster's CA there as certificate-authority-data",
            )
        return cluster_of(entry["server"], encoded, self._where)


def is_url(source: str) -> bool:
    """Whether it is a URL to fetch; a path is read on the host. Other schemes are an error, as with kubeadm."""
    scheme, separator, _rest = source.partition("://")
    if not separator:
        return False
    if scheme.lower() != "https":
        raise DiscoveryFile(
            "neither a path nor a https URL",
            where="discovery_file",
            value=scheme,
            accepted="/path/of/a/kubeconfig or https://HOST/PATH",
            hint="A file on the host is named by its path alone" if scheme == "file" else "",
        )
    return True


def shown(source: str) -> str:
    """The source as texts name it: without what may be secret in a URL."""
    return _discovery_url.shown(source) if is_url(source) else source


def _bounded(path: str, where: str, what: str) -> bytes:
    """The file's content, unless it is longer than any kubeconfig."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise DiscoveryFile(f"{what} does not exist on this host", where=where, value=path) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or error
        raise DiscoveryFile(f"{what} cannot be read: {reason}", where=where, value=path) from None
    if len(data) > _MAX_BYTES:
        raise DiscoveryFile(f"{what} is longer than {_MAX_BYTES} bytes", where=where, value=path)
    return data
