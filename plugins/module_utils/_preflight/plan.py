# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks are made for a host, in kubeadm's order. What kubeadm does not have comes last and says so."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from functools import partial

from ansible_collections.kubephase.cluster.plugins.module_utils import _ca_bundle
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight import (
    cgroups,
    etcd,
    files,
    kernel,
    kubelet,
    network,
    ports,
    resources,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    ERROR,
    WARNING,
    Check,
    Finding,
    path_name,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.request import (
    INIT,
    JOIN,
    JOIN_CONTROL_PLANE,
    KUBERNETES_DIR,
    Request,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.runtime import Runtime

IPV4_FORWARD = "/proc/sys/net/ipv4/ip_forward"
IPV6_FORWARD = "/proc/sys/net/ipv6/conf/default/forwarding"
KUBELET_CONF = f"{KUBERNETES_DIR}/kubelet.conf"
BOOTSTRAP_CONF = f"{KUBERNETES_DIR}/bootstrap-kubelet.conf"


class Plan:
    """The checks of one host."""

    def __init__(self, host: Host, request: Request, runtime: Runtime) -> None:
        self.host = host
        self.request = request
        self.runtime = runtime
        self.variables = network.proxy_variables(request.proxy_env, host.environ)

    def root(self) -> Check:
        """The check without which none of the others could see anything."""
        return Check("IsPrivilegedUser", ERROR, partial(resources.privileged_user, self.host))

    def checks(self) -> Iterator[Check]:
        """All the others, but ImagePull."""
        if self.request.profile == INIT:
            yield from self._control_plane()
            yield from self._common(with_version=True)
            yield from self._forwarding(self._families())
            yield from self._external_etcd_version()
            yield from self._etcd()
        else:
            yield from self._join()
            if self.request.profile == JOIN_CONTROL_PLANE:
                yield from self._control_plane()
                yield from self._etcd()
        yield from self._ours()

    def images(self) -> Check:
        """The second pass."""
        request = self.request
        return Check(
            "ImagePull",
            ERROR,
            lambda: self.runtime.images(
                list(request.images), request.pause_image, request.pull_policy, request.pull_serial
            ),
        )

    def _control_plane(self) -> Iterator[Check]:
        host, request = self.host, self.request
        yield Check("NumCPU", ERROR, partial(resources.processors, host))
        yield Check("Mem", ERROR, partial(resources.memory, host))
        yield Check(
            "KubernetesVersion",
            ERROR,
            partial(kubelet.kubernetes_version, request.kubernetes_version, request.behaviour),
        )
        yield Check("Firewalld", WARNING, partial(kubelet.firewalld, host, [request.bind_port, ports.KUBELET]))
        yield self._port(request.bind_port, "kube-apiserver", self._bind_address("apiServer"))
        yield self._port(ports.SCHEDULER, "kube-scheduler", self._bind_address("scheduler"))
        yield self._port(ports.CONTROLLER_MANAGER, "kube-controller-manager", self._bind_address("controllerManager"))
        for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"):
            path = request.manifest(component)
            external = component == "etcd" and request.external_etcd is not None
            yield Check(
                path_name("FileAvailable", path),
                ERROR,
                partial(files.manifest_available, host, path, component, external),
            )
        yield self._http_proxy(request.advertise_address, request.bind_port)
        for cidr in request.cidrs("serviceSubnet") + request.cidrs("podSubnet"):
            yield Check("HTTPProxyCIDR", WARNING, partial(network.http_proxy_cidr, self.variables, cidr))

    def _common(self, with_version: bool) -> Iterator[Check]:
        host, request, minor = self.host, self.request, self.request.behaviour
        yield Check("CRI", ERROR, partial(self.runtime.ready, minor))
        if minor >= 35:
            yield Check("ContainerRuntimeVersion", ERROR, self.runtime.config)
        yield Check("Swap", WARNING, partial(resources.swap, host))
        for program in ("losetup", "mount", "cp"):
            yield Check(path_name("FileExisting", program), ERROR, partial(files.in_path, host, program))
        yield Check("SystemVerification", ERROR, self._system)
        yield Check("Hostname", WARNING, partial(network.hostname, host, request.node_name))
        version = request.version if with_version else None
        yield Check("KubeletVersion", ERROR, partial(kubelet.version, host, minor, version))
        name = "Service-Kubelet" if minor < 35 else "Service-kubelet"
        yield Check(name, WARNING, partial(kubelet.service, host))
        yield self._port(ports.KUBELET, "kubelet", "")

    def _system(self) -> Iterator[Finding]:
        host, minor = self.host, self.request.behaviour
        found = cgroups.mount(host)
        yield from kernel.kernel(host, minor, bool(found and found[1]))
        version = kubelet.installed(host)
        if version is None and minor >= 35:
            yield kubelet.not_installed(host)
        yield from cgroups.cgroups(host, minor, version or self.request.version, found)

    def _etcd(self) -> Iterator[Check]:
        host, request = self.host, self.request
        external = request.external_etcd
        if external is not None:
            # a control plane that joins downloads them later, and is told then which are missing
            for name in ("caFile", "certFile", "keyFile") if request.profile == INIT else ():
                if external.get(name):
                    path = str(external[name])
                    yield Check("ExternalEtcdClientCertificates", ERROR, partial(files.path_exists, host, path))
            return
        address = ""
        if request.behaviour >= 37:
            address = request.extra_arg("apiServer", "advertise-address") or request.advertise_address
        for number in (ports.ETCD_CLIENT, ports.ETCD_PEER):
            yield self._port(number, "etcd", address)
        path = request.etcd_data_dir
        owners = (request.manifest("etcd"), f"{request.certificates_dir}/etcd/server.crt")
        yield Check(path_name("DirAvailable", path), ERROR, partial(files.etcd_directory, host, path, *owners))

    def _external_etcd_version(self) -> Iterator[Check]:
        external = self.request.external_etcd
        if external is not None:
            yield Check("ExternalEtcdVersion", ERROR, partial(etcd.external_version, self.host, external))

    def _join(self) -> Iterator[Check]:
        host, request = self.host, self.request
        pins = _ca_bundle.parse_pins(request.ca_cert_hashes, "caCertHashes")
        yield Check(
            path_name("FileAvailable", KUBELET_CONF),
            ERROR,
            partial(files.kubelet_kubeconfig, host, KUBELET_CONF, pins),
        )
        # one that a run left behind when it died is written anew
        yield Check(path_name("FileAvailable", BOOTSTRAP_CONF), ERROR, tuple)
        yield from self._common(with_version=False)
        if request.profile == JOIN:
            path = request.ca_cert_path
            yield Check(path_name("FileAvailable", path), ERROR, partial(files.authority_available, host, path, pins))
        endpoint, port = _split(request.discovery_endpoint)
        if endpoint:
            yield self._http_proxy(endpoint, port)
            yield from self._forwarding({version for version in [_ip_version(endpoint)] if version})

    def _ours(self) -> Iterator[Check]:
        host, request = self.host, self.request
        is_node = host.exists(KUBELET_CONF)
        required = dict(request.free_disk)
        if request.profile != JOIN and request.etcd_data_dir and request.free_disk_etcd:
            required.setdefault(request.etcd_data_dir, request.free_disk_etcd)
        if request.profile != JOIN and request.etcd_data_dir:
            path = request.etcd_data_dir
            yield Check(path_name("EtcdData", path), ERROR, partial(files.etcd_data, host, path))
        for path, size in required.items():
            yield Check(
                path_name("DiskSpace", path), ERROR, partial(resources.disk_space, host, path, int(size), is_node)
            )
        if request.controller_time is not None:
            yield Check("ClockSkew", ERROR, partial(resources.clock_skew, time.time(), request.controller_time))

    def _port(self, number: int, component: str, address: str) -> Check:
        manifest = "" if component == "kubelet" else self.request.manifest(component)
        return Check(f"Port-{number}", ERROR, partial(ports.port, self.host, number, address, component, manifest))

    def _bind_address(self, component: str) -> str:
        return self.request.extra_arg(component, "bind-address") if self.request.behaviour >= 37 else ""

    def _http_proxy(self, address: str, port: int) -> Check:
        return Check("HTTPProxy", WARNING, partial(network.http_proxy, self.variables, address, port))

    def _families(self) -> set[int]:
        request = self.request
        named = request.cidrs("serviceSubnet") + request.cidrs("podSubnet") + [request.advertise_address]
        return {version for version in map(_ip_version, named) if version}

    def _forwarding(self, families: set[int]) -> Iterator[Check]:
        for family, path in ((4, IPV4_FORWARD), (6, IPV6_FORWARD)):
            if family in families:
                yield Check(path_name("FileContent", path), ERROR, partial(files.switched_on, self.host, path))


def _ip_version(text: str) -> int:
    try:
        return ipaddress.ip_network(text, strict=False).version
    except ValueError:
        return 0


def _split(endpoint: str) -> tuple[str, int]:
    """Host and port of an endpoint with or without https:// and port."""
    bare = endpoint.split("://", 1)[-1].rstrip("/")
    host, _colon, port = bare.rpartition(":")
    if not host or not port.isdigit() or (":" in host and not host.startswith("[")):
        return bare.strip("[]"), 6443
    return host.strip("[]"), int(port)
