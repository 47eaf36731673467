# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that kubeadm accepts, with any of their fields, for hypothesis."""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._config import phases
from ansible_collections.kubephase.cluster.plugins.module_utils._config.documents import KINDS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import ListOf, MapOf, Struct
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import MINORS

Values = st.SearchStrategy[Any]

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
NAME = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?(\.[a-z]{1,5})?", fullmatch=True)
ADDRESS = st.sampled_from(["192.0.2.10", "fd00::10", "198.51.100.7", "0.0.0.0", "::", "2001:DB8:0::1"])
PORT = st.integers(1, 65535)
PATH = st.from_regex(r"/[a-z]{1,6}(/[a-z]{1,6})?", fullmatch=True)
REPOSITORY = st.sampled_from(["registry.k8s.io", "r.test:5000/k8s", "mirror.test/a/b", "localhost/x"])
DURATION = st.sampled_from(["1s", "90s", "1m", "1h30m", "250ms", "8760h", "1.5h", "36h0m0s"])
TOKEN = st.from_regex(r"[a-z0-9]{6}\.[a-z0-9]{16}", fullmatch=True)
CERTIFICATE_KEY = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
SOCKET = st.sampled_from(
    ["unix:///run/containerd/containerd.sock", "/run/crio/crio.sock", "unix:///var/run/cri-dockerd.sock"]
)
NETWORKING = st.sampled_from(
    [
        {},
        {"serviceSubnet": "10.96.0.0/16"},
        {"podSubnet": "10.244.0.0/16"},
        {"serviceSubnet": "10.96.0.0/16,fd00:1::/112", "podSubnet": "10.244.0.0/16,fd00:2::/56"},
        {
            "serviceSubnet": "fd00:1::/112,10.96.0.0/16",
            "podSubnet": "fd00:2::/56,10.244.0.0/16",
            "dnsDomain": "k8s.test",
        },
        {"serviceSubnet": "fd00:1::/108", "podSubnet": "fd00:2::/48", "dnsDomain": "x"},
    ]
)
KIND: dict[str, Values] = {
    "string": TEXT,
    "bool": st.booleans(),
    "switch": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "float": st.integers(-100, 100) | st.sampled_from([0.5, 5.25]),
    "duration": st.sampled_from(["0s", "-5s"]) | DURATION,
    "log_duration": DURATION | st.integers(0, 2**40),
    "quantity": st.sampled_from(["0", "500m", "64Mi", "1G", "1500k", "2Ki", 7]),
    "time": st.sampled_from(["2030-01-02T03:04:05Z", "2030-01-02T03:04:05+02:00"]),
}


def lists(items: Values) -> Values:
    return st.lists(items, max_size=2)


def external_etcd(minor: int) -> Values:
    endpoints = st.just(["https://etcd.test:2379"])
    later = {"httpEndpoints": endpoints} if minor >= 35 else {}
    files = st.sampled_from([{}, {"caFile": "/ca"}, {"caFile": "/ca", "certFile": "/c", "keyFile": "/k"}])
    found = st.fixed_dictionaries({"endpoints": endpoints}, optional=later)
    return st.tuples(found, files).map(lambda parts: {**parts[0], **parts[1]})


