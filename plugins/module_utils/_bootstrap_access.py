# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host that has not joined yet talks to a cluster: whom it trusts, and by what it is known there."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _https_get, _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import TOKEN
from ansible_collections.kubephase.cluster.plugins.module_utils._cluster_info import Cluster, by_name, text_of
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import Way
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._https_get import Answer, parse_endpoint
from ansible_collections.kubephase.cluster.plugins.module_utils._secret_file import secret_file

TOKEN_USER = "tls-bootstrap-token-user"
_SECRETS = ("token", "password", "client-key-data")


@dataclass(frozen=True)
class Access:
    """A cluster that discovery vouches for, and a kubeconfig whose current user is let in there.

    :param identity: who that user is, for errors.
    :param mapping: the kubeconfig, every credential embedded.
    :param cluster_name: the entry of it that is this cluster.
    """

    cluster: Cluster
    identity: str
    mapping: Mapping[str, Any] = field(repr=False)
    cluster_name: str

    @classmethod
    def by_token(cls, cluster: Cluster, token: Token) -> Access:
        """Access as kubeadm writes it for a bootstrap token."""
        name = "kubernetes"
        mapping = _kubeconfig.build(
            server=cluster.server, ca=cluster.ca_pem.encode("ascii"), cluster=name, user=TOKEN_USER, token=str(token)
        )
        return cls(cluster, f"token ID {token.id}", mapping, name)

    @property
    def user(self) -> Mapping[str, Any]:
        return current_user(self.mapping, self.identity)

    @property
    def has_token(self) -> bool:
        """Whether it is a token that an API server may not know yet, as it was made a moment ago."""
        return bool(self.user.get("token"))

    def kubeconfig(self, cluster_name: str, server: str = "") -> dict[str, Any]:
        """The bootstrap kubeconfig as kubeadm writes it: this one cluster under its real name, the context's name as it was.

        :param server: another address of the same cluster.
        """
        entry = dict(by_name(self.mapping, "clusters", "cluster", self.identity)[self.cluster_name])
        entry["server"] = server or self.cluster.server
        current = text_of(self.mapping.get("current-context"))
        contexts = dict(by_name(self.mapping, "contexts", "context", self.identity))
        contexts[current] = {**contexts[current], "cluster": cluster_name}
        users = by_name(self.mapping, "users", "user", self.identity)
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster_name, "cluster": entry}],
            "contexts": [{"name": name, "context": contexts[name]} for name in sorted(contexts)],
            "current-context": current,
            "users": [{"name": name, "user": users[name]} for name in sorted(users)],
        }

    def ask(self, path: str, timeout: float = 10.0) -> Answer:
        """GET ``path`` over TLS verified against the cluster's CA.

        :raises _https_get.Fault: there was no answer.
        """
        entry = by_name(self.mapping, "clusters", "cluster", self.identity)[self.cluster_name]
        way = way_of(entry, self.user, self.identity)
        return _https_get.get(
            parse_endpoint(self.cluster.server, "cluster-info, server", 443),
            path,
            way.context,
            timeout=timeout,
            headers=way.headers,
            server_name=way.server_name,
            proxy_url=way.proxy_url,
        )

    def conceal(self, text: str) -> str:
        """The text without the credentials."""
        for name in _SECRETS:
            secret = text_of(self.user.get(name))
            if TOKEN.match(secret):
                secret = secret.partition(".")[2]
            if secret:
                text = text.replace(secret, "***")
        return text


def current_user(mapping: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The entry of the current context's user; empty where there is none."""
    context = by_name(mapping, "contexts", "context", where).get(text_of(mapping.get("current-context")), {})
    return by_name(mapping, "users", "user", where).get(text_of(context.get("user")), {})


def way_of(entry: Mapping[str, Any], user: Mapping[str, Any], where: str) -> Way:
    """How requests to a cluster's entry are made for a user's entry. Without a CA the host's own ones are trusted."""
    encoded = text_of(entry.get("certificate-authority-data"))
    try:
        if encoded:
            context = _https_get.trusting_context(decode(encoded, "certificate-authority-data", where).decode("ascii"))
        else:
            context = _https_get.system_context()
    except (ssl.SSLError, ValueError):
        raise KubephaseError("certificate-authority-data cannot be used", where=where) from None
    _present_certificate(context, user, where)
    server_name = text_of(entry.get("tls-server-name"))
    if server_name and not _https_get.is_host(server_name):
        raise KubephaseError("tls-server-name in it is no name of a server", where=where)
    return Way(context, _headers(user, where), server_name, text_of(entry.get("proxy-url")))


def decode(encoded: str, name: str, where: str) -> bytes:
    """The bytes of a ``-data`` field."""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise KubephaseError(f"{name} is not base64", where=where) from None


def _present_certificate(context: ssl.SSLContext, user: Mapping[str, Any], where: str) -> None:
    certificate, key = (text_of(user.get(f"client-{name}-data")) for name in ("certificate", "key"))
    if not certificate or not key:
        return
    pem = decode(certificate, "client-certificate-data", where).rstrip() + b"\n" + decode(key, "client-key-data", where)
    with secret_file(pem) as path:
        try:
            # the empty password keeps OpenSSL from asking for one
            context.load_cert_chain(path, password="")
        except (ssl.SSLError, ValueError):
            raise KubephaseError("client-certificate-data and client-key-data are no pair", where=where) from None


def _headers(user: Mapping[str, Any], where: str) -> dict[str, str]:
    token, name, password = (text_of(user.get(key)) for key in ("token", "username", "password"))
    if token:
        if any(not "!" <= char <= "~" for char in token):
            raise KubephaseError("the token in it has characters that no token has", where=where)
        return {"Authorization": f"Bearer {token}"}
    if name and password:
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode("ascii")}
    return {}
