"""The image of a host: what a plain Debian server has, as a root file system."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from lab import pins, store
from lab.commands import run
from lab.podman import exists, podman
from lab.report import step

PACKAGES = (
    "apt ca-certificates conntrack curl dbus ethtool iproute2 ipset iptables iputils-ping kmod less libpam-systemd "
    "lsb-release mount netbase nftables openssh-server openssl procps python3 python3-apt python3-cryptography "
    "python3-yaml socat sudo systemd systemd-sysv tzdata util-linux"
)
CUSTOMIZE = Path(__file__).with_name("host-image.sh")
REPOSITORY = "localhost/kubephase-host"


def key() -> str:
    """Another recipe is another image."""
    return hashlib.sha256((PACKAGES + pins.DEBIAN + CUSTOMIZE.read_text()).encode()).hexdigest()[:12]


def bootstrap(target: Path, packages: str, *more: str) -> None:
    """A minimal Debian of the machine's own package sources' default mirror, as a tar file."""
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={packages.replace(' ', ',')}",
            *more,
            pins.DEBIAN,
            target,
        ]
    )


def ensure() -> str:
    """Returns the image's name after making sure that podman has it."""
    image = f"{REPOSITORY}:{key()}"
    if exists("image", image):
        return image
    at = store.ensure(
        f"host-{key()}",
        f"Debian {pins.DEBIAN} for the hosts",
        lambda into: bootstrap(into / "root.tar", PACKAGES, f"--customize-hook={CUSTOMIZE}"),
    )
    with step("importing the host image"):
        changes = ['CMD ["/sbin/init"]', "STOPSIGNAL SIGRTMIN+3"]
        podman("import", "--quiet", *(f"--change={change}" for change in changes), str(at / "root.tar"), image)
    _forget_others()
    return image


def _forget_others() -> None:
    """Images of other recipes are of no use; one that a host still runs from stays."""
    images = podman("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    used = podman("ps", "--all", "--format", "{{.Image}}").split()
    for image in images:
        if not image.endswith(f":{key()}") and image not in used:
            podman("image", "rm", image)
    for old in store.folder("store").glob("host-*"):
        if old.name != f"host-{key()}":
            shutil.rmtree(old)
