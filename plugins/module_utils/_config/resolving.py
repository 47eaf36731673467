# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's inputs and the host's facts to the one mapping that every role works from."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_yaml
from ansible_collections.kubephase.cluster.plugins.module_utils._config import (
    addresses,
    cluster,
    components,
    lifecycle,
    node,
    phases,
    sections,
)
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
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import read, too_new, usable
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import Struct
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import (
    Document,
    Faults,
    Layer,
    at_path,
    layer,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import effective_gates
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors

_KINDS: dict[str, tuple[str, str, Struct]] = {
    "ClusterConfiguration": ("cluster_configuration", API_VERSION, CLUSTER),
    "InitConfiguration": ("init_configuration", API_VERSION, INIT),
    "JoinConfiguration": ("join_configuration", API_VERSION, JOIN),
    "ResetConfiguration": ("reset_configuration", API_VERSION, RESET),
    "UpgradeConfiguration": ("upgrade_configuration", API_VERSION, UPGRADE),
    "KubeletConfiguration": ("kubelet_configuration", KUBELET_API_VERSION, KUBELET),
    "KubeProxyConfiguration": ("kube_proxy_configuration", KUBE_PROXY_API_VERSION, KUBE_PROXY),
}


class Resolver:
    """One host's resolution. Every step reports into ``faults``; nothing is raised before the end."""

    def __init__(self, inputs: dict[str, Any], host: dict[str, Any], config_text: bytes | None) -> None:
        self.host = host
        self.faults = Faults()
        self.inputs = self._read_inputs(inputs)
        self.from_file = self._read_file(config_text) if config_text is not None else {}
        self.documents = {kind: self._document(kind) for kind in _KINDS}

    def get(self, name: str) -> Any:
        """An input's value, or its default."""
        found = self.inputs.get(name)
        return INPUTS[name].default if found is None else found

    def _read_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        result = {}
        for name, value in inputs.items():
            if name not in INPUTS:
                self.faults.add(f"{PREFIX}{name}", "unknown variable")
                continue
            empty = value is None or (isinstance(value, str) and value == "")
            if not empty:
                known = INPUTS[name].type
                result[name] = usable(known, read(known, value, f"{PREFIX}{name}", self.faults))
        return result

    def _read_file(self, text: bytes) -> dict[str, Layer]:
        path = str(self.get("config_file"))
        try:
            documents = _kube_yaml.load_all(text, path)
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
        kind = document.get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            self.faults.add(f"{where}.kind", "unknown kind", kind, ", ".join(_KINDS))
        elif kind in found:
            self.faults.add(where, f"there is more than one {kind}")
        else:
            found[kind] = layer(_KINDS[kind][2], f"{path}: {kind}", document, self.faults)
            if found[kind].value.get("apiVersion") is None:
                self.faults.add(f"{where}.apiVersion", "missing", accepted=_KINDS[kind][1])

    def _document(self, kind: str) -> Document:
        name, api_version, _type = _KINDS[kind]
        layers = [self.from_file[kind]] if kind in self.from_file else []
        if self.inputs.get(name):
            layers.append(Layer(f"{PREFIX}{name}", self.inputs[name]))
        if kind == "ClusterConfiguration":
            for short, path in SHORT.items():
                if self.inputs.get(short):
                    layers.append(at_path(f"{PREFIX}{short}", self.inputs[short], *path))
        document = Document(kind, layers)
        for part in layers:
            self._check_meta(part, kind, api_version)
        return document

    def _check_meta(self, part: Layer, kind: str, api_version: str) -> None:
        given = part.value.get("apiVersion") if not part.whole else None
        if given and given != api_version:
            hint = "Convert it with `kubeadm config migrate`" if "kubeadm" in given else ""
            self.faults.add(f"{part.name}.apiVersion", "not an accepted version", given, api_version, hint)
        if not part.whole and part.value.get("kind") not in (None, kind):
            self.faults.add(f"{part.name}.kind", "wrong kind", part.value["kind"], kind)

    @property
    def role(self) -> str:
        """What this host is: as said, else as found, else a control plane."""
        return str(self.get("node_role") or self.host.get("member") or "control_plane")

    @property
    def joins(self) -> bool:
        """Whether JoinConfiguration speaks for this host: workers always, control planes where it is said."""
        return self.role == "worker" or bool(self.get("joins"))

    def _node_documents(self) -> tuple[Document, Document, Document]:
        """The document that speaks for this host, its node registration and its API endpoint."""
        own = self.documents["JoinConfiguration" if self.joins else "InitConfiguration"]
        path = ("controlPlane", "localAPIEndpoint") if self.joins else ("localAPIEndpoint",)
        registration = _part(own, "nodeRegistration")
        endpoint = _part(own, *path)
        extra = [Layer(f"{PREFIX}node_registration", self.get("node_registration"))]
        if self.inputs.get("cri_socket"):
            extra.insert(0, at_path(f"{PREFIX}cri_socket", self.inputs["cri_socket"], "criSocket"))
        registration = Document(registration.kind, [*registration.layers, *extra])
        mine = Layer(f"{PREFIX}local_api_endpoint", self.get("local_api_endpoint"))
        return own, registration, Document(endpoint.kind, [*endpoint.layers, mine])

    def resolve(self) -> tuple[dict[str, Any], list[str]]:
        """The fact and what is worth a warning; KubephaseErrors with everything that is wrong."""
        faults = self.faults
        cluster_document = self.documents["ClusterConfiguration"]
        version = cluster.resolve_version(cluster_document, faults)
        minor = version["minor"]
        self._check_minor(minor)
        own, registration_document, endpoint_document = self._node_documents()
        endpoint = node.resolve_endpoint(endpoint_document, self.host, self.role != "worker", faults)
        init_port = self.documents["InitConfiguration"].get("localAPIEndpoint", "bindPort", default=0)
        cluster_port = init_port or endpoint["bindPort"]
        settings = cluster.resolve_cluster(cluster_document, version, cluster_port, faults)
        skipped = phases.resolve(self.documents["InitConfiguration"], "init", minor, faults, "skipPhases")
        settings = phases.disable_addons(skipped, settings)
        skipped = phases.without_addons(skipped, settings, minor)
        if self.joins:
            skipped = phases.resolve(own, "join", minor, faults, "skipPhases")
        gates = effective_gates(settings.get("featureGates") or {}, minor)
        registration = node.resolve_registration(registration_document, self.host, faults)
        node.check_init(self.documents["InitConfiguration"], faults)
        node.check_join(self.documents["JoinConfiguration"], faults)
        labels = node.resolve_labels(self.get("node_labels"), f"{PREFIX}node_labels", faults)
        images = components.resolve_images(settings, minor)
        services = addresses.parse_cidrs(settings["networking"]["serviceSubnet"])
        usable = services is not None and services[0].num_addresses > 10
        basis = settings if usable else {**settings, "networking": {"serviceSubnet": "10.96.0.0/12", "dnsDomain": ""}}
        kubelet_document = self.documents["KubeletConfiguration"]
        proxy_document = self.documents["KubeProxyConfiguration"]
        kubelet = components.resolve_kubelet(kubelet_document, basis, self.host, minor)
        annotations = node.resolve_annotations(self.get("node_annotations"), f"{PREFIX}node_annotations", faults)
        fact = {
            "host": self.host,
            "version": version,
            "cluster": settings,
            "node_role": self.role,
            "node_registration": registration,
            "node_labels": labels,
            "node_annotations": annotations,
            "joins": self.joins,
            "upload_certs": self.get("upload_certs"),
            "skip_phases": skipped,
            "patches": {
                "directory": own.get("patches", "directory", default=""),
                "controller_directory": self.get("patches_directory"),
            },
            "feature_gates": gates,
            "encryption_algorithm": cluster.effective_algorithm(settings, minor),
            "reset": lifecycle.resolve_reset(self.documents["ResetConfiguration"], registration, minor, faults),
            "upgrade": lifecycle.resolve_upgrade(self.documents["UpgradeConfiguration"], minor, faults),
            "local_api_endpoint": endpoint,
            "timeouts": node.resolve_timeouts(own),
            "kubelet": kubelet,
            "kubelet_user_supplied": kubelet_document.given,
            "kube_proxy": components.resolve_kube_proxy(proxy_document, basis, endpoint, minor),
            "kube_proxy_user_supplied": proxy_document.given,
            "images": images,
            "server": _servers(settings, endpoint, self.role, self.documents["JoinConfiguration"]),
            "service_ip": addresses.nth_address(basis["networking"]["serviceSubnet"], 1),
            "dns_ip": addresses.nth_address(basis["networking"]["serviceSubnet"], 10),
            "discovery": _discovery(self.documents["JoinConfiguration"]),
            "proxy_env": sections.resolve_proxy_env(self.get, faults),
            "network": sections.resolve_network(self.get, settings["networking"].get("podSubnet", ""), faults),
            "container_runtime": sections.resolve_container_runtime(self.get, kubelet, registration, images, faults),
            "downloads": sections.resolve_downloads(self.get, faults),
            "node": sections.resolve_node(self.get, faults),
        }
        if faults:
            raise KubephaseErrors(faults, "The configuration cannot be used:" if len(faults) > 1 else "")
        warnings = [*cluster.validity_warnings(settings), *components.kubelet_warnings(kubelet_document, settings)]
        return fact, warnings

    def _check_minor(self, minor: int) -> None:
        for kind, document in self.documents.items():
            for path in too_new(_KINDS[kind][2], document.value, minor):
                self.faults.add(document.where(*path.split(".")), f"Kubernetes 1.{minor} has no such field")


def resolve(
    inputs: dict[str, Any], host: dict[str, Any], config_text: bytes | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Resolve a host's configuration.

    :param inputs: the input variables without their prefix ``kubephase_``; what is missing has its default.
    :param host: the host's facts, as module host_info returns them.
    :param config_text: the content of ``config_file``, where one is given.
    :returns: the fact and warnings.
    """
    return Resolver(inputs, host, config_text).resolve()


def _part(document: Document, *path: str) -> Document:
    """A part of a document as a document of its own, with its sources."""
    suffix = "".join(f".{step}" for step in path)
    layers = []
    for part in document.layers:
        inner: Any = part.value
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            layers.append(Layer(part.name + suffix, inner, part.whole))
    return Document(document.kind + suffix, layers)


def _servers(settings: dict[str, Any], endpoint: dict[str, Any], role: str, join: Document) -> dict[str, str]:
    local = "https://" + addresses.join_host_port(endpoint["advertiseAddress"], endpoint["bindPort"])
    shared = settings.get("controlPlaneEndpoint", "")
    if not shared and role == "worker":
        shared = join.get("discovery", "bootstrapToken", "apiServerEndpoint", default="")
        return {"cluster": f"https://{shared}" if shared else "", "local": local}
    return {"cluster": f"https://{shared}" if shared else local, "local": local}


def _discovery(join: Document) -> dict[str, Any]:
    """How to find the cluster, without the token."""
    path = ("discovery", "bootstrapToken")
    return {
        "apiServerEndpoint": join.get(*path, "apiServerEndpoint", default=""),
        "caCertHashes": join.get(*path, "caCertHashes", default=[]),
        "unsafeSkipCAVerification": join.get(*path, "unsafeSkipCAVerification", default=False),
        "kubeConfigPath": join.get("discovery", "file", "kubeConfigPath", default=""),
        "caCertPath": join.get("caCertPath", default="/etc/kubernetes/pki/ca.crt"),
    }
