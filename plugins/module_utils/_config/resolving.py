# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's inputs and the host's facts to the one mapping that every role works from."""

from __future__ import annotations

from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._config import (
    addresses,
    cluster,
    components,
    legacy,
    lifecycle,
    node,
    phases,
    releases,
    sections,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.documents import KINDS, Documents
from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import PREFIX
from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import too_new
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import (
    Document,
    Faults,
    Layer,
    at_path,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import effective_gates
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors

_MOST_SHOWN = 100
"""How many faults or warnings are told one by one."""
_SOME_SERVICES = {"serviceSubnet": "10.96.0.0/12", "dnsDomain": ""}


class Resolver:
    """One host's resolution. Every step reports into ``faults``; nothing is raised before the end."""

    def __init__(
        self,
        inputs: dict[str, Any],
        host: dict[str, Any],
        config_text: bytes | None,
        check_mode: bool,
        fetch: releases.Fetch,
    ) -> None:
        self.host = host
        self.check_mode = check_mode
        self.fetch = fetch
        self.faults = Faults()
        self.documents = Documents(inputs, config_text, self.faults)
        self.get = self.documents.get
        self.warnings = self.documents.warnings

    @property
    def role(self) -> str:
        """What this host is: as said, else as found, else a control plane."""
        return str(self.get("node_role") or self.host.get("member") or "control_plane")

    @property
    def joins(self) -> bool:
        """Whether JoinConfiguration speaks for this host: workers always, control planes where it is said, etcd hosts never."""
        return self.role == "worker" or (self.role != "etcd" and self.get("joins") is True)

    def _node_documents(self) -> tuple[Document, Document, Document]:
        """The document that speaks for this host, its node registration and its API endpoint."""
        own = self.documents["JoinConfiguration" if self.joins else "InitConfiguration"]
        path = ("controlPlane", "localAPIEndpoint") if self.joins else ("localAPIEndpoint",)
        registration = _part(own, "nodeRegistration")
        endpoint = _part(own, *path)
        extra = [Layer(f"{PREFIX}node_registration", self.get("node_registration"))]
        if self.documents.inputs.get("cri_socket"):
            extra.insert(0, at_path(f"{PREFIX}cri_socket", self.documents.inputs["cri_socket"], "criSocket"))
        registration = Document(registration.kind, [*registration.layers, *extra])
        mine = Layer(f"{PREFIX}local_api_endpoint", self.get("local_api_endpoint"))
        return own, registration, Document(endpoint.kind, [*endpoint.layers, mine])

    def resolve(self) -> tuple[dict[str, Any], list[str]]:
        """The fact and what is worth a warning; KubephaseErrors with everything that is wrong."""
        faults, documents = self.faults, self.documents
        downloads = sections.resolve_downloads(self.get, faults)
        version = releases.resolve_version(
            documents["ClusterConfiguration"], downloads["kubernetes_url"], self.fetch, faults, self.warnings
        )
        if version["ci"] and downloads["kubernetes_url"] == releases.RELEASE_URL:
            downloads["kubernetes_url"] = releases.CI_URL
        minor = version["minor"]
        self._check_minor(minor)
        own, registration_document, endpoint_document = self._node_documents()
        endpoint = node.resolve_endpoint(endpoint_document, self.host, self.role != "worker", faults)
        registration = node.resolve_registration(registration_document, self.host, faults)
        settings, skipped = self._resolve_cluster(version, endpoint)
        if self.joins:
            skipped = phases.resolve(own, "join", minor, faults, "skipPhases")
        self._check_documents(own)
        images = components.resolve_images(settings, version)
        services = addresses.parse_cidrs(settings["networking"]["serviceSubnet"])
        usable = services is not None and services[0].num_addresses > 10
        basis = settings if usable else {**settings, "networking": _SOME_SERVICES}
        kubelet = components.resolve_kubelet(documents["KubeletConfiguration"], basis, self.host, minor)
        fact = {
            "host": self.host,
            "version": version,
            "cluster": settings,
            "node_role": self.role,
            "node_registration": registration,
            "node_labels": node.resolve_labels(self.get("node_labels"), f"{PREFIX}node_labels", faults),
            "node_annotations": node.resolve_annotations(
                self.get("node_annotations"), f"{PREFIX}node_annotations", faults
            ),
            "joins": self.joins,
            "upload_certs": self.get("upload_certs"),
            "ca_keys": self.get("ca_keys"),
            "skip_phases": skipped,
            "patches": {
                "directory": own.get("patches", "directory", default=""),
                "controller_directory": self.get("patches_directory"),
            },
            "feature_gates": effective_gates(settings.get("featureGates") or {}, minor),
            "encryption_algorithm": cluster.effective_algorithm(settings, minor),
            "reset": lifecycle.resolve_reset(documents["ResetConfiguration"], registration, minor, faults),
            "upgrade": lifecycle.resolve_upgrade(documents["UpgradeConfiguration"], minor, faults),
            "local_api_endpoint": endpoint,
            "timeouts": node.resolve_timeouts(own),
            "kubelet": kubelet,
            "kubelet_user_supplied": documents["KubeletConfiguration"].given,
            "kube_proxy": components.resolve_kube_proxy(documents["KubeProxyConfiguration"], basis, endpoint, minor),
            "kube_proxy_user_supplied": documents["KubeProxyConfiguration"].given,
            "images": images,
            "server": _servers(settings, endpoint, self.joins, documents["JoinConfiguration"]),
            "service_ip": addresses.nth_address(basis["networking"]["serviceSubnet"], 1),
            "dns_ip": addresses.nth_address(basis["networking"]["serviceSubnet"], 10),
            "discovery": _discovery(documents["JoinConfiguration"]),
            "proxy_env": sections.resolve_proxy_env(self.get, faults),
            "network": sections.resolve_network(self.get, settings["networking"].get("podSubnet", ""), faults),
            "container_runtime": sections.resolve_container_runtime(self.get, kubelet, registration, images, faults),
            "downloads": downloads,
            "node": sections.resolve_node(self.get, faults),
        }
        if faults:
            self._fail()
        self.warnings += cluster.warnings(settings)
        self.warnings += components.kubelet_warnings(documents["KubeletConfiguration"], settings)
        self.warnings += components.kube_proxy_warnings(documents["KubeProxyConfiguration"], settings, endpoint, minor)
        return fact, _few(self.warnings)

    def _resolve_cluster(self, version: dict[str, Any], endpoint: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """ClusterConfiguration with the addons off that init skips, and the phases that init skips."""
        init = self.documents["InitConfiguration"]
        port = init.get("localAPIEndpoint", "bindPort", default=0) or endpoint["bindPort"]
        settings = cluster.resolve_cluster(self.documents["ClusterConfiguration"], version, port, self.faults)
        skipped = phases.resolve(init, "init", version["minor"], self.faults, "skipPhases")
        settings = phases.disable_addons(skipped, settings)
        return settings, phases.without_addons(skipped, settings, version["minor"])

    def _check_minor(self, minor: int) -> None:
        for where in self.documents.legacy:
            if minor > legacy.LAST_MINOR:
                hint = "Convert it with `kubeadm config migrate` of 1.36 or older"
                problem = f"kubeadm 1.{minor} does not read this version any more"
                self.faults.add(
                    f"{where}.apiVersion", problem, legacy.LEGACY_API_VERSION, KINDS["InitConfiguration"][1], hint
                )
            else:
                self.warnings.append(
                    f"{where}: {legacy.LEGACY_API_VERSION} is deprecated, see `kubeadm config migrate`"
                )
        for kind, (_name, _version, fields) in KINDS.items():
            document = self.documents[kind]
            for path in too_new(fields, document.value, minor):
                where = document.where(*path)
                if document.only_lenient(*path):
                    self.warnings.append(f"{where}: Kubernetes 1.{minor} has no such field, ignored as kubeadm does")
                    document.drop(*path)
                else:
                    self.faults.add(where, f"Kubernetes 1.{minor} has no such field")

    def _check_documents(self, own: Document) -> None:
        """What is in the documents and in no fact."""
        node.check_dry_run(own, self.check_mode, self.faults)
        node.check_init(self.documents["InitConfiguration"], self.faults)
        node.check_join(self.documents["JoinConfiguration"], self.faults)
        if self.role == "worker" and self.get("joins") is False:
            self.faults.add(f"{PREFIX}joins", "a worker always joins", False, "true")
        if self.get("upload_certs") and self.get("ca_keys") == "single":
            problem = f"it hands the keys of the authorities to every control plane, and {PREFIX}ca_keys is single"
            self.faults.add(f"{PREFIX}upload_certs", problem, True, f"false, or {PREFIX}ca_keys: shared")

    def _fail(self) -> None:
        many = len(self.faults) > 1
        shown = self.faults[:_MOST_SHOWN]
        if len(self.faults) > _MOST_SHOWN:
            shown = [*shown, KubephaseError(f"and {len(self.faults) - _MOST_SHOWN} more")]
        raise KubephaseErrors(shown, "The configuration cannot be used:" if many else "")


def resolve(
    inputs: dict[str, Any],
    host: dict[str, Any],
    config_text: bytes | None = None,
    check_mode: bool = False,
    fetch: releases.Fetch = None,
) -> tuple[dict[str, Any], list[str]]:
    """Resolve a host's configuration.

    :param inputs: the input variables without their prefix ``kubephase_``; what is missing has its default.
    :param host: the host's facts, as module host_info returns them.
    :param config_text: the content of ``config_file``, where one is given.
    :param check_mode: whether the run changes nothing, so that ``dryRun`` can be wanted.
    :param fetch: gives the text behind a URL, for labels such as ``stable-1.36``.
    :returns: the fact and warnings.
    """
    return Resolver(inputs, host, config_text, check_mode, fetch).resolve()


def _few(warnings: list[str]) -> list[str]:
    if len(warnings) <= _MOST_SHOWN:
        return warnings
    return [*warnings[:_MOST_SHOWN], f"and {len(warnings) - _MOST_SHOWN} more warnings"]


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


def _servers(settings: dict[str, Any], endpoint: dict[str, Any], joins: bool, join: Document) -> dict[str, str]:
    local = "https://" + addresses.join_host_port(endpoint["advertiseAddress"], endpoint["bindPort"])
    shared = settings.get("controlPlaneEndpoint", "")
    if not shared and joins:
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
        "kubeConfigPath": node.kubeconfig_path(join.get("discovery", "file", "kubeConfigPath", default="")),
        "caCertPath": join.get("caCertPath", default="/etc/kubernetes/pki/ca.crt"),
    }
