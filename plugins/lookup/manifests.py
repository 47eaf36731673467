# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: manifests
short_description: API objects of manifests, read on the controller and checked against their checksums
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Reads YAML or JSON manifests from files or URLs and returns their API objects.
  - A manifest that does not have the given checksum is an error, and so is a URL without a checksum.
options:
  _terms:
    description: Mappings with C(path) or C(url), and C(checksum) (C(sha256:HEX)).
    required: true
"""

EXAMPLES = r"""
- name: Apply a network add-on
  kubephase.cluster.api_objects:
    objects: "{{ query('kubephase.cluster.manifests', {'path': 'network.yaml'}) }}"
    method: server_side
"""

RETURN = r"""
_list:
  description: The API objects, in order.
  type: list
  elements: dict
"""

import hashlib
import hmac
import pathlib
import re
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.module_utils.urls import open_url
from ansible.plugins.lookup import LookupBase

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import parse

_CHECKSUM = re.compile(r"sha256:([0-9a-f]{64})\Z")
_TIMEOUT = 60
_MAX_BYTES = 16 * 1024 * 1024


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = []
        for term in terms:
            path, url, checksum = _fields(term)
            data = self._download(url) if url else self._file(path, variables or {})
            _require_checksum(data, checksum, url or path)
            try:
                objects += parse(data.decode("utf-8"), url or path)
            except (KubephaseError, UnicodeDecodeError) as error:
                raise AnsibleLookupError(f"{url or path}: not a manifest: {error}") from error
        return objects

    def _file(self, path: str, variables: dict[str, Any]) -> bytes:
        found = self.find_file_in_search_path(variables, "files", path)
        if not found:
            raise AnsibleLookupError(f"{path}: this manifest was not found on the controller")
        return pathlib.Path(found).read_bytes()

    def _download(self, url: str) -> bytes:
        try:
            data: bytes = open_url(url, timeout=_TIMEOUT).read(_MAX_BYTES + 1)
        except (OSError, ValueError, AnsibleError) as error:
            raise AnsibleLookupError(f"{url}: cannot be downloaded: {error}") from error
        if len(data) > _MAX_BYTES:
            raise AnsibleLookupError(f"{url}: longer than {_MAX_BYTES} bytes")
        return data


def _fields(term: Any) -> tuple[str, str, str]:
    if not isinstance(term, dict):
        raise AnsibleLookupError(f"a manifest is a mapping with path or url, got {term!r}")
    path, url, checksum = (str(term.get(name) or "") for name in ("path", "url", "checksum"))
    if bool(path) == bool(url):
        raise AnsibleLookupError(f"a manifest has either path or url, got {term!r}")
    if url and not checksum:
        raise AnsibleLookupError(f"{url}: a manifest by URL needs a checksum (sha256:<hex>)")
    return path, url, checksum


def _require_checksum(data: bytes, checksum: str, where: str) -> None:
    if not checksum:
        return
    match = _CHECKSUM.match(checksum.lower())
    if not match:
        raise AnsibleLookupError(f"{where}: not a checksum: {checksum!r} (accepted: sha256:<64 hex digits>)")
    found = hashlib.sha256(data).hexdigest()
    if not hmac.compare_digest(found, match.group(1)):
        raise AnsibleLookupError(
            f"{where}: wrong checksum: found sha256:{found}, expected {checksum}; nothing was applied"
        )
