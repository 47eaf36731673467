# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison with kubeadm notices what it is there for, says where, and says nothing where nothing is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from lab.golden_store import Golden
from tests.parity.comparing import ORDER, Comparison, Difference, compare

MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
CRT = "/etc/kubernetes/pki/apiserver.crt"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "kube-system"},
        "data": data,
    }


def golden() -> Golden:
    return Golden(
        files={MANIFEST: {"type": "file", "mode": "600", "owner": "root", "group": "root"}},
        texts={MANIFEST: "spec:\n  priority: 1\n  hostNetwork: true\n", "/var/lib/kubelet/config.yaml": "kind: A\n"},
        certificates={
            CRT: {
                "pem_types": ["CERTIFICATE"],
                "chain": [
                    {
                        "subject": ["CN=kube-apiserver"],
                        "serial_bytes_at_most": 8,
                        "extensions": {"subjectAltName": {"critical": False, "value": ["DNS:cp1", "IP:10.96.0.1"]}},
                    }
                ],
            }
        },
        keys={"/etc/kubernetes/pki/sa.pub": {"pem_type": "PUBLIC KEY", "type": "EC", "curve": "secp256r1"}},
        objects=[
            config_map("kubeadm-config", ClusterConfiguration="dns: {}\n"),
            config_map("coredns", Corefile=".:53 {\n}\n"),
        ],
    )


def changed(change: Callable[[Golden], Any]) -> list[Difference]:
    ours = golden()
    change(ours)
    return compare(golden(), ours).differences


def test_two_equal_ones_do_not_differ() -> None:
    found = compare(golden(), golden())
    assert found.differences == []
    assert found.counts == {
        "modes": 1, "manifests": 1, "kubelet": 1, "certificates": 1, "keys": 1, "objects": 2,
    }  # fmt: skip


def test_one_byte() -> None:
    found = changed(lambda ours: ours.texts.update({MANIFEST: "spec:\n  priority: 2\n  hostNetwork: true\n"}))
    assert found == [Difference("manifests", MANIFEST, ("-  priority: 1", "+  priority: 2"))]


@pytest.mark.parametrize("end", ["", "\n\n", " \n"])
def test_how_a_file_ends(end: str) -> None:
    text = golden().texts[MANIFEST].rstrip("\n")
    assert len(changed(lambda ours: ours.texts.update({MANIFEST: text + end}))) == 1


def test_carriage_returns() -> None:
    text = golden().texts[MANIFEST].replace("\n", "\r\n")
    assert changed(lambda ours: ours.texts.update({MANIFEST: text})) != []


def test_lines_in_another_order() -> None:
    assert changed(lambda ours: ours.texts.update({MANIFEST: "spec:\n  hostNetwork: true\n  priority: 1\n"})) != []


def test_places_in_one_file_are_told_apart() -> None:
    found = changed(lambda ours: ours.texts.update({MANIFEST: "spec: {}\n  priority: 1\n  hostNetwork: false\n"}))
    assert [each.change for each in found] == [
        ("-spec:", "+spec: {}"),
        ("-  hostNetwork: true", "+  hostNetwork: false"),
    ]


def test_mode() -> None:
    found = changed(lambda ours: ours.files[MANIFEST].update(mode="644"))
    assert found == [Difference("modes", MANIFEST, ('-mode: "600"', '+mode: "644"'))]


def test_link_in_place_of_a_file() -> None:
    found = changed(lambda ours: ours.files[MANIFEST].update(type="link", target="/elsewhere"))
    assert [each.path for each in found] == [MANIFEST] * len(found) != []


def test_order_of_alternative_names() -> None:
    def swap(ours: Golden) -> None:
        ours.certificates[CRT]["chain"][0]["extensions"]["subjectAltName"]["value"].reverse()

    found = changed(swap)
    assert found
    assert all(each.kind == "certificates" and each.path == CRT for each in found)
    assert '+chain[0].extensions.subjectAltName.value[0]: "IP:10.96.0.1"' in [
        line for each in found for line in each.change
    ]


def test_criticality_and_serial() -> None:
    def worse(ours: Golden) -> None:
        ours.certificates[CRT]["chain"][0]["extensions"]["subjectAltName"]["critical"] = True
        ours.certificates[CRT]["chain"][0]["serial_bytes_at_most"] = 20

    assert len(changed(worse)) == 2


