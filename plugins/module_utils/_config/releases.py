# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetesVersion: exact versions, labels such as stable-1.36, and builds of CI."""

from __future__ import annotations

import re
from typing import Any, Callable, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils._config.reading import shown
from ansible_collections.kubephase.cluster.plugins.module_utils._config.sources import Document, Faults
from ansible_collections.kubephase.cluster.plugins.module_utils._config.versions import (
    DEFAULT_VERSION,
    MINORS,
    SUPPORTED,
    parse_version,
)

RELEASE_URL = "https://dl.k8s.io/release"
CI_URL = "https://storage.googleapis.com/k8s-release-dev/ci"
CI_IMAGE_REPOSITORY = "gcr.io/k8s-staging-ci-images"

Fetch = Optional[Callable[[str], str]]
"""The text behind a URL; OSError or ValueError where it cannot be had."""

_RELEASE = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-\w.+]*)\Z", re.ASCII)
_LABEL = re.compile(r"(latest|stable)+(-[1-9](\.[1-9]\d?)?)?\Z", re.ASCII)
_PREFIXED = re.compile(r"(?:(release|ci)/)?([-\w.+]+)\Z", re.ASCII)
_LONGEST = 128
_FOLLOWED = 4
"""How many labels in a row are followed."""


def resolve_version(
    document: Document, release_url: str, fetch: Fetch, faults: Faults, warnings: list[str]
) -> dict[str, Any]:
    """The version as ``{gitVersion, major, minor, patch, ci, label}``; the default's where it cannot be used."""
    text = document.get("kubernetesVersion", default=DEFAULT_VERSION)
    where = document.where("kubernetesVersion")
    prefixed = _PREFIXED.match(text) if len(text) <= _LONGEST else None
    if prefixed is None:
        faults.add(where, "not a Kubernetes version", text, f"{SUPPORTED}, written like v1.37.2")
        return _parts(DEFAULT_VERSION, False, "")
    ci, name = prefixed.group(1) == "ci", prefixed.group(2)
    label = "" if _RELEASE.match(name) else text
    if label and not _LABEL.match(name):
        faults.add(where, "neither a Kubernetes version nor a label", text, f"{SUPPORTED}, or a label like stable-1.36")
        return _parts(DEFAULT_VERSION, False, "")
    if label:
        name = _follow(name, CI_URL if ci else release_url, release_url, fetch, where, warnings)
    version = name if name.startswith("v") else f"v{name}"
    numbers = parse_version(version)
    if numbers is None:
        faults.add(where, "not a Kubernetes version", version, f"{SUPPORTED}, written like v1.37.2")
    elif numbers[0] != 1 or numbers[1] not in MINORS:
        faults.add(where, "unsupported Kubernetes version", version, SUPPORTED)
    else:
        return _parts(version, ci, label)
    return _parts(DEFAULT_VERSION, False, "")


def check_version(document: Document, text: str, faults: Faults, *path: str) -> None:
    """A version or a label that is followed later."""
    prefixed = _PREFIXED.match(text) if len(text) <= _LONGEST else None
    name = prefixed.group(2) if prefixed else ""
    if not (_LABEL.match(name) or (_RELEASE.match(name) and parse_version(name))):
        accepted = f"{SUPPORTED}, or a label like stable-1.36"
        faults.add(document.where(*path), "neither a Kubernetes version nor a label", text, accepted)


def _parts(version: str, ci: bool, label: str) -> dict[str, Any]:
    major, minor, patch = parse_version(version) or (1, max(MINORS), 0)
    return {"gitVersion": version, "major": major, "minor": minor, "patch": patch, "ci": ci, "label": label}


def _follow(label: str, url: str, release_url: str, fetch: Fetch, where: str, warnings: list[str]) -> str:
    """The version behind a label, as kubeadm finds it: never one that is newer than the newest it knows."""
    own = _own_version(label)
    for _turn in range(_FOLLOWED):
        try:
            if fetch is None:
                raise OSError("there is no way to ask for it")
            found = fetch(f"{url}/{label}.txt").strip()
        except (OSError, ValueError) as error:
            warnings.append(
                f"{where}: the label {label} cannot be resolved ({shown(str(error))}), {own} is used instead"
            )
            return own
        url = release_url
        numbers = parse_version(found) if len(found) <= _LONGEST else None
        newest = parse_version(own) or (1, 0, 0)
        if numbers is None:
            warnings.append(f"{where}: the label {label} leads to no version ({shown(found)!r}), {own} is used instead")
            return own
        if numbers[:2] <= newest[:2]:
            return found
        label = f"stable-{newest[0]}.{newest[1]}"
    warnings.append(f"{where}: the label {label} leads to newer versions only, {own} is used instead")
    return own


def _own_version(label: str) -> str:
    """What this collection was made with, of the label's minor version where it names one."""
    minor = re.search(r"-1\.(\d+)\Z", label)
    known = MINORS.get(int(minor.group(1))) if minor else None
    return known.release if known else DEFAULT_VERSION
