# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight import ports
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import (
    ImageStore,
    Stub,
    condition,
    field,
    serving,
)
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import FakeHost


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    # the components' ports are this machine's; test_ports.py listens on ports for real
    monkeypatch.setattr(ports, "try_to_listen", lambda number, address: None)
    return FakeHost(tmp_path)


@pytest.fixture
def store() -> ImageStore:
    return ImageStore([])


@pytest.fixture
def runtime(store: ImageStore) -> Iterator[Stub]:
    ready = {"Status": field(1, condition("RuntimeReady", True)), "RuntimeConfig": field(1, b"\x08\x01")}
    with serving({**ready, **store.answers()}) as stub:
        yield stub
