# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and builds of CI, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

RELEASE = "https://dl.k8s.io/release"
CI = "https://storage.googleapis.com/k8s-release-dev/ci"
HOST = {"hostname": "cp1", "default_ipv4": "192.0.2.10"}


class Server:
    """Answers by URL, and what was asked for."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, url: str) -> str:
        self.asked.append(url)
        name = url.rsplit("/", 1)[1].replace(".txt", "").replace("-", "_").replace(".", "_")
        if name not in self.answers:
            raise OSError("404 Not Found")
        return self.answers[name]


def resolved(text: str, server: Any = None, **inputs: Any) -> tuple[dict[str, Any], list[str]]:
    return resolve({"kubernetes_version": text, **inputs}, HOST, fetch=server)


@pytest.mark.parametrize(
    ("text", "answers", "version", "asked"),
    [
        ("stable", {"stable": "v1.36.3\n"}, "v1.36.3", [f"{RELEASE}/stable.txt"]),
        ("stable-1", {"stable_1": "v1.37.0"}, "v1.37.0", [f"{RELEASE}/stable-1.txt"]),
        ("release/stable-1.36", {"stable_1_36": "v1.36.9"}, "v1.36.9", [f"{RELEASE}/stable-1.36.txt"]),
        ("latest", {"latest": "v1.37.0-alpha.1"}, "v1.37.0-alpha.1", [f"{RELEASE}/latest.txt"]),
        # One that is too new: the newest that is known, from releases.
        (
            "stable",
            {"stable": "v1.40.1", "stable_1_37": "v1.37.8"},
            "v1.37.8",
            [f"{RELEASE}/stable.txt", f"{RELEASE}/stable-1.37.txt"],
        ),
        (
            "ci/latest",
            {"latest": "v1.38.0-alpha.0.5+abc", "stable_1_37": "v1.37.8"},
            "v1.37.8",
            [f"{CI}/latest.txt", f"{RELEASE}/stable-1.37.txt"],
        ),
        ("ci/latest-1.36", {"latest_1_36": "v1.36.4-3+abc"}, "v1.36.4-3+abc", [f"{CI}/latest-1.36.txt"]),
    ],
)
def test_a_label_is_followed(text: str, answers: dict[str, str], version: str, asked: list[str]) -> None:
    server = Server(**answers)
    fact, warnings = resolved(text, server)
    assert fact["version"]["gitVersion"] == version
    assert fact["version"]["label"] == text
    assert server.asked == asked
    assert warnings == []


@pytest.mark.parametrize(
    ("text", "answers", "version"),
    [
        ("stable", {}, "v1.37.2"),
        ("stable-1.36", {}, "v1.36.3"),
        ("stable-1.35", {"stable_1_35": "<html>"}, "v1.35.4"),
        ("latest-1.34", {"latest_1_34": ""}, "v1.34.4"),
        ("stable", {"stable": "v1.99.0"}, "v1.37.2"),
        ("stable-1.36", {"stable_1_36": "v1.37.1"}, "v1.36.3"),
    ],
)
def test_what_cannot_be_followed_falls_back_with_a_warning(text: str, answers: dict[str, str], version: str) -> None:
    fact, warnings = resolved(text, Server(**answers))
    assert fact["version"]["gitVersion"] == version
    assert any(f"{version} is used instead" in warning for warning in warnings), warnings


def test_a_server_that_sends_in_circles_is_left() -> None:
    server = Server(stable="v1.40.1", stable_1_37="v1.40.1")
    fact, _warnings = resolved("stable", server)
    assert fact["version"]["gitVersion"] == "v1.37.2"
    assert len(server.asked) < 6


def test_labels_come_from_where_the_releases_come_from() -> None:
    server = Server(stable="v1.37.1")
    resolved("stable", server, kubernetes_url="http://mirror.test/k8s/")
    assert server.asked == ["http://mirror.test/k8s/stable.txt"]


def test_a_label_of_a_version_that_is_not_supported() -> None:
    with pytest.raises(KubephaseError, match="kubephase_kubernetes_version: unsupported Kubernetes version"):
        resolved("stable-1.30", Server(stable_1_30="v1.30.9"))


def test_a_build_of_ci() -> None:
    """As kubeadm: the label stays in kubeadm-config, its own images come from CI's registry, all others do not."""
    fact, _warnings = resolved("ci/v1.37.0-alpha.0.5+abc")
    assert fact["cluster"]["kubernetesVersion"] == "ci/v1.37.0-alpha.0.5+abc"
    assert fact["cluster"]["imageRepository"] == "registry.k8s.io"
    assert fact["version"]["gitVersion"] == "v1.37.0-alpha.0.5+abc"
    assert fact["images"]["kube-apiserver"] == "gcr.io/k8s-staging-ci-images/kube-apiserver:v1.37.0-alpha.0.5_abc"
    assert fact["images"]["pause"] == "registry.k8s.io/pause:3.10.2"
    assert fact["images"]["coredns"] == "registry.k8s.io/coredns/coredns:v1.14.6"
    assert fact["downloads"]["kubernetes_url"] == CI


def test_a_build_of_ci_from_elsewhere() -> None:
    fact, _warnings = resolved("ci/v1.37.0", image_repository="r.test", kubernetes_url="http://mirror.test")
    assert fact["images"]["kube-proxy"] == "r.test/kube-proxy:v1.37.0"
    assert fact["downloads"]["kubernetes_url"] == "http://mirror.test"
