# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every configuration that kubeadm accepts, whatever of its fields are said."""

from __future__ import annotations

import contextlib
import copy
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._config.documents import KINDS
from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import merge
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import MINORS
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load
from tests.unit.module_utils.config import valid

HOST = {
    "hostname": "cp1",
    "default_ipv4": "192.0.2.10",
    "default_ipv6": "2001:db8::10",
    "systemd_resolved": True,
    "member": "",
}
NAMES = {kind: name for kind, (name, _version, _fields) in KINDS.items()}
SECONDS = 0.05
"""Processor time for one host."""

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def resolved(inputs: dict[str, Any], text: bytes | None = None) -> dict[str, Any]:
    return resolve(inputs, HOST, text)[0]


def as_inputs(fact: dict[str, Any]) -> dict[str, Any]:
    """A fact as inputs. Timeouts are seconds in it, and addons that are off are skipped phases of init too."""
    found = {
        "node_role": fact["node_role"],
        "joins": fact["joins"],
        "cluster_configuration": fact["cluster"],
        "kubelet_configuration": fact["kubelet"],
        "kube_proxy_configuration": fact["kube_proxy"],
        "node_registration": fact["node_registration"],
        "local_api_endpoint": fact["local_api_endpoint"],
        "reset_configuration": with_durations(fact["reset"]),
        "upgrade_configuration": with_durations(fact["upgrade"]),
    }
    for part in ("apply", "node"):
        if not found["upgrade_configuration"][part]["patches"]["directory"]:
            found["upgrade_configuration"][part].pop("patches")
    own = "join_configuration" if fact["joins"] else "init_configuration"
    found[own] = {
        "skipPhases": fact["skip_phases"],
        "patches": {"directory": fact["patches"]["directory"]},
        "timeouts": {name: f"{seconds}s" for name, seconds in fact["timeouts"].items()},
    }
    return found


def with_durations(document: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(document)
    document["timeouts"] = {name: f"{seconds}s" for name, seconds in document["timeouts"].items()}
    return document


@SETTINGS
@given(valid.inputs())
def test_what_is_valid_resolves_and_resolves_to_itself(inputs: dict[str, Any]) -> None:
    before = copy.deepcopy(inputs)
    first = resolved(inputs)
    assert inputs == before
    again = resolved(as_inputs(first))
    for name in (
        "cluster", "kubelet", "kube_proxy", "node_registration", "local_api_endpoint", "images", "reset", "upgrade", "skip_phases",
        "patches", "timeouts", "feature_gates", "encryption_algorithm", "service_ip", "dns_ip", "version", "joins",
    ):  # fmt: skip
        assert again[name] == first[name], name


@SETTINGS
@given(valid.inputs())
def test_what_is_written_is_read_back(inputs: dict[str, Any]) -> None:
    """The documents that go to the cluster, as bytes."""
    found = resolved(inputs)
    for name in ("cluster", "kubelet", "kube_proxy"):
        assert load(dump(found[name])) == found[name]


@st.composite
def layered(draw: st.DrawFn) -> tuple[dict[str, Any], bytes, dict[str, Any], dict[str, Any]]:
    """A document in a file and one in a variable, and both in one."""
    minor = draw(st.sampled_from(sorted(MINORS)))
    kind = draw(st.sampled_from(sorted(KINDS)))
    below, above = draw(valid.document(kind, minor)), draw(valid.document(kind, minor))
    head = {"apiVersion": KINDS[kind][1], "kind": kind}
    common = {
        "kubernetes_version": f"v1.{minor}.1",
        "config_file": "f",
        "node_role": draw(st.sampled_from(["worker", ""])),
    }
    return (
        common,
        dump({**head, **below}).encode(),
        {NAMES[kind]: above},
        {NAMES[kind]: merge({**head, **below}, above)},
    )


@SETTINGS
@given(layered())
def test_a_variable_is_laid_upon_the_file(parts: tuple[dict[str, Any], bytes, dict[str, Any], dict[str, Any]]) -> None:
    common, text, above, merged = parts
    if _exclude_each_other(merged):
        return
    assert resolved({**common, **above}, text) == resolved({**common, **merged}, b"")


def _exclude_each_other(merged: dict[str, Any]) -> bool:
    """Whether two that are fine by themselves met."""
    etcd = merged.get("cluster_configuration", {}).get("etcd", {})
    discovery = merged.get("join_configuration", {}).get("discovery", {})
    return {"local", "external"} <= set(etcd) or {"file", "bootstrapToken"} <= set(discovery)


SHORT = {
    "pod_subnet": (("networking", "podSubnet"), ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]),
    "cluster_name": (("clusterName",), ["a", "b", "c"]),
    "dns_domain": (("networking", "dnsDomain"), ["a.test", "b.test", "c.test"]),
    "image_repository": (("imageRepository",), ["a.test/x", "b.test/x", "c.test/x"]),
    "control_plane_endpoint": (("controlPlaneEndpoint",), ["a.test:1", "b.test:2", "c.test:3"]),
}


