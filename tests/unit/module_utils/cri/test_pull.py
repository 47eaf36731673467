# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling by policy, serial and parallel, against the stub of cri_stub.py."""

from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import pull
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import ImageStore, serving

DIFF = {"before": "", "after": "b:1\n", "after_header": "images of the runtime"}
CHANGED = {"changed": True, "pulled_images": ["b:1"], "present_images": ["a:1"], "diff": DIFF}


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "DELAYS", (0.001,) * 4)


def test_only_what_is_missing_is_pulled_and_a_second_run_pulls_nothing() -> None:
    with serving(ImageStore(["a:1"]).answers()) as stub:
        arguments = {"cri_socket": stub.path, "images": ["a:1", "b:1", "b:1"], "policy": "IfNotPresent", "serial": True}
        first = pull.ensure_images(check_mode=False, **arguments)
        assert first == CHANGED
        assert stub.methods().count("PullImage") == 1
        second = pull.ensure_images(check_mode=False, **arguments)
        assert second == {"changed": False, "pulled_images": [], "present_images": ["a:1", "b:1"]}
        assert stub.methods().count("PullImage") == 1


def test_check_mode_pulls_nothing() -> None:
    with serving(ImageStore(["a:1"]).answers()) as stub:
        found = pull.ensure_images(stub.path, ["a:1", "b:1"], "IfNotPresent", True, check_mode=True)
        assert found == CHANGED
        assert "PullImage" not in stub.methods()


def test_check_mode_before_there_is_a_runtime() -> None:
    found = pull.ensure_images("unix:///nowhere/cri.sock", ["a:1"], "IfNotPresent", True, check_mode=True)
    assert found == {**CHANGED, "pulled_images": ["a:1"], "present_images": [], "diff": pull.images_diff(["a:1"])}
    with pytest.raises(CriError):
        pull.ensure_images("unix:///nowhere/cri.sock", ["a:1"], "IfNotPresent", True, check_mode=False)


def test_always_pulls_and_changes_only_what_is_another_image() -> None:
    store = ImageStore(["a:1", "b:1"])

    def replace(request: bytes) -> bytes:
        store.present["b:1"] = 2
        return b""

    with serving({**store.answers(), "PullImage": replace}) as stub, CriClient(stub.path) as client:
        result = pull.pull_images(client, ["a:1", "b:1"], "Always")
        assert (result.pulled, result.present) == (["b:1"], ["a:1"])
        assert stub.methods().count("PullImage") == 2


def test_never_pulls_nothing() -> None:
    with serving(ImageStore(["a:1"]).answers()) as stub, CriClient(stub.path) as client:
        result = pull.pull_images(client, ["a:1", "b:1"], "Never")
        assert (result.pulled, result.present, result.errors) == ([], ["a:1"], {})


@pytest.mark.parametrize("serial", [True, False])
def test_the_fifth_attempt_counts_and_the_sixth_is_not_made(serial: bool) -> None:
    store = ImageStore([], broken={"slow:1": 4, "gone:1": 9})
    with serving(store.answers()) as stub, CriClient(stub.path) as client:
        result = pull.pull_images(client, ["slow:1", "gone:1", "good:1"], serial=serial)
        assert result.pulled == ["slow:1", "good:1"]
        assert stub.methods().count("PullImage") == 11
        assert store.broken["gone:1"] == 4
        with pytest.raises(KubephaseError, match=r"gone:1 could not be pulled in 5 attempts: gone:1: not found"):
            result.raise_errors()


def test_parallel_pulls_are_under_way_at_once_over_one_connection() -> None:
    store = ImageStore([])
    images = [f"image:{number}" for number in range(6)]
    with serving(store.answers()) as stub, CriClient(stub.path) as client:
        client.timeout = 5

        def held(request: bytes) -> bytes:
            return store.pull(request)

        stub.answers["PullImage"] = held
        before = {image: client.image_status(image) for image in images}
        assert not any(before.values())
        stub.hold_until = 6
        result = pull.PullResult()
        pull._drive(client, images, len(images), result)
        assert (stub.max_running, stub.connections, result.errors) == (6, 1, {})


def test_serial_pulls_are_never_two_at_once() -> None:
    with serving(ImageStore([]).answers()) as stub, CriClient(stub.path) as client:
        result = pull.pull_images(client, ["a:1", "b:1", "c:1"], serial=True)
        assert result.pulled == ["a:1", "b:1", "c:1"]
        assert stub.max_running == 1
        assert [call for call in stub.methods() if call == "PullImage"] == ["PullImage"] * 3
