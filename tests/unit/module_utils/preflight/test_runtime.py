# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRI, ContainerRuntimeVersion and ImagePull, against the stub of cri_stub.py and, where there is one, a real runtime."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import pull
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import (
    Failed,
    ImageStore,
    Stub,
    condition,
    field,
    info,
)
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    FakeHost,
    configuration,
    message,
    names,
    outcome,
    problems,
    request,
)

PAUSE = "registry.k8s.io/pause:3.10.2"


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "DELAYS", (0.001,) * 4)


@pytest.mark.parametrize(("version", "result"), [("v1.34.4", "warning"), ("v1.35.4", "error")])
def test_no_runtime_is_an_error_from_1_35_on(fake: FakeHost, version: str, result: str) -> None:
    fake.kubelet("Kubernetes v1.34.4")
    report = fake.run(request(cluster=configuration(kubernetesVersion=version)))
    assert outcome(report, "CRI").result == result
    assert "/nowhere/cri.sock: the container runtime does not answer: there is no such socket" in message(report, "CRI")


def test_a_runtime_that_is_not_ready(fake: FakeHost, runtime: Stub) -> None:
    states = condition("RuntimeReady", False, "Broken", "no shim") + condition("NetworkReady", False, "No", "no CNI")
    runtime.answers["Status"] = field(1, states)
    assert message(fake.run(request(runtime.path)), "CRI") == "the container runtime is not ready: Broken no shim"


def test_no_network_plugin_yet_is_fine(fake: FakeHost, runtime: Stub) -> None:
    runtime.answers["Status"] = field(
        1, condition("RuntimeReady", True) + condition("NetworkReady", False, "No", "no CNI")
    )
    assert problems(fake.run(request(runtime.path))) == {}


def test_a_containerd_whose_cri_plugin_is_off(fake: FakeHost, runtime: Stub) -> None:
    runtime.answers["Status"] = Failed(12, "unknown service runtime.v1.RuntimeService")
    report = fake.run(request(runtime.path))
    assert "disabled_plugins" in message(report, "CRI")
    assert outcome(report, "CRI").result == "error"


@pytest.mark.parametrize(("status", "result"), [(12, "warning"), (13, "error")])
def test_a_runtime_without_its_configuration(fake: FakeHost, runtime: Stub, status: int, result: str) -> None:
    runtime.answers["RuntimeConfig"] = Failed(status, "no")
    assert outcome(fake.run(request(runtime.path)), "ContainerRuntimeVersion").result == result


def test_images_are_pulled_last_over_the_same_connection(fake: FakeHost, runtime: Stub) -> None:
    made = request(runtime.path, images=["a:1", "b:1"], pull=True)
    report = fake.run(made)
    assert names(report)[-1] == "ImagePull"
    assert (report.pulled_images, report.missing_images, bool(report.changes)) == (["a:1", "b:1"], [], True)
    assert runtime.connections == 1
    second = fake.run(made)
    assert (second.pulled_images, second.missing_images, bool(second.changes)) == ([], [], False)


def test_nothing_is_pulled_where_a_check_failed(fake: FakeHost, runtime: Stub) -> None:
    fake.changes["cpus"] = 1
    report = fake.run(request(runtime.path, images=["a:1"], pull=True))
    assert "ImagePull" not in names(report)
    assert "PullImage" not in runtime.methods()
    report = fake.run(request(runtime.path, images=["a:1"], pull=True, ignore=["NumCPU"]))
    assert report.pulled_images == ["a:1"]


def test_without_pull_it_is_only_told_what_is_missing(fake: FakeHost, runtime: Stub, store: ImageStore) -> None:
    store.present["a:1"] = 1
    report = fake.run(request(runtime.path, images=["a:1", "b:1"]))
    assert (report.missing_images, bool(report.changes)) == (["b:1"], False)
    assert "ImagePull" not in names(report)
    assert "PullImage" not in runtime.methods()


def test_check_mode_pulls_nothing(fake: FakeHost, runtime: Stub, store: ImageStore) -> None:
    store.present["a:1"] = 1
    fake.check_mode = True
    report = fake.run(request(runtime.path, images=["a:1", "b:1"], pull=True))
    assert (report.missing_images, bool(report.changes), report.failed) == (["b:1"], True, False)
    assert "PullImage" not in runtime.methods()


@pytest.mark.parametrize("serial", [True, False])
def test_every_image_that_cannot_be_pulled_is_named(
    fake: FakeHost, runtime: Stub, store: ImageStore, serial: bool
) -> None:
    store.broken = {"b:1": 9, "c:1": 9}
    made = request(runtime.path, images=["a:1", "b:1", "c:1"], pull=True, node_registration={"imagePullSerial": serial})
    report = fake.run(made)
    assert outcome(report, "ImagePull").result == "error"
    assert "b:1 could not be pulled in 5 attempts" in message(report, "ImagePull")
    assert "c:1 could not be pulled in 5 attempts" in message(report, "ImagePull")
    assert (report.pulled_images, report.missing_images) == (["a:1"], ["b:1", "c:1"])


def test_another_sandbox_image_is_a_warning(fake: FakeHost, runtime: Stub) -> None:
    config = info("config", json.dumps({"sandboxImage": "registry.k8s.io/pause:3.8"}))
    runtime.answers["Status"] = field(1, condition("RuntimeReady", True)) + config
    report = fake.run(request(runtime.path, images=[PAUSE], pull=True, pause_image=PAUSE))
    assert outcome(report, "ImagePull").result == "warning"
    assert report.pulled_images == [PAUSE]


def test_the_policy_never_pulls_nothing(fake: FakeHost, runtime: Stub) -> None:
    made = request(runtime.path, images=["a:1"], pull=True, node_registration={"imagePullPolicy": "Never"})
    report = fake.run(made)
    assert (report.missing_images, bool(report.changes), report.failed) == (["a:1"], False, False)
    assert "PullImage" not in runtime.methods()


def test_a_policy_that_is_none(fake: FakeHost, runtime: Stub) -> None:
    made = request(runtime.path, images=["a:1"], pull=True, node_registration={"imagePullPolicy": "Sometimes"})
    assert "'Sometimes' is none of" in message(fake.run(made), "ImagePull")
