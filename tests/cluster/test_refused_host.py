# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host or a download that is not as it must be: one clear error, and what was there stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.authority import Authority
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, Run, roles

NOTHING = "sha256:" + "0" * 64


Play = Callable[..., Run]


@pytest.fixture
def played(spare: Host, playbooks: Playbooks, tmp_path: Path) -> Play:
    """Plays one role alone on the spare host."""

    def play(role: str, **variables: Any) -> Run:
        return playbooks.play(roles(tmp_path, spare.name, role), **variables)

    return play


def test_wrong_checksum(played: Play, spare: Host) -> None:
    spare.write("/usr/bin/kubelet", "the one before", "0755")
    run = played("kubelet", kubelet_checksums={"kubelet": NOTHING})
    assert run.code != 0, run.output
    assert "kubelet" in run.error and "0" * 64 in run.error and "checksum" in run.error.lower(), run.output
    assert spare.read("/usr/bin/kubelet") == "the one before"
    assert spare.run("find /usr/bin -name '.*'").strip() == ""
    spare.run("rm /usr/bin/kubelet")


def test_missing_disk_space(played: Play, spare: Host) -> None:
    spare.run("mount -t tmpfs -o size=1m none /usr/local/bin && echo before > /usr/local/bin/runc")
    try:
        run = played("container_runtime")
        assert run.code != 0, run.output
        assert "/usr/local" in run.error and "space" in run.error.lower(), run.output
        assert spare.read("/usr/local/bin/runc").strip() == "before"
        assert spare.run("ls -A /usr/local/bin").split() == ["runc"]
    finally:
        spare.run("umount /usr/local/bin")


def test_port_in_use(played: Play, spare: Host) -> None:
    spare.run("systemd-run --unit=occupied python3 -m http.server 10250")
    try:
        spare.run("for i in $(seq 50); do ss -ltn | grep -q :10250 && exit; sleep 0.1; done; exit 1")
        run = played("preflight")
        assert run.code != 0, run.output
        assert "Port-10250" in run.error and "10250" in run.error, run.output
    finally:
        spare.run("systemctl stop occupied")


def test_certificate_of_another_ca(played: Play, spare: Host) -> None:
    mine, other = Authority(), Authority("other")
    certificate, key = other.issue("kube-apiserver")
    pki = "/etc/kubernetes/pki"
    spare.run(f"mkdir -p {pki}")
    spare.write(f"{pki}/ca.crt", mine.pem)
    spare.write(f"{pki}/ca.key", mine.key_pem, "0600")
    spare.write(f"{pki}/apiserver.crt", certificate)
    spare.write(f"{pki}/apiserver.key", key, "0600")
    before = spare.fingerprint("/etc/kubernetes")
    run = played("pki")
    assert run.code != 0, run.output
    assert f"{pki}/apiserver.crt" in run.error and "ca" in run.error.lower(), run.output
    assert spare.fingerprint("/etc/kubernetes") == before
    spare.run("rm -r /etc/kubernetes")
