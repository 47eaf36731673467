# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload the certificates that control planes share, for those that are going to join, as kubeadm's phase upload-certs does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token, _certs_secret
from ansible_collections.kubephase.cluster.plugins.module_utils._bootstrap_token import Token
from ansible_collections.kubephase.cluster.plugins.module_utils._certs_secret import SharedFile
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import Client, connect, persist
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Applier, Change, summary

Object = dict[str, Any]

_TTL = "2h0m0s"
_MARGIN = timedelta(minutes=10)
"""A Secret that ends sooner is renewed: a host that is going to join would come too late."""
_DESCRIPTION = "Proxy for managing TTL for the kubeadm-certs secret"
_TOKEN_PREFIX = "bootstrap-token-"


@dataclass(frozen=True)
class Wanted:
    """What is to be there.

    :param key: the certificate key; empty where nobody has chosen one, so that a Secret that is there is kept.
    :param new_key: used where ``key`` is empty and the Secret is made.
    :param ensure_usable: a host is going to join, so the key has to be known.
    :param skip_external: an external certificate authority is no error, nothing is uploaded then.
    :param objects: API objects that let joining hosts read the Secret.
    """

    certificates_dir: str
    external_etcd: Mapping[str, Any] | None = None
    key: str = field(default="", repr=False)
    new_key: str = field(default="", repr=False)
    ensure_usable: bool = False
    skip_external: bool = False
    objects: Sequence[Object] = ()


def ensure(wanted: Wanted, kubeconfig: str, server: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring the Secret to what is wanted; the result of the module.

    ``new_key_used`` tells whether the Secret is sealed with ``new_key``.
    """
    files = _certs_secret.shared_files(wanted.certificates_dir, wanted.external_etcd)
    external = _certs_secret.external_authorities(files)
    if external and wanted.skip_external:
        return {"changed": False, "objects": [], "new_key_used": False}
    _refuse_external(external)
    key = _certs_secret.parse_key(wanted.key or wanted.new_key, "certificateKey")
    contents = _read(files, check_mode)
    sealed = dict.fromkeys(contents, "") if check_mode else _certs_secret.sealed_data(key, contents)
    now = datetime.now(timezone.utc).replace(microsecond=0)
    client = connect(kubeconfig, server, timeout, check_mode)
    try:
        applier = Applier(client, check_mode=check_mode, timeout=timeout)
        keep = client is not None and persist(lambda: _is_good(client, wanted, key, contents, files, now), timeout)
        changes = [] if keep else _upload(applier, client, sealed, now, timeout, check_mode)
        changes += [applier.apply(obj) for obj in wanted.objects]
    finally:
        if client is not None:
            client.close()
    return {**summary(changes), "new_key_used": not keep and not wanted.key}


def _refuse_external(external: Sequence[str]) -> None:
    if external:
        raise KubephaseError(
            "the certificates cannot be uploaded, as the key of this certificate authority is not on the host (external CA)",
            where=external[0],
            hint="Copy the certificates to each control plane by hand before it joins, and do not ask for an upload",
        )


def _read(files: list[SharedFile], check_mode: bool) -> dict[str, bytes]:
    contents = _certs_secret.read(files)
    missing = [file.path for file in files if file.required and not contents[file.name]]
    if missing and not check_mode:
        raise KubephaseError(
            "the certificates cannot be uploaded: this file is missing",
            where=missing[0],
            hint="Run role pki first, on a control plane that has the cluster's certificate authorities",
        )
    return contents


def _is_good(
    client: Client, wanted: Wanted, key: bytes, contents: Mapping[str, bytes], files: list[SharedFile], now: datetime
) -> bool:
    """Whether the stored Secret holds what is on the host, for long enough, and can be read by those who are to."""
    secret = client.get(_certs_secret.PATH)
    if secret is None or not _lasts(client, secret, now + _MARGIN):
        return False
    if not wanted.key:
        return not wanted.ensure_usable
    try:
        return _certs_secret.opened(key, secret, files) == contents
    except KubephaseError:
        return False


def _lasts(client: Client, secret: Object, until: datetime) -> bool:
    """A Secret ends with the token that owns it. One without an owner was made to stay."""
    owners = [one for one in secret["metadata"].get("ownerReferences") or [] if one.get("kind") == "Secret"]
    for owner in owners:
        found = client.get(f"{_certs_secret.SECRETS}/{quote(str(owner.get('name')), safe='')}")
        if found is None or found["metadata"].get("uid") != owner.get("uid"):
            return False
        token = _bootstrap_token.from_secret(found)
        if token is None or (token.expires is not None and token.expires <= until):
            return False
    return True


def _upload(
    applier: Applier, client: Client | None, sealed: Mapping[str, str], now: datetime, timeout: float, check_mode: bool
) -> list[Change]:
    proxy = _proxy_token(now)
    changes = [applier.apply(proxy.to_secret())]
    uid = "unknown"
    data: dict[str, str | None] = dict(sealed)
    if client is not None:
        live = persist(lambda: client.get(_certs_secret.PATH), timeout) or {}
        # data keys of an earlier upload that this configuration does not have
        data.update({key: None for key in live.get("data") or {} if key not in sealed})
        if not check_mode:
            path = f"{_certs_secret.SECRETS}/{_TOKEN_PREFIX}{proxy.id}"
            uid = str(persist(lambda: client.request("GET", path), timeout)["metadata"]["uid"])
    return [*changes, applier.apply(_secret(proxy, uid, data))]


def _proxy_token(now: datetime) -> Token:
    """A token that is good for nothing but ending: Kubernetes deletes it, and with it what it owns."""
    made = _bootstrap_token.generate({"ttl": _TTL, "description": _DESCRIPTION}, "kubeadm-certs", now)
    return replace(made, usages=(), groups=())


def _secret(owner: Token, uid: str, data: Mapping[str, str | None]) -> Object:
    reference = {
        "apiVersion": "v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "Secret",
        "name": _TOKEN_PREFIX + owner.id,
        "uid": uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": _certs_secret.NAME,
            "namespace": _certs_secret.NAMESPACE,
            "ownerReferences": [reference],
        },
        "data": dict(data),
    }