@pytest.mark.parametrize("short", SHORT)
@pytest.mark.parametrize("said", range(1, 8))
def test_the_order_of_the_layers(short: str, said: int) -> None:
    """Each of the three may say it: the file, the document's variable, the short variable."""
    path, values = SHORT[short]
    file: Any = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration"}
    inputs: dict[str, Any] = {"config_file": "f"}
    if said & 1:
        file = merge(file, _at(path, values[0]))
    if said & 2:
        inputs["cluster_configuration"] = _at(path, values[1])
    if said & 4:
        inputs[short] = values[2]
    found: Any = resolved(inputs, dump(file).encode())["cluster"]
    for step in path:
        found = found[step]
    assert found == values[said.bit_length() - 1]


def _at(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return dict(value)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, part in value.items():
        yield (*path, key)
        if isinstance(part, dict):
            yield from leaves(part, (*path, key))


@SETTINGS
@given(st.data())
def test_a_null_takes_back_what_the_file_said(data: st.DataObject) -> None:
    minor = data.draw(st.sampled_from(sorted(MINORS)))
    kind = data.draw(st.sampled_from(["ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"]))
    document = data.draw(valid.document(kind, minor))
    paths = [path for path in leaves(document) if _is_field(kind, path)]
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    common = {"kubernetes_version": f"v1.{minor}.1", "config_file": "f"}
    head = {"apiVersion": KINDS[kind][1], "kind": kind}
    whole = dump({**head, **document}).encode()
    without = dump({**head, **_without(document, path)}).encode()
    if "external" in document.get("etcd", {}) and path[0] == "etcd" and len(path) == 3:
        return  # files of an external etcd that need each other
    found, wanted = resolved({**common, NAMES[kind]: _at(path, None)}, whole), resolved(common, without)
    assert {**found, **_said(kind)} == {**wanted, **_said(kind)}


def _said(kind: str) -> dict[str, bool]:
    return {"kubelet_user_supplied": True, "kube_proxy_user_supplied": True} if kind else {}


def _is_field(kind: str, path: tuple[str, ...]) -> bool:
    """Whether the path is made of fields: the keys of a map of texts are none."""
    found: Any = KINDS[kind][2]
    for step in path:
        fields = getattr(found, "fields", None)
        if fields is None:
            return False
        found = fields[step].type
    return True


def _without(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    step, *rest = path
    if rest:
        return {**document, step: _without(document[step], tuple(rest))}
    return {key: value for key, value in document.items() if key != step}


CASES = Path(__file__).resolve().parents[4] / "tests/parity/cases"


def test_a_host_is_resolved_in_no_time() -> None:
    """Every case of the golden matrix by the processor's clock: the slowest of them, each at its best of three."""
    texts = [path.read_text().replace("{version}", "1.36.3").encode() for path in sorted(CASES.glob("*/config.yaml"))]
    assert len(texts) >= 24
    taken = []
    for text in texts:
        runs = []
        for _run in range(3):
            started = time.process_time()
            with contextlib.suppress(KubephaseError):  # some cases are there to be refused
                resolved({"config_file": "f"}, text)
            runs.append(time.process_time() - started)
        taken.append(min(runs))
    assert max(taken) < SECONDS, f"slowest {max(taken):.4f} s, median {statistics.median(taken):.4f} s"
