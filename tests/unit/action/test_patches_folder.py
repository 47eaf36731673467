# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches that lie on the controller are brought along."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader

from ansible_collections.kubephase.cluster.plugins.plugin_utils._patches_folder import with_files


@pytest.fixture
def action(tmp_path: Path) -> Any:
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    return SimpleNamespace(_loader=loader)


def test_a_folder_beside_the_playbook(action: Any, tmp_path: Path) -> None:
    (tmp_path / "patches/more").mkdir(parents=True)
    (tmp_path / "patches/etcd.yaml").write_text("spec: {}\n")
    (tmp_path / "patches/more/etcd+merge.json").write_text("{}")
    given = {"version": "v1.37.2", "directory": "", "controller_directory": "patches"}
    assert with_files(action, given) == {
        **given,
        "files": [
            {"name": "etcd.yaml", "content": "spec: {}\n"},
            {"name": "more/etcd+merge.json", "content": "{}"},
        ],
    }


@pytest.mark.parametrize("given", [None, {"version": "v1.37.2", "directory": "/d", "controller_directory": ""}])
def test_a_folder_of_the_host_is_left_to_it(action: Any, given: Any) -> None:
    assert with_files(action, given) == given


def test_two_folders_are_an_error(action: Any) -> None:
    with pytest.raises(AnsibleActionFail, match=r"on the host \(/h\) and one on the controller \(c\)"):
        with_files(action, {"version": "v1.37.2", "directory": "/h", "controller_directory": "c"})


def test_a_missing_folder_is_an_error(action: Any, tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=f"{tmp_path}/none: this directory does not exist"):
        with_files(action, {"version": "v1.37.2", "controller_directory": "none"})
