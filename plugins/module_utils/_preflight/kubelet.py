# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the kubelet and of systemd units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    Finding,
    error,
    skipped,
    warning,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.units import unit
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.version import Version, parse

# how many minor versions a kubelet may be older
SUPPORTED_SKEW = 3
_OUTPUT = re.compile(r"Kubernetes (v?[0-9]\S*)")


def installed(host: Host) -> Version | None:
    """The version of the kubelet on this host, or None where there is none that answers."""
    code, out = host.output("kubelet", "--version")
    found = _OUTPUT.search(out)
    return parse(found.group(1)) if code == 0 and found else None


def not_installed(host: Host) -> Finding:
    """What is to be said where ``installed`` returns None."""
    code, out = host.output("kubelet", "--version")
    if host.which("kubelet") is None:
        return skipped("kubelet") if host.check_mode else error("the kubelet is not installed (role kubelet)")
    last = out.splitlines()[-1] if out else "no output"
    return error(f"'kubelet --version' does not tell a version (exit code {code}: {last}): install the kubelet again")


def version(host: Host, minor: int, kubernetes: Version | None) -> Iterator[Finding]:
    """Is the kubelet of a version that this control plane supports?

    :param kubernetes: the control plane's version; None where it is not known yet.
    """
    found = installed(host)
    if found is None:
        yield not_installed(host)
        return
    if found.before_minor(minor - SUPPORTED_SKEW):
        yield error(f"the kubelet {found} is too old; 1.{minor - SUPPORTED_SKEW}.0 is the oldest that is supported")
    if kubernetes is not None and (found.major > kubernetes.major or found.minor > kubernetes.minor):
        yield error(
            f"the kubelet {found} is newer than the control plane {kubernetes}: install one of its minor version"
        )


def kubernetes_version(given: str, minor: int) -> Iterator[Finding]:
    """Is Kubernetes of a version that is known?"""
    found = parse(given)
    if found is None:
        yield error(f"kubernetesVersion {given!r} is no version like v1.{minor}.0")
    elif (found.major, found.minor) > (1, minor):
        yield warning(f"Kubernetes {found} is newer than 1.{minor}, the newest that is known here")


def service(host: Host) -> Iterator[Finding]:
    """Is there a unit for the kubelet, and is it enabled?"""
    found = unit(host, "kubelet")
    if found is None:
        yield warning("systemd does not answer, so that the unit kubelet.service cannot be checked")
    elif found.get("LoadState") == "not-found":
        missing = "the unit kubelet.service does not exist"
        yield skipped(missing) if host.check_mode else warning(f"{missing} (role kubelet)")
    elif found.get("UnitFileState") not in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated"):
        message = "the unit kubelet.service is not enabled: run 'systemctl enable kubelet.service'"
        yield skipped(message) if host.check_mode else warning(message)


def firewalld(host: Host, ports: list[int]) -> Iterator[Finding]:
    """Is firewalld running?"""
    found = unit(host, "firewalld")
    if found is not None and found.get("ActiveState") in ("active", "activating"):
        yield warning(f"firewalld is active: the ports {', '.join(map(str, ports))} have to be open in it")
