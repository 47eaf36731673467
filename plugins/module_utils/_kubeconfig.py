# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs: the layout kubeadm writes, and reading any kubeconfig down to what a client needs.

The text of a kubeconfig holds a client key that was made on the host, so it is built on the host, in Python, and is no
template: a template would be rendered on the controller, and the key would have to go there.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError


@dataclass(frozen=True)
class Kubeconfig:
    """What the current context of a kubeconfig says.

    A credential is given either as data or as the path of a file; :meth:`read_ca`, :meth:`read_client_certificate` and
    :meth:`read_client_key` give the PEM in both cases.
    """

    path: str
    cluster: str
    user: str
    server: str
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    ca_data: bytes = b""
    ca_path: str = ""
    client_certificate_data: bytes = b""
    client_certificate_path: str = ""
    client_key_data: bytes = b""
    client_key_path: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Kubeconfig(path={self.path!r}, server={self.server!r}, user={self.user!r})"

    def read_ca(self) -> bytes:
        """The PEM of the certificates the server is checked against; empty where the file names none."""
        return self.ca_data or self._read(self.ca_path, "certificate-authority")

    def read_client_certificate(self) -> bytes:
        return self.client_certificate_data or self._read(self.client_certificate_path, "client-certificate")

    def read_client_key(self) -> bytes:
        return self.client_key_data or self._read(self.client_key_path, "client-key")

    def _read(self, path: str, field: str) -> bytes:
        if not path:
            return b""
        data = _atomic_file.read(path)
        if data is None:
            raise KubephaseError(f"the file that {field} names does not exist", where=self.path, value=path)
        return data


def load(path: str) -> Kubeconfig:
    """Read the kubeconfig ``path`` down to its current context. A missing file is an error."""
    data = _atomic_file.read(path)
    if data is None:
        raise KubephaseError("there is no such kubeconfig", where=path)
    return parse(data, path)


def parse(data: bytes, path: str) -> Kubeconfig:
    """Read the text of a kubeconfig. ``path`` names it in errors, and relative file names in it are taken from there."""
    return resolve(load_mapping(data, path), path)


def load_mapping(data: bytes, path: str) -> dict[str, Any]:
    """The kubeconfig as the mapping that its YAML text is, every field kept."""
    # no part of the text may reach a message: it holds a key
    try:
        found = _kube_yaml.load(data.decode("utf-8"))
    except ImportError:
        raise KubephaseError(
            "the Python library yaml is missing on the host, it reads kubeconfigs",
            where=path,
            hint="Install the distribution's package python3-yaml (python3-pyyaml on EL)",
        ) from None
    except UnicodeDecodeError:
        raise KubephaseError("not a kubeconfig: the file is not UTF-8 text", where=path) from None
    except KubephaseError:
        raise KubephaseError(
            "not a kubeconfig: the file is not YAML",
            where=path,
            hint="Restore the file, or remove it to have a new one",
        ) from None
    if not isinstance(found, dict) or found.get("kind") != "Config":
        raise KubephaseError(
            "not a kubeconfig",
            where=path,
            accepted="kind: Config",
            hint="Restore the file, or remove it to have a new one",
        )
    return found


def resolve(mapping: dict[str, Any], path: str) -> Kubeconfig:
    """Follow ``current-context`` to its cluster and user."""
    context_name = mapping.get("current-context") or ""
    context = _entry(mapping, "contexts", "context", context_name, path)
    cluster_name, user_name = context.get("cluster") or "", context.get("user") or ""
    cluster = _entry(mapping, "clusters", "cluster", cluster_name, path)
    user = _entry(mapping, "users", "user", user_name, path)
    return Kubeconfig(
        path=path,
        cluster=cluster_name,
        user=user_name,
        server=str(cluster.get("server") or ""),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        insecure_skip_tls_verify=bool(cluster.get("insecure-skip-tls-verify")),
        ca_data=_data(cluster, "certificate-authority-data", path),
        ca_path=_file(cluster, "certificate-authority", path),
        client_certificate_data=_data(user, "client-certificate-data", path),
        client_certificate_path=_file(user, "client-certificate", path),
        client_key_data=_data(user, "client-key-data", path),
        client_key_path=_file(user, "client-key", path),
        token=_token(user, path),
    )


def current_cluster(mapping: dict[str, Any], path: str) -> dict[str, Any]:
    """The cluster entry of the current context, to be changed in place."""
    return _entry(mapping, "clusters", "cluster", resolve(mapping, path).cluster, path)


def current_user(mapping: dict[str, Any], path: str) -> dict[str, Any]:
    """The user entry of the current context, to be changed in place."""
    return _entry(mapping, "users", "user", resolve(mapping, path).user, path)


def build(
    *,
    server: str,
    ca: bytes,
    cluster: str,
    user: str,
    client_certificate: bytes = b"",
    client_key: bytes = b"",
    token: str = "",
) -> dict[str, Any]:
    """The mapping of a kubeconfig with one cluster and one user, named as kubeadm names them. :func:`text` makes it a file."""
    credentials: dict[str, Any] = {}
    if client_certificate:
        credentials["client-certificate-data"] = encode(client_certificate)
    if client_key:
        credentials["client-key-data"] = encode(client_key)
    if token:
        credentials["token"] = token
    connection = {"certificate-authority-data": encode(ca), "server": server} if ca else {"server": server}
    context = f"{user}@{cluster}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": connection}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
        "users": [{"name": user, "user": credentials}],
    }


def of_tls_bootstrap(cluster: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """The mapping that a kubelet writes when it has got its first certificate (client-go, kubelet TLS bootstrapping)."""
    context = {"cluster": "default-cluster", "namespace": "default", "user": "default-auth"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default-cluster", "cluster": cluster}],
        "contexts": [{"name": "default-context", "context": context}],
        "current-context": "default-context",
        "users": [{"name": "default-auth", "user": user}],
    }


def text(mapping: dict[str, Any]) -> bytes:
    """The bytes kubeadm writes for ``mapping``."""
    return _kube_yaml.dump(mapping).encode("utf-8")


def encode(pem: bytes) -> str:
    """PEM as the ``-data`` fields hold it."""
    return base64.b64encode(pem).decode("ascii")


def _entry(mapping: dict[str, Any], section: str, field: str, name: str, path: str) -> dict[str, Any]:
    entries = mapping.get(section)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(field), dict):
            found: dict[str, Any] = entry[field]
            return found
    raise KubephaseError(
        f"the current context's {field} is not among its {section}",
        where=path,
        value=name,
        hint="Restore the file, or remove it to have a new one",
    )


def _data(entry: dict[str, Any], field: str, path: str) -> bytes:
    found: str | None = entry.get(field)
    if not found:
        return b""
    try:
        return base64.b64decode(found, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise KubephaseError(f"{field} is not base64", where=path) from None


def _file(entry: dict[str, Any], field: str, path: str) -> str:
    found = entry.get(field)
    return os.path.join(os.path.dirname(path), str(found)) if found else ""


def _token(user: dict[str, Any], path: str) -> str:
    if user.get("token"):
        return str(user["token"])
    name = _file(user, "tokenFile", path)
    data = _atomic_file.read(name) if name else None
    return data.decode("utf-8", "replace").strip() if data else ""
