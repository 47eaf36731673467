# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the checks and telling what came of them, all together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.pull import images_diff
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    ERROR,
    SKIPPED,
    WARNING,
    Check,
    Finding,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.plan import Plan
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.request import Request
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.runtime import Runtime


class Outcome(NamedTuple):
    """A check and what it found."""

    check: Check
    findings: list[Finding]
    ignored: bool

    @property
    def result(self) -> str:
        """ok, skipped, warning, ignored (an error that counts as a warning) or error: the worst of what was found."""
        levels = {finding.level for finding in self.findings}
        if ERROR in levels:
            return "ignored" if self.ignored else ERROR
        return next((level for level in (WARNING, SKIPPED) if level in levels), "ok")

    def as_dict(self) -> dict[str, str]:
        """What the module returns of it."""
        message = "; ".join(finding.message for finding in self.findings)
        return {"name": self.check.name, "level": self.check.level, "result": self.result, "message": message}


class PreflightFailed(KubephaseError):
    """Errors that were not ignored."""


class Report:
    """What all checks came to."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.missing_images: list[str] = []
        self.pulled_images: list[str] = []
        # those that were pulled, or in check mode would be
        self.changes: list[str] = []

    @property
    def failed(self) -> bool:
        """Whether an error was found that is not ignored."""
        return any(outcome.result == ERROR for outcome in self.outcomes)

    def warnings(self) -> list[str]:
        """A line for each warning, and for each error that is ignored."""
        return [
            f"[WARNING {outcome.check.name}]: {finding.message}"
            for outcome in self.outcomes
            for finding in outcome.findings
            if finding.level == WARNING or (finding.level == ERROR and outcome.ignored)
        ]

    def raise_errors(self) -> None:
        """Raise one error that lists every error found."""
        lines = [
            f"[ERROR {outcome.check.name}]: {finding.message}"
            for outcome in self.outcomes
            for finding in outcome.findings
            if finding.level == ERROR and not outcome.ignored
        ]
        if lines:
            head = "this host cannot become a node yet" if len(lines) == 1 else f"this host fails {len(lines)} checks"
            tail = "A check that this host may fail can be named in nodeRegistration.ignorePreflightErrors."
            raise PreflightFailed("\n".join([f"preflight: {head}", *lines, tail]))

    def result(self) -> dict[str, Any]:
        """What the module returns."""
        return {
            "changed": bool(self.changes),
            "checks": [outcome.as_dict() for outcome in self.outcomes],
            "skipped_checks": [outcome.check.name for outcome in self.outcomes if outcome.result == SKIPPED],
            "missing_images": self.missing_images,
            "pulled_images": self.pulled_images,
            **({"diff": images_diff(self.changes)} if self.changes else {}),
        }


def preflight(host: Host, request: Request) -> Report:
    """Make every check that this host's part of the configuration calls for; nothing is raised for what they find."""
    report = Report()
    runtime = Runtime(host, request.cri_socket)
    plan = Plan(host, request, runtime)
    try:
        _make([plan.root()], request, report)
        if report.failed:
            return report
        _make(plan.checks(), request, report)
        if not report.failed and request.images:
            _images(plan, runtime, request, report)
    finally:
        runtime.close()
    return report


def _images(plan: Plan, runtime: Runtime, request: Request, report: Report) -> None:
    if request.pull:
        _make([plan.images()], request, report)
    else:
        runtime.look(list(request.images))
    report.missing_images, report.pulled_images = runtime.missing, runtime.pulled
    if not plan.host.check_mode:
        report.changes = runtime.pulled
    elif request.pull and request.pull_policy != "Never":
        report.changes = runtime.missing


def _make(checks: Iterable[Check], request: Request, report: Report) -> None:
    ignored = request.ignored
    for check in checks:
        findings = list(check.run())
        report.outcomes.append(Outcome(check, findings, "all" in ignored or check.name.lower() in ignored))
