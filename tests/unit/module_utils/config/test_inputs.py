# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of inputs: the backend's, the role's and the module's must be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils._config.inputs import INPUTS
from ansible_collections.kubephase.cluster.plugins.modules import config

CHECKOUT = Path(__file__).resolve().parents[4]
ROLE = CHECKOUT / "roles/config"


def load(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text())


def test_the_roles_defaults_are_the_backends() -> None:
    assert load("defaults/main.yml") == {f"kubephase_{name}": known.default for name, known in INPUTS.items()}


def test_the_argument_specification_says_the_same() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == load("defaults/main.yml")
    documented = yaml.safe_load(config.DOCUMENTATION)["options"]
    documented.pop("refresh")
    assert {f"kubephase_{name}": option for name, option in documented.items()} == options
    for name, known in INPUTS.items():
        assert tuple(documented[name].get("choices", ())) == getattr(known.type, "choices", ())


def test_the_task_hands_over_every_input() -> None:
    (task,) = load("tasks/main.yml")
    given = {name: value for name, value in task["kubephase.cluster.config"].items() if name != "refresh"}
    assert given == {name: f"{{{{ kubephase_{name} }}}}" for name in INPUTS}
    assert task["register"] == "kubephase"


def test_the_module_documents_every_part_of_the_fact(fact: Any) -> None:
    assert set(yaml.safe_load(config.RETURN)) == set(fact())
