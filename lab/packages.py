"""Debian packages of the machine itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.commands import run, succeeds
from lab.report import LabError, step

RUN = ("podman", "runc", "netavark", "conmon", "iptables", "openssh-client", "docker-registry")
BUILD = ("mmdebstrap", "gcc", "libc6-dev", "libseccomp-dev", "ca-certificates", "git")


def install() -> None:
    """Installs what is missing; quick when nothing is."""
    missing = [name for name in RUN + BUILD if not _installed(name)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise LabError(f"these Debian packages are missing and there is no apt-get: {' '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    # services of these packages (docker-registry) must not start: the lab starts its own
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        with step(f"installing Debian packages: {' '.join(missing)}"):
            run(["apt-get", "update", "-q"], env=env)
            run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], env=env)
    finally:
        if ours:
            policy.unlink()


def _installed(name: str) -> bool:
    # ${db:Status-Status} is not empty for a removed package, so it is compared
    return succeeds(["sh", "-c", f"dpkg-query -W -f '${{db:Status-Status}}' {name} | grep -qx installed"])


def unpack(name: str, into: Path) -> None:
    """Unpacks a Debian package without installing it."""
    work = into.with_name(f"{into.name}.deb")
    work.mkdir()
    work.chmod(0o777)
    run(["apt-get", "download", "-q", name], cwd=work)
    run(["dpkg-deb", "-x", next(work.glob("*.deb")), into])
    shutil.rmtree(work)
