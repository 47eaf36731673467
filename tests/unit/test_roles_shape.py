# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role has one shape, and says the same of its variables in defaults, argument specification and README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import CLUSTER

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = {path.name: path for path in sorted((CHECKOUT / "roles").iterdir()) if path.is_dir()}
FILES = ("meta/main.yml", "meta/argument_specs.yml", "defaults/main.yml", "tasks/main.yml", "README.md")
FOLDERS = {"meta", "defaults", "tasks", "templates", "vars", "README.md"}
ONE_CELL = re.compile(r"^\|([^|]*)\|", re.MULTILINE)
PARTS = {
    path.stem
    for pattern in ("modules/*.py", "filter/*.yml", "lookup/*.py", "callback/*.py")
    for path in (CHECKOUT / "plugins").glob(pattern)
} | {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}

pytestmark = pytest.mark.parametrize("role", ROLES)


def load(role: str, path: str) -> Any:
    return yaml.safe_load((ROLES[role] / path).read_text()) or {}


def prefix(role: str) -> str:
    """The role ``config`` reads what belongs to the whole collection."""
    return "kubephase_" if role == "config" else f"{role}_"


def variables(role: str) -> set[str]:
    return set(load(role, "defaults/main.yml"))


def texts(role: str, *folders: str) -> dict[Path, str]:
    files = [path for folder in folders for path in (ROLES[role] / folder).rglob("*") if path.is_file()]
    return {path: path.read_text() for path in files}


def test_has_the_files_of_a_role(role: str) -> None:
    assert [name for name in FILES if not (ROLES[role] / name).is_file()] == []
    assert {path.name for path in ROLES[role].iterdir()} <= FOLDERS


def test_defaults_are_the_specified_options(role: str) -> None:
    assert set(load(role, "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})) == variables(role)


def test_readme_lists_the_variables(role: str) -> None:
    """In the first column of its tables."""
    cells = ONE_CELL.findall((ROLES[role] / "README.md").read_text())
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert {name for name in named if name.startswith(prefix(role))} == variables(role)


def test_variables_carry_the_name_of_the_role(role: str) -> None:
    assert [name for name in variables(role) if not name.startswith(prefix(role))] == []
    internal = load(role, "vars/main.yml") if (ROLES[role] / "vars/main.yml").exists() else {}
    assert [name for name in internal if not name.startswith(f"__{role}_")] == []


def test_works_alone(role: str) -> None:
    """The resolved configuration comes with the role, wherever it is used."""
    wanted = [] if role == "config" else [{"role": "kubephase.cluster.config"}]
    assert load(role, "meta/main.yml")["dependencies"] == wanted


def test_has_the_metadata_of_the_collection(role: str) -> None:
    found = load(role, "meta/main.yml")["galaxy_info"]
    assert found["license"] == "GPL-3.0-or-later"
    assert found["min_ansible_version"] == "2.19"
    assert [each["name"] for each in found["platforms"]] == ["Debian", "Ubuntu", "EL"]


def test_names_only_what_the_collection_has(role: str) -> None:
    """In templates and README too. The fact ``kubephase.cluster`` is a ClusterConfiguration."""
    named = {name for text in texts(role, ".").values() for name in re.findall(r"\bkubephase\.cluster\.(\w+)", text)}
    assert named - PARTS - set(ROLES) - set(CLUSTER.fields) == set()


def test_names_no_inventory_group(role: str) -> None:
    pattern = re.compile(r"\bgroups(?:\[|\.\w)|\bgroup_names\b|^(?:- )?hosts:", re.MULTILINE)
    guilty = [
        path for path, text in texts(role, "tasks", "defaults", "vars", "templates").items() if pattern.search(text)
    ]
    assert guilty == []


def test_leaves_privilege_to_the_playbook(role: str) -> None:
    """On the play's hosts. Signing is delegated to another one, which has its own user."""
    pattern = re.compile(r"^\s*become(?!: \"{{ certificate_signing_become }}\"$)", re.MULTILINE)
    assert [path for path, text in texts(role, "tasks").items() if pattern.search(text)] == []


def test_hides_no_failure(role: str) -> None:
    pattern = re.compile(r"ignore_errors|failed_when: false|ignore_unreachable")
    assert [path for path, text in texts(role, "tasks").items() if pattern.search(text)] == []


def test_task_files_are_short(role: str) -> None:
    lengths = {path.name: len(text.splitlines()) for path, text in texts(role, "tasks").items()}
    assert {name: length for name, length in lengths.items() if length > 80} == {}
