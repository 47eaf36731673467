# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a configuration: from the file, the variables and the short variables, in this order.

A file is read as kubeadm reads it, which warns of unknown fields and of documents that are not its own, and takes the
last of keys that appear twice. In a variable all these are errors.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._config import legacy
from ansible_collections.kubephase.cluster.plugins.module_utils._config.bounds import excess
from ansible_collections.kubephase.cluster.plugins.module_utils._config.component_fields import (
    KUBE_PROXY,
    KUBE_PROXY_API_VERSION,
    KUBELET,
    KUBELET_API_VERSION,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import INPUTS, PREFIX, SHORT
from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import (
    API_VERSION,
    CLUSTER,
    INIT,
    JOIN,
    RESET,
    UPGRADE,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import read, shown, usable
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import Struct
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import (
    Document,
    Faults,
    Layer,
    at_path,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

KINDS: dict[str, tuple[str, str, Struct]] = {
    "ClusterConfiguration": ("cluster_configuration", API_VERSION, CLUSTER),
    "InitConfiguration": ("init_configuration", API_VERSION, INIT),
    "JoinConfiguration": ("join_configuration", API_VERSION, JOIN),
    "ResetConfiguration": ("reset_configuration", API_VERSION, RESET),
    "UpgradeConfiguration": ("upgrade_configuration", API_VERSION, UPGRADE),
    "KubeletConfiguration": ("kubelet_configuration", KUBELET_API_VERSION, KUBELET),
    "KubeProxyConfiguration": ("kube_proxy_configuration", KUBE_PROXY_API_VERSION, KUBE_PROXY),
}
"""The variable, the version and the fields of each kind."""
_KIND_OF = {name: kind for kind, (name, _version, _fields) in KINDS.items()}
_COMPONENT_GROUPS = tuple(version.partition("/")[0] for version in (KUBELET_API_VERSION, KUBE_PROXY_API_VERSION))


class Documents:
    """Every document of a configuration, merged from its layers."""

    def __init__(self, inputs: Mapping[str, Any], config_text: bytes | None, faults: Faults) -> None:
        self.faults = faults
        self.warnings: list[str] = []
        self.legacy: list[str] = []
        """Where a document of v1beta3 is."""
        self._timeouts: list[Layer] = []
        self.inputs = self._read_inputs(inputs)
        self._from_file = self._read_file(config_text) if config_text is not None else {}
        self._merged = {kind: self._document(kind) for kind in KINDS}

    def __getitem__(self, kind: str) -> Document:
        return self._merged[kind]

    def get(self, name: str) -> Any:
        """An input's value, or its default."""
        found = self.inputs.get(name)
        return INPUTS[name].default if found is None else found

    def _read_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        result = {}
        for name, value in inputs.items():
            where = f"{PREFIX}{shown(name)}"
            much = excess(value)
            if name not in INPUTS:
                self.faults.add(where, "unknown variable")
            elif much:
                self.faults.add(where, much)
            elif name in _KIND_OF and isinstance(value, dict):
                result[name] = self._layer(_KIND_OF[name], where, value, None).value
            elif value is not None and not (isinstance(value, str) and value == ""):
                known = INPUTS[name].type
                result[name] = usable(known, read(known, value, where, self.faults))
        return result

    def _layer(self, kind: str, where: str, value: dict[str, Any], ignored: list[str] | None) -> Layer:
        """What one source says of a document, typed; v1beta3 as v1beta4."""
        _name, version, fields = KINDS[kind]
        given = value.get("apiVersion")
        if given == legacy.LEGACY_API_VERSION:
            self.legacy.append(where)
            value, timeouts = legacy.convert(kind, value, where, self.faults, ignored)
            self._add_timeouts(where, timeouts)
        elif given and given != version:
            self._refuse_version(where, given, version)
        if value.get("kind") not in (None, kind):
            self.faults.add(f"{where}.kind", "wrong kind", value["kind"], kind)
        return Layer(where, read(fields, value, where, self.faults, ignored) or {}, lenient=ignored is not None)

    def _refuse_version(self, where: str, given: Any, version: str) -> None:
        old = isinstance(given, str) and given.startswith("kubeadm")
        hint = "Convert it with `kubeadm config migrate`" if old else ""
        if given == "kubeadm.k8s.io/v1":
            hint = "kubeadm's v1 is experimental, init and join do not read it"
        self.faults.add(f"{where}.apiVersion", "not an accepted version", given, version, hint)

    def _add_timeouts(self, where: str, timeouts: dict[str, Any]) -> None:
        if timeouts:
            value = read(INIT, {"timeouts": timeouts}, where, self.faults)
            self._timeouts.append(Layer(where, value))

    def _read_file(self, text: bytes) -> dict[str, Layer]:
        path = str(self.get("config_file"))
        try:
            documents = _kube_yaml.load_all(text, path, self.warnings)
        except KubephaseError as error:
            self.faults.append(error)
            return {}
        found: dict[str, Layer] = {}
        for index, document in enumerate(documents):
            where = f"{path}: document {index + 1}"
            if document is None:
                continue
            if not isinstance(document, dict):
                self.faults.add(where, "wrong type", document, "a mapping")
                continue
            self._read_document(document, path, where, found)
        return found

    def _read_document(self, document: dict[str, Any], path: str, where: str, found: dict[str, Layer]) -> None:
        kind, version = document.get("kind"), document.get("apiVersion")
        for name in ("kind", "apiVersion"):
            if not isinstance(document.get(name), str) or not document[name]:
                accepted = KINDS[kind][1] if isinstance(kind, str) and kind in KINDS else ", ".join(KINDS)
                self.faults.add(f"{where}.{name}", "missing", document.get(name), accepted)
                return
        if "/" not in str(version):
            self.faults.add(f"{where}.apiVersion", "not a version of a configuration", version, "GROUP/VERSION")
            return
        if kind in found:
            self.faults.add(where, f"there is more than one {kind}")
        elif kind in KINDS:
            found[kind] = self._layer(kind, f"{path}: {kind}", document, self.warnings)
        elif str(version).partition("/")[0] in _COMPONENT_GROUPS:
            self.faults.add(f"{where}.kind", "unknown kind", kind, ", ".join(KINDS))
        else:
            close = difflib.get_close_matches(str(kind)[:80], list(KINDS), n=1, cutoff=0.7)
            hint = f". Did you mean {close[0]}?" if close else ""
            self.warnings.append(f"{where}: unknown kind {shown(kind)!r}, ignored as kubeadm does{hint}")

    def _document(self, kind: str) -> Document:
        name = KINDS[kind][0]
        layers = [*self._timeouts] if kind in ("InitConfiguration", "JoinConfiguration") else []
        if kind in self._from_file:
            layers.append(self._from_file[kind])
        if self.inputs.get(name):
            layers.append(Layer(f"{PREFIX}{name}", self.inputs[name]))
        if kind == "ClusterConfiguration":
            for short, path in SHORT.items():
                if self.inputs.get(short):
                    layers.append(at_path(f"{PREFIX}{short}", self.inputs[short], *path))
            return self._with_etcd(Document(kind, layers))
        return Document(kind, layers)

    def _with_etcd(self, cluster: Document) -> Document:
        """etcd.external of the etcd that runs on hosts of its own, unless it is said. etcd.local speaks to those hosts then."""
        if not self.get("etcd_endpoints") or cluster.get("etcd", "external") is not None:
            return cluster
        cluster.drop("etcd", "local")
        folder = str(cluster.get("certificatesDir", default="/etc/kubernetes/pki"))
        external = {
            "endpoints": list(self.get("etcd_endpoints")),
            "caFile": f"{folder}/etcd/ca.crt",
            "certFile": f"{folder}/apiserver-etcd-client.crt",
            "keyFile": f"{folder}/apiserver-etcd-client.key",
        }
        own = Layer(f"{PREFIX}etcd_endpoints", {"etcd": {"external": external}})
        return Document(cluster.kind, [*cluster.layers, own])
