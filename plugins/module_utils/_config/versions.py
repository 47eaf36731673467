# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the supported Kubernetes minor versions, and how a version is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_VERSION = "v1.37.2"


@dataclass(frozen=True)
class Minor:
    """Facts of one kubeadm minor version. ``etcd`` maps a cluster's minor to its image tag."""

    release: str
    """The patch version that this collection is tested with."""
    etcd: Mapping[int, str]
    pause: str
    coredns: str
    feature_gates: Mapping[str, bool]
    """The gates that ClusterConfiguration may name, and their defaults."""
    kube_proxy_mode: str = ""
    uploads_resolv_conf: bool = True


MINORS: dict[int, Minor] = {
    34: Minor(
        release="v1.34.4",
        etcd={31: "3.5.24-0", 32: "3.5.24-0", 33: "3.5.24-0", 34: "3.6.5-0"},
        pause="3.10.1",
        coredns="v1.12.1",
        feature_gates={
            "ControlPlaneKubeletLocalMode": True,
            "NodeLocalCRISocket": True,
            "PublicKeysECDSA": False,
            "RootlessControlPlane": False,
            "WaitForAllControlPlaneComponents": True,
        },
    ),
    35: Minor(
        release="v1.35.4",
        etcd={33: "3.5.24-0", 34: "3.6.6-0", 35: "3.6.6-0"},
        pause="3.10.1",
        coredns="v1.13.1",
        feature_gates={
            "ControlPlaneKubeletLocalMode": True,
            "NodeLocalCRISocket": True,
            "PublicKeysECDSA": False,
            "RootlessControlPlane": False,
        },
    ),
    36: Minor(
        release="v1.36.3",
        etcd={34: "3.6.8-0", 35: "3.6.8-0", 36: "3.6.8-0"},
        pause="3.10.2",
        coredns="v1.14.2",
        feature_gates={"NodeLocalCRISocket": True, "PublicKeysECDSA": False, "RootlessControlPlane": False},
    ),
    37: Minor(
        release=DEFAULT_VERSION,
        etcd={34: "3.7.0-0", 35: "3.7.0-0", 36: "3.7.0-0"},
        pause="3.10.2",
        coredns="v1.14.6",
        feature_gates={"RootlessControlPlane": False},
        kube_proxy_mode="iptables",
        uploads_resolv_conf=False,
    ),
}
HARD_CODED_GATES = {
    "ControlPlaneKubeletLocalMode": 35,
    "NodeLocalCRISocket": 37,
    "WaitForAllControlPlaneComponents": 34,
}
"""Gates that are on whatever is said of them, and the first minor version where that holds."""

SUPPORTED = f"v1.{min(MINORS)}.x to v1.{max(MINORS)}.x"

_NUMBER = r"(0|[1-9][0-9]{0,4})"
_PARTS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PARTS}))?(?:\+{_PARTS})?\Z", re.ASCII)
_ZERO_PREFIXED = re.compile(r"(?:^|\.)0[0-9]+(?:\.|$)", re.ASCII)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Major, minor and patch of a semantic version, or None where the text is none."""
    found = _VERSION.match(text)
    if not found or _ZERO_PREFIXED.search(found.group(4) or ""):
        return None
    return int(found.group(1)), int(found.group(2)), int(found.group(3))


def etcd_tag(minor: int) -> str:
    """The tag of the etcd image that kubeadm of this minor runs for a cluster of this minor."""
    known = MINORS[minor].etcd
    return known.get(minor) or known[max(known) if minor > max(known) else min(known)]


def effective_gates(given: Mapping[str, bool], minor: int) -> dict[str, bool]:
    """Every feature gate that this collection knows as kubeadm of this minor behaves."""
    known = {name: False for one in MINORS.values() for name in one.feature_gates}
    known.update(MINORS[minor].feature_gates)
    known.update({name: value for name, value in given.items() if name in MINORS[minor].feature_gates})
    known.update({name: True for name, since in HARD_CODED_GATES.items() if minor >= since})
    return dict(sorted(known.items()))
