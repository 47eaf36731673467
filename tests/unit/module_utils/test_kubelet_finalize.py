# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's kubeconfig before and after the kubelet has a certificate that it rotates."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kubelet_finalize import finalize
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

GOLDEN = Path(__file__).parents[2] / "parity/golden/1.37/default"
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


class Kubelet:
    """Stands for the systemd unit: restarts when told to, or when a file is newer than it.

    :param made_it: the certificate that is rotated was made since it started.
    """

    def __init__(self, running=True, made_it=False):
        self.running = running
        self.made_it = made_it
        self.restarts = 0
        self.stale = False

    def is_older_than(self, path):
        newer = self.made_it if path.endswith(".pem") else self.stale
        return self.running and newer and Path(path).exists()

    def is_active(self):
        return self.running

    def ensure(self, *, state, newer_than, restart):
        assert state == "unchanged" and newer_than
        if not (self.running and (restart or self.stale)):
            return []
        self.restarts += 1
        self.stale = False
        return ["restarted"]


@pytest.fixture
def files(tmp_path):
    """kubelet.conf with a certificate inside, and a function that makes the rotated one."""
    key = keys.generate("ECDSA-P256")

    def pem(end):
        when = certificates.Period(NOW - 9 * DAY, end)
        return certificates.pem(certificates.self_signed(Profile("system:node:cp1"), key, when, 37))

    mapping = _kubeconfig.build(
        server="https://192.0.2.10:6443",
        ca=b"CA",
        cluster="kubernetes",
        user="system:node:cp1",
        client_certificate=pem(NOW + DAY),
        client_key=keys.private_pem(key),
    )
    (tmp_path / "kubelet.conf").write_bytes(_kubeconfig.text(mapping))
    rotated = tmp_path / "kubelet-client-current.pem"
    return tmp_path, lambda end: rotated.write_bytes(pem(end) + keys.private_pem(key))


def run(directory, unit, check_mode=False):
    return finalize(f"{directory}/kubelet.conf", f"{directory}/", unit, check_mode)


def test_certificate_inside_is_replaced_by_the_path(files):
    directory, rotate = files
    rotate(NOW + DAY)
    text = (directory / "kubelet.conf").read_text()
    unit = Kubelet()
    planned = run(directory, unit, check_mode=True)
    assert (directory / "kubelet.conf").read_text() == text
    unit = Kubelet()
    done = run(directory, unit)
    assert planned == done and done["changed"] and done["unit"] == ["restarted"]
    path = f"{directory}/kubelet-client-current.pem"
    found = _kubeconfig.load(f"{directory}/kubelet.conf")
    assert (found.client_certificate_path, found.client_key_path) == (path, path)
    assert not found.client_certificate_data and not found.client_key_data
    assert found.server == "https://192.0.2.10:6443" and found.user == "system:node:cp1"
    assert (directory / "kubelet.conf").stat().st_mode & 0o777 == 0o600
    again = run(directory, unit)
    assert (again["changed"], again["diff"], unit.restarts) == (False, [], 1)
    assert "LS0t" not in str(done["diff"])


def test_kubelet_that_made_the_certificate_goes_on(files):
    directory, rotate = files
    rotate(NOW + DAY)
    path = directory / "kubelet.conf"
    os.utime(path, (1000, 1000))
    unit = Kubelet(made_it=True)
    planned = run(directory, unit, check_mode=True)
    assert planned["changed"] and planned["diff"] and not planned["unit"]
    assert run(directory, unit) == planned
    assert _kubeconfig.load(str(path)).client_certificate_path == f"{directory}/kubelet-client-current.pem"
    assert (path.stat().st_mtime, unit.restarts) == (1000, 0), "no later run restarts it either"
    assert not run(directory, unit)["changed"]


def test_kubeconfig_that_is_newer_for_another_reason_is_told_to_it(files):
    """Or seems to be, as the clock was put back: a file of the future would have it restarted for ever."""
    directory, rotate = files
    rotate(NOW + DAY)
    path = directory / "kubelet.conf"
    tomorrow = (NOW + DAY).timestamp()
    os.utime(path, (tomorrow, tomorrow))
    unit = Kubelet(made_it=True)
    unit.stale = True
    assert run(directory, unit)["unit"] == ["restarted"]
    assert path.stat().st_mtime < tomorrow - 3600


def test_on_a_host_that_stands_for_one_that_joined_the_file_is_what_the_kubelet_writes(files):
    directory, rotate = files
    rotate(NOW + DAY)
    path = f"{directory}/kubelet-client-current.pem"
    done = finalize(f"{directory}/kubelet.conf", f"{directory}/", Kubelet(), False, joined=True)
    assert done["changed"]
    golden = (GOLDEN / "w1/etc/kubernetes/kubelet.conf").read_text()
    wanted = golden.replace("MASKED", "Q0E=").replace("172.30.1.101", "192.0.2.10")
    wanted = wanted.replace("/var/lib/kubelet/pki/kubelet-client-current.pem", path)
    assert (directory / "kubelet.conf").read_text() == wanted
    assert not finalize(f"{directory}/kubelet.conf", f"{directory}/", Kubelet(), False, joined=True)["changed"]


def test_restart_that_an_earlier_run_owes_is_made(files):
    directory, rotate = files
    rotate(NOW + DAY)
    run(directory, Kubelet())
    unit = Kubelet()
    unit.stale = True
    result = run(directory, unit)
    assert result["changed"] and result["unit"] == ["restarted"] and not result["diff"]


def test_nothing_is_done_without_rotation(files):
    directory, _rotate = files
    for check_mode in (True, False):
        assert not run(directory, Kubelet(), check_mode)["changed"]


def test_check_mode_expects_the_kubelet_that_is_not_started_yet_to_rotate(files):
    directory, _rotate = files
    assert run(directory, Kubelet(running=False), check_mode=True)["changed"]
    assert not run(directory, Kubelet(running=False))["changed"]


def test_expired_rotated_certificate_is_not_taken(files):
    directory, rotate = files
    rotate(NOW - DAY)
    assert not run(directory, Kubelet())["changed"]
    assert _kubeconfig.load(f"{directory}/kubelet.conf").client_certificate_data


def test_missing_kubeconfig(tmp_path):
    assert run(tmp_path, Kubelet(), check_mode=True)["changed"]
    with pytest.raises(KubephaseError, match=r"kubelet\.conf: the kubelet's kubeconfig is missing"):
        run(tmp_path, Kubelet())
