# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a user writes, the answer is a fact or an error that names a path."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import INPUTS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import ListOf, MapOf, Struct
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump

HOST = {"hostname": "cp1", "default_ipv4": "192.0.2.10", "default_ipv6": "", "systemd_resolved": False, "member": ""}

TEXTS = st.sampled_from(
    ["", "x", "A", "10.0.0.0/16", "fd00::/112", "1.2.3.4", "a.b:6443", "https://a", "1h", "-1s", "0", "v1.35.1", "/x", "%", "\n", "é",
     "RSA-4096", "signing", "sha256:0", "::", ",", "/", "://", "http://[", "a@b", "9" * 400, "1e400", "2030-01-01T00:00:00Z",
     "0001-01-01T00:00:00+23:59"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS.filter(lambda v: v == v), inner, max_size=3),
    max_leaves=8,
)


def shaped(type_: Any) -> st.SearchStrategy[Any]:
    """Values that mostly have a type's shape, and now and then anything."""
    if isinstance(type_, Struct):
        parts = {name: st.deferred(lambda known=known: shaped(known.type)) for name, known in type_.fields.items()}
        right: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=parts)
    elif isinstance(type_, ListOf):
        right = st.lists(st.deferred(lambda: shaped(type_.item)), max_size=2)
    elif isinstance(type_, MapOf):
        right = st.dictionaries(TEXTS, st.deferred(lambda: shaped(type_.item)), max_size=2)
    elif type_.choices:
        right = st.sampled_from(type_.choices)
    else:
        right = {"bool": st.booleans(), "int32": st.integers(-1, 70000), "any": SCALARS}.get(type_.kind, TEXTS)
    return st.one_of(right, right, right, right, ANYTHING)


def attempt(inputs: dict[str, Any], text: bytes | None = None) -> Any:
    try:
        return resolve(inputs, HOST, text)[0]
    except KubephaseError as error:
        assert str(error)
        return None


SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
)  # fmt: skip


@SETTINGS
@given(st.sampled_from(sorted(INPUTS)).flatmap(lambda name: st.tuples(st.just(name), shaped(INPUTS[name].type))))
@example(("init_configuration", {"bootstrapTokens": [{"usages": [None]}]}))
@example(("cluster_configuration", {"apiServer": {"extraEnvs": [{"valueFrom": {"fieldRef": {}}}]}}))
def test_any_value_of_any_input(given_input: tuple[str, Any]) -> None:
    attempt(dict([given_input]))


@SETTINGS
@given(ANYTHING)
def test_any_inputs(value: Any) -> None:
    attempt(dict.fromkeys(INPUTS, value))


@SETTINGS
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file(text: bytes) -> None:
    attempt({"config_file": "f"}, text)


@SETTINGS
@given(
    st.sampled_from(["Cluster", "Init", "Join", "Kubelet", "KubeProxy", "Reset"]),
    st.dictionaries(
        st.sampled_from(["networking", "etcd", "apiServer", "nodeRegistration", "discovery", "logging"]),
        ANYTHING,
        max_size=3,
    ),
)
def test_any_document(kind: str, body: dict[str, Any]) -> None:
    try:
        text = dump({"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": f"{kind}Configuration", **body})
    except KubephaseError:
        return
    attempt({"config_file": "f"}, text.encode("utf-8", "replace"))


@SETTINGS
@given(shaped(INPUTS["cluster_configuration"].type), shaped(INPUTS["kubelet_configuration"].type))
def test_what_was_resolved_resolves_to_itself(cluster: Any, kubelet: Any) -> None:
    first = attempt({"cluster_configuration": cluster, "kubelet_configuration": kubelet})
    if first is None:
        first = attempt({"kubelet_configuration": kubelet}) or attempt({"cluster_configuration": cluster})
    if first is None:
        return
    again = attempt(
        {
            "cluster_configuration": first["cluster"],
            "kubelet_configuration": first["kubelet"],
            "kube_proxy_configuration": first["kube_proxy"],
            "node_registration": first["node_registration"],
            "local_api_endpoint": first["local_api_endpoint"],
        }
    )
    for name in ("cluster", "kubelet", "kube_proxy", "node_registration", "local_api_endpoint", "images"):
        assert again[name] == first[name]