def fitting(workflow: str, minor: int) -> dict[str, Values]:
    """Fields by name that take not everything their type allows."""
    arguments = lists(st.fixed_dictionaries({"name": NAME}, optional={"value": TEXT}))
    return {
        **dict.fromkeys(("extraArgs", "kubeletExtraArgs"), arguments),
        **dict.fromkeys(("certificatesDir", "dataDir", "directory"), PATH),
        **dict.fromkeys(("certSANs", "serverCertSANs", "peerCertSANs"), lists(NAME | st.just("192.0.2.1"))),
        **dict.fromkeys(("certificateValidityPeriod", "caCertificateValidityPeriod"), DURATION),
        "caCertHashes": st.just(["sha256:" + "0a" * 32]),
        "caCertPath": st.just("/etc/ca.crt"),
        "certificateKey": CERTIFICATE_KEY,
        "controlPlaneEndpoint": st.sampled_from(["lb.test", "lb.test:8443", "192.0.2.1", "[fd00::1]:6443", "fd00::1"]),
        "criSocket": SOCKET,
        "discovery": st.sampled_from(
            [{"file": {"kubeConfigPath": "/f"}}, {"file": {"kubeConfigPath": "https://a.test/b"}}]
        )
        | st.fixed_dictionaries(
            {"bootstrapToken": st.fixed_dictionaries({"token": TOKEN, "unsafeSkipCAVerification": st.just(True)})},
            optional={"tlsBootstrapToken": TOKEN},
        ),
        "dryRun": st.just(False),
        "featureGates": st.dictionaries(st.sampled_from(sorted(MINORS[minor].feature_gates)), st.booleans()),
        "ignorePreflightErrors": st.sampled_from([[], ["all"], ["Swap", "NumCPU"]]),
        "imageRepository": REPOSITORY,
        "kubernetesVersion": st.just(f"v1.{minor}.1"),
        "localAPIEndpoint": st.fixed_dictionaries({}, optional={"advertiseAddress": ADDRESS, "bindPort": PORT}),
        "name": NAME,
        "networking": NETWORKING,
        "skipPhases": lists(st.sampled_from(phases.names(workflow, minor))),
        "timeouts": st.dictionaries(st.sampled_from(["discovery", "etcdAPICall", "tlsBootstrap"]), DURATION),
        "token": TOKEN,
        "expires": st.none(),
        "unmountFlags": lists(st.sampled_from(["MNT_FORCE", "UMOUNT_NOFOLLOW"])),
        "usages": st.sampled_from([[], ["authentication"], ["signing", "authentication"]]),
        "groups": st.sampled_from([[], ["system:bootstrappers:a"]]),
        "patches": st.fixed_dictionaries({"directory": PATH}),
    }


@st.composite
def some_of(draw: st.DrawFn, fields: dict[str, Values]) -> dict[str, Any]:
    """A few of the fields; drawing each one's presence would cost most of the time."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=5, unique=True)) if fields else []
    return {name: draw(fields[name]) for name in chosen}


def of(type_: Any, minor: int, known: dict[str, Values], name: str = "") -> Values:
    """Values of a type for a minor version."""
    if name in known:
        return known[name]
    if isinstance(type_, Struct):
        fields = {
            key: of(field.type, minor, known, key)
            for key, field in type_.fields.items()
            if field.since <= minor and key not in ("apiVersion", "kind")
        }
        if {"local", "external"} == set(fields):
            return st.fixed_dictionaries({}, optional={"local": fields["local"]}) | st.builds(
                lambda external: {"external": external}, external_etcd(minor)
            )
        return some_of(fields)
    if isinstance(type_, ListOf):
        return lists(of(type_.item, minor, known))
    if isinstance(type_, MapOf):
        return st.dictionaries(TEXT, of(type_.item, minor, known), max_size=2)
    return st.sampled_from(type_.choices) if type_.choices else KIND[type_.kind]


WORKFLOWS = {"JoinConfiguration": "join", "ResetConfiguration": "reset", "UpgradeConfiguration": "upgrade node"}
COMPONENTS = ("KubeletConfiguration", "KubeProxyConfiguration")


@functools.cache
def document(kind: str, minor: int) -> Values:
    # kubeadm keeps an empty clusterDNS, and writes nothing for it: read again, it is the default.
    known = {"clusterDNS": st.just(["10.0.0.1"])} if kind in COMPONENTS else fitting(WORKFLOWS.get(kind, "init"), minor)
    return of(KINDS[kind][2], minor, known)


@functools.cache
def documents(minor: int) -> Values:
    """Inputs: a document of each kind, of this minor version."""
    parts = {name: document(kind, minor) for kind, (name, _version, _fields) in KINDS.items()}
    return st.fixed_dictionaries({"kubernetes_version": st.just(f"v1.{minor}.1")}, optional=parts)


def inputs() -> Values:
    """Inputs of any minor version and any role."""
    role = st.sampled_from([{}, {"node_role": "worker"}, {"node_role": "control_plane", "joins": True}])
    found = st.one_of([documents(minor) for minor in sorted(MINORS)])
    return st.tuples(found, role).map(lambda parts: {**parts[0], **parts[1]})