def test_kind_of_a_key() -> None:
    found = changed(lambda ours: ours.keys["/etc/kubernetes/pki/sa.pub"].update(curve="secp384r1"))
    assert [each.kind for each in found] == ["keys"]


@pytest.mark.parametrize("part", ["files", "texts", "certificates", "keys"])
def test_missing_and_extra(part: str) -> None:
    name = next(iter(getattr(golden(), part)))
    missing = changed(lambda ours: getattr(ours, part).pop(name))
    assert [(each.path, each.change) for each in missing] == [(name, ("-(is there)",))]

    def add(ours: Golden) -> None:
        getattr(ours, part)["/etc/kubernetes/manifests/new"] = copy.deepcopy(getattr(ours, part)[name])

    extra = changed(add)
    assert [(each.path, each.change) for each in extra] == [("/etc/kubernetes/manifests/new", ("+(is there)",))]


def test_missing_object() -> None:
    found = changed(lambda ours: ours.objects.pop())
    assert found == [Difference("objects", "configmap.kube-system.coredns", ("-(is there)",))]


def test_extra_object() -> None:
    found = changed(lambda ours: ours.objects.append(config_map("kube-proxy")))
    assert found == [Difference("objects", "configmap.kube-system.kube-proxy", ("+(is there)",))]


def test_an_object_that_is_sent_twice() -> None:
    found = changed(lambda ours: ours.objects.append(config_map("coredns", Corefile=".:53 {\n}\n")))
    assert found == [Difference("objects", "configmap.kube-system.coredns (2)", ("+(is there)",))]


def test_order_of_objects() -> None:
    found = changed(lambda ours: ours.objects.reverse())
    assert [each.path for each in found] == [ORDER]


def test_a_missing_object_is_not_another_order() -> None:
    assert [each.path for each in changed(lambda ours: ours.objects.pop(0))] == ["configmap.kube-system.kubeadm-config"]


@pytest.mark.parametrize("text", ["dns: {}", "dns: {} \n", "dns: {}\n\n", "dns:  {}\n"])
def test_texts_in_objects_are_compared_byte_for_byte(text: str) -> None:
    found = changed(lambda ours: ours.objects[0]["data"].update(ClusterConfiguration=text))
    assert found
    assert {each.path for each in found} == {"configmap.kube-system.kubeadm-config"}


@pytest.mark.parametrize("value", ["1", True, 1.0, None, [1]])
def test_types_in_objects(value: Any) -> None:
    left, right = golden(), golden()
    left.objects[0]["spec"], right.objects[0]["spec"] = {"port": 1}, {"port": value}
    assert len(compare(left, right).differences) == 1


def test_an_empty_field_that_means_something() -> None:
    left, right = golden(), golden()
    left.objects[0]["spec"] = {"volumes": [{"name": "a", "emptyDir": {}}], "nodeSelector": {}}
    right.objects[0]["spec"] = {"volumes": [{"name": "a"}]}
    assert len(compare(left, right).differences) == 2


def test_what_go_writes_for_nothing_is_nothing() -> None:
    left = golden()
    left.objects[0]["status"] = {"loadBalancer": {}}
    left.objects[0]["metadata"]["resourceVersion"] = "0"
    left.objects[0]["spec"] = {"containers": [{"name": "a", "resources": {}}], "updateStrategy": {"type": "X"}}
    right = golden()
    right.objects[0]["spec"] = {"containers": [{"name": "a"}], "updateStrategy": {"type": "X"}}
    assert compare(left, right).differences == []


def test_refused_by_one_side() -> None:
    by_kubeadm = compare(Golden(refused="etcd: no"), golden()).differences
    by_us = compare(golden(), Golden(refused="etcd: no")).differences
    assert [each.change for each in by_kubeadm + by_us] == [("-etcd: no",), ("+etcd: no",)]
    assert compare(Golden(refused="etcd: no"), Golden(refused="etcd: never")).differences == []


def test_a_comparison_survives_storage() -> None:
    found = compare(golden(), Golden())
    assert found.differences
    assert Comparison.from_json(found.to_json()) == found
