"""Debian packages of the machine itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab.commands import run
from lab.report import LabError, step

RUN = ("podman", "runc", "netavark", "conmon", "iptables", "openssh-client", "docker-registry")
BUILD = ("mmdebstrap", "gcc", "libc6-dev", "libseccomp-dev", "pkg-config", "ca-certificates")


def install() -> None:
    """Installs what is missing; quick when nothing is."""
    if not shutil.which("dpkg-query"):
        raise LabError("the lab needs a Debian machine (12 or newer)")
    installed = _installed()
    if not (missing := [name for name in RUN + BUILD if name not in installed]):
        return
    if os.geteuid() != 0:
        raise LabError(f"these Debian packages are missing, and only root may install them: {' '.join(missing)}")
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


def _installed() -> set[str]:
    """Those of ours that are; a removed package may still be known, so its status is looked at."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *RUN, *BUILD]
    found = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return {line.split()[0] for line in found.splitlines() if line.endswith(" installed")}


def unpack(name: str, into: Path) -> None:
    """Unpacks a Debian package without installing it."""
    work = into.with_name(f"{into.name}.deb")
    work.mkdir()
    work.chmod(0o777)
    try:
        run(["apt-get", "download", "-q", name], cwd=work)
    except LabError:
        # the machine's package lists are missing or old
        run(["apt-get", "update", "-q"])
        run(["apt-get", "download", "-q", name], cwd=work)
    run(["dpkg-deb", "-x", next(work.glob("*.deb")), into])
    shutil.rmtree(work)
