# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging a user's additions into the text of a static Pod manifest."""

from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._static_pod import (
    certificate_directories,
    merge_arguments,
    merge_env,
    merge_volume_mounts,
    merge_volumes,
    probe_endpoint,
)

ARGUMENTS = "    - --advertise-address=192.0.2.1\n    - --bind-address=127.0.0.1\n    - --controllers=*,tokencleaner\n"


def test_arguments_without_additions_stay_as_they_are() -> None:
    assert merge_arguments(ARGUMENTS, []) == ARGUMENTS


def test_given_arguments_replace_every_base_one_and_keep_their_order_and_duplicates() -> None:
    extra = [
        {"name": "v", "value": "4"},
        {"name": "bind-address", "value": "::"},
        {"name": "v", "value": "5"},
    ]
    assert merge_arguments(ARGUMENTS, extra) == (
        "    - --advertise-address=192.0.2.1\n    - --controllers=*,tokencleaner\n"
        "    - --v=4\n    - '--bind-address=::'\n    - --v=5\n"
    )


def test_a_broken_template_line_is_an_error() -> None:
    with pytest.raises(KubephaseError, match="--name=value"):
        merge_arguments("    - broken\n", [])


def test_env_is_sorted_and_the_users_wins() -> None:
    base = [{"name": "no_proxy", "value": "10.0.0.0/8"}, {"name": "HTTP_PROXY", "value": "a"}]
    extra = [
        {"name": "no_proxy", "value": ""},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]
    assert merge_env(base, extra) == (
        "    env:\n    - name: HTTP_PROXY\n      value: a\n"
        "    - name: NODE\n      valueFrom:\n        fieldRef:\n          apiVersion: v1\n          fieldPath: spec.nodeName\n"
        '    - name: no_proxy\n      value: ""\n'
    )
    assert merge_env([], []) == ""


def test_volumes_are_sorted_and_replaced_by_name() -> None:
    mounts = "    - mountPath: /b\n      name: b\n      readOnly: true\n"
    volumes = "  - hostPath:\n      path: /b\n      type: DirectoryOrCreate\n    name: b\n"
    extra = [
        {"name": "b", "hostPath": "/other", "mountPath": "/b2", "pathType": "File"},
        {"name": "a", "hostPath": "/a", "mountPath": "/a", "readOnly": True},
    ]
    assert merge_volume_mounts(mounts, extra) == (
        "    - mountPath: /a\n      name: a\n      readOnly: true\n    - mountPath: /b2\n      name: b\n"
    )
    assert merge_volumes(volumes, extra) == (
        '  - hostPath:\n      path: /a\n      type: ""\n    name: a\n'
        "  - hostPath:\n      path: /other\n      type: File\n    name: b\n"
    )
    assert merge_volumes(volumes, []) == volumes


@pytest.mark.parametrize(
    ("paths", "directories"),
    [
        ([], []),
        (["", "/srv/etcd/ca.crt", ""], ["/srv/etcd"]),
        (["/etc/kubernetes/pki/etcd/ca.crt", "/srv/b/c.crt", "/srv/a/c.key"], ["/srv/a", "/srv/b"]),
        (["/srv/etcd/certs/ca.crt", "/srv/etcd/c.crt", "/srv/etcd/keys/c.key"], ["/srv/etcd"]),
        # by the beginning of the text, as kubeadm judges it
        (["/srv/etcd/ca.crt", "/srv/etcd-keys/c.key"], ["/srv/etcd"]),
        (["/etc/ssl/certs/etcd/ca.crt", "ca.crt"], []),
    ],
)
def test_directories_of_certificates_that_a_pod_lacks(paths: list[str], directories: list[str]) -> None:
    assert certificate_directories(paths, ["/etc/ssl/certs", "/etc/kubernetes/pki"]) == directories


@pytest.mark.parametrize(
    ("url", "hostname", "port", "scheme"),
    [
        ("", "::1", 2381, "HTTP"),
        ("http://0.0.0.0:3381", "0.0.0.0", 3381, "HTTP"),
        ("https://[::]", "::", 2381, "HTTPS"),
        ("unix://here", "here", 2381, "HTTP"),
    ],
)
def test_where_etcd_is_probed(url: str, hostname: str, port: int, scheme: str) -> None:
    assert probe_endpoint(url, "[::1]") == {"hostname": hostname, "port": port, "scheme": scheme}


def test_a_metrics_url_that_is_none() -> None:
    with pytest.raises(KubephaseError, match="listen-metrics-urls: this is not a URL"):
        probe_endpoint("http://[::1:2381", "127.0.0.1")
