# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the stages of ``make test``, say how long each took, and close with one count over all of them.

``run.py [STAGE ...]`` runs only the named ones, ``run.py --all`` also what takes too long for every change. Every pytest
of a stage writes a JUnit file into ``$KUBEPHASE_RESULTS`` and is counted test by test; a stage that wrote none counts as
one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
OUTPUT = CHECKOUT / "tests/output"
TOOLS = Path(sys.prefix) / "bin"

TYPED = (
    "ansible_collections.kubephase.cluster.plugins.module_utils",
    "lab",
    "tests.cluster",
    "tests.bench",
    "tests.fuzz",
    "tests.parity",
)

#: The main job runs on the oldest supported minor version each time, and everything on each of them with `--all`.
OLDEST = "1.34"
BETWEEN = ("1.35", "1.36")


@dataclass(frozen=True)
class Stage:
    """A command of the environment, and the minor version it works with where that is not the newest."""

    command: list[str]
    minor: str = ""
    always: bool = True
    everything: bool = False
    """With those topics of a scenario that take too long for every change."""


def molecule(scenario: str, minor: str = "", always: bool = True, everything: bool = False) -> Stage:
    return Stage(["molecule", "test", "--no-command-borders", "--scenario-name", scenario], minor, always, everything)


STAGES: dict[str, Stage] = {
    "yamllint": Stage(["yamllint", "--strict", "."]),
    "ruff": Stage(["ruff", "check", "."]),
    "format": Stage(["ruff", "format", "--check", "."]),
    "mypy": Stage(["mypy", *(word for package in TYPED for word in ("--package", package))]),
    "ansible-lint": Stage(["ansible-lint"]),
    "changelog": Stage(["antsibull-changelog", "lint"]),
    "artifacts": Stage(["python", "-m", "lab", "artifacts", "--with", "e2e", "--with", "plugins"]),
    "unit": Stage(["pytest", "-n", "4", "-m", "not playbook", "tests/unit"]),
    "playbook": Stage(["pytest", "-n", "4", "-m", "playbook", "tests/unit"]),
    "fuzz": Stage(["pytest", "-n", "2", "tests/fuzz"]),
    "parity": Stage(["pytest", "-n", "2", "tests/parity/test_matrix.py"]),
    "sanity": Stage(["python", "tests/sanity/check.py"]),
    "molecule": molecule("default"),
    "kubeadm": molecule("kubeadm"),
    "ha": molecule("ha"),
    "etcd": molecule("etcd", always=False),
    "ha-everything": molecule("ha", always=False, everything=True),
    f"artifacts-{OLDEST}": Stage(["python", "-m", "lab", "artifacts"], OLDEST),
    f"minor-{OLDEST}": molecule("minor", OLDEST),
    **{f"molecule-{minor}": molecule("default", minor, always=False) for minor in (OLDEST, *BETWEEN)},
}


@dataclass
class Outcome:
    stage: str
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def run(stage: str) -> Outcome:
    results = OUTPUT / stage
    results.mkdir(parents=True, exist_ok=True)
    for old in results.glob("*.xml"):
        old.unlink()
    tool, *arguments = STAGES[stage].command
    command = [str(TOOLS / tool), *arguments]
    if tool == "pytest":
        command.append(f"--junit-xml={results / 'pytest.xml'}")
    print(f"\n==== {stage}: {' '.join(STAGES[stage].command)}", flush=True)
    started = time.monotonic()
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "KUBEPHASE_RESULTS": str(results)}
    if STAGES[stage].minor:
        environment["KUBEPHASE_MINOR"] = STAGES[stage].minor
    if STAGES[stage].everything:
        environment["KUBEPHASE_EVERYTHING"] = "1"
    code = subprocess.run(command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL).returncode
    outcome = Outcome(stage, time.monotonic() - started)
    for report in sorted(results.glob("*.xml")):
        count(report, outcome)
    if outcome.passed + outcome.failed == 0:
        outcome.passed, outcome.failed = (0, 1) if code else (1, 0)
    elif code and not outcome.failed:
        outcome.failed = 1  # something beside the tests failed: a playbook of molecule, or pytest itself
    print(f"==== {stage}: {'failed' if outcome.failed else 'passed'} after {outcome.seconds:.0f} s", flush=True)
    return outcome


def count(report: Path, outcome: Outcome) -> None:
    for suite in ElementTree.parse(report).iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        outcome.failed += failed
        outcome.skipped += skipped
        outcome.passed += int(suite.get("tests", 0)) - failed - skipped


def main() -> int:
    every = sys.argv[1:] == ["--all"]
    # what a stage with everything has, one without need not show again
    whole = [name for name, stage in STAGES.items() if not any(_covers(other, stage) for other in STAGES.values())]
    names = whole if every else sys.argv[1:] or [name for name, stage in STAGES.items() if stage.always]
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        sys.exit(f"no such stage: {', '.join(unknown)} (there are: {', '.join(STAGES)})")
    outcomes = [run(name) for name in names]
    print("\n" + "\n".join(summary(outcomes)))
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _covers(other: Stage, stage: Stage) -> bool:
    return other.everything and not stage.everything and (other.command, other.minor) == (stage.command, stage.minor)


def summary(outcomes: list[Outcome]) -> list[str]:
    lines = [f"{'stage':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for each in outcomes:
        lines.append(f"{each.stage:<14}{each.passed:>8}{each.failed:>8}{each.skipped:>9}{each.seconds:>9.0f}")
    passed, failed, skipped = (
        sum(getattr(each, kind) for each in outcomes) for kind in ("passed", "failed", "skipped")
    )
    lines += ["", f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")]
    return lines


if __name__ == "__main__":
    sys.exit(main())
