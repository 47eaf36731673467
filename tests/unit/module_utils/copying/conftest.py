# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control planes in directories, and what a controller carries between them."""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass, replace
from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _copy_certs
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs import Receiver
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_files import Layout
from ansible_collections.kubephase.cluster.plugins.module_utils._copy_certs_parcel import Parcel
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import tree
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings


@dataclass
class ControlPlane:
    """A host; what it is asked and answers goes through JSON, as with Ansible."""

    name: str
    root: pathlib.Path
    layout: Layout

    @property
    def pki(self) -> pathlib.Path:
        return self.root / "pki"

    @property
    def one_time_key(self) -> pathlib.Path:
        return self.root / "one-time.key"

    def make_pki(self) -> None:
        tree.reconcile(
            Settings(
                certificates_dir=str(self.pki), node_name=self.name, advertise_address="192.0.2.10",
                service_ip="10.96.0.1", algorithm="ECDSA-P256",
            ), False,
        )  # fmt: skip

    def request(self, check_mode: bool = False) -> dict[str, Any]:
        result = _copy_certs.request(self.layout, self.name, str(self.one_time_key), check_mode)
        return json.loads(json.dumps(result))

    def seal(self, *requests: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        receivers = [Receiver(**request["request"]) for request in requests]
        return json.loads(json.dumps(_copy_certs.seal(self.layout, self.name, receivers, check_mode)))

    def install(self, parcel: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        result = _copy_certs.install(self.layout, Parcel(**parcel), self.name, str(self.one_time_key), check_mode)
        return json.loads(json.dumps(result))

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.pki)): path.read_bytes() for path in self.pki.rglob("*") if path.is_file()}

    def lay_out(self, **changed: Any) -> None:
        self.layout = replace(self.layout, **changed)


def copy(holder: ControlPlane, *receivers: ControlPlane, check_mode: bool = False) -> list[dict[str, Any]]:
    """All three steps; what each receiver says of the last one."""
    requests = [receiver.request(check_mode) for receiver in receivers]
    parcels = holder.seal(*requests, check_mode=check_mode)["parcels"]
    return [receiver.install(parcels[receiver.name], check_mode) for receiver in receivers]


@pytest.fixture
def copied() -> Callable[..., list[dict[str, Any]]]:
    return copy


@pytest.fixture
def control_plane(tmp_path: pathlib.Path) -> Callable[..., ControlPlane]:
    def make(name: str, **layout: Any) -> ControlPlane:
        root = tmp_path / name
        root.mkdir()
        return ControlPlane(name, root, Layout(certificates_dir=str(root / "pki"), **layout))

    return make


@pytest.fixture
def holder(control_plane: Callable[..., ControlPlane]) -> ControlPlane:
    made = control_plane("cp1")
    made.make_pki()
    return made
