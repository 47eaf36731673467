# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies at any write is completed by the next one, and nothing that was valid is lost."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import keys

YEAR = timedelta(days=365)
TREE_WRITES = 22
RENEWAL_STEPS = 7 * 4


class Killed(BaseException):
    """The process is gone."""


def kill_at(monkeypatch, step, half_written):
    """Die at the given write or removal, before it or with its temporary file left behind."""
    count = 0
    write, unlink = _atomic_file.write, os.unlink

    def counted(path, die, action):
        nonlocal count
        if count == step:
            die(path)
            raise Killed
        count += 1
        action()

    def leave_temporary(path):
        if half_written:
            directory, name = os.path.split(path)
            with open(f"{directory}/.{name}.abcd_123", "wb") as left:
                left.write(b"half")

    monkeypatch.setattr(
        _atomic_file, "write", lambda path, data, mode: counted(path, leave_temporary, lambda: write(path, data, mode))
    )
    monkeypatch.setattr(os, "unlink", lambda path: counted(path, lambda _path: None, lambda: unlink(path)))


def is_complete(host):
    for path in host.pki.rglob("*.crt"):
        name = str(path.relative_to(host.root))
        key = host.key(name.replace(".crt", ".key"))
        assert _certificate.public_der(host.certificate(name)) == keys.public_der(key.public_key())
    assert len(list(host.pki.rglob("*.crt"))) == 10
    assert not list(host.pki.rglob(".*"))


@pytest.mark.parametrize("half_written", [False, True])
@pytest.mark.parametrize("step", range(TREE_WRITES))
def test_first_run_dies(new_host, monkeypatch, step, half_written):
    host = new_host()
    with monkeypatch.context() as patch:
        kill_at(patch, step, half_written)
        with pytest.raises(Killed):
            host.run()
    written = host.snapshot()
    planned = host.run(check_mode=True)
    assert planned["changed"]
    assert host.run()["changed"]
    is_complete(host)
    lasting = {name: found for name, found in written.items() if not os.path.basename(name).startswith(".")}
    assert len(lasting) == step
    assert {name: host.snapshot()[name] for name in lasting} == lasting
    assert not host.run()["changed"]


@pytest.mark.parametrize("step", range(RENEWAL_STEPS))
def test_renewal_dies(host, monkeypatch, step):
    with monkeypatch.context() as patch:
        kill_at(patch, step, half_written=True)
        with pytest.raises(Killed):
            host.run(renew_before=2 * YEAR, validity=3 * YEAR)
    planned = host.run(check_mode=True)
    result = host.run()
    assert planned["changed"] and result["changed"]
    assert [item["action"] for item in planned["certificates"]] == [item["action"] for item in result["certificates"]]
    is_complete(host)
    assert not host.run()["changed"]
    assert host.run(renew_before=2 * YEAR, validity=3 * YEAR)["changed"] == (step < RENEWAL_STEPS - 2)
    is_complete(host)


def test_key_without_certificate_replaced_twice_in_a_row(host, monkeypatch):
    """A renewal that dies twice at the same place still ends with one fitting pair."""
    for _attempt in range(2):
        with monkeypatch.context() as patch:
            kill_at(patch, 2, half_written=False)
            with pytest.raises(Killed):
                host.run(renew_before=2 * YEAR, validity=3 * YEAR)
    host.run()
    is_complete(host)


def test_steps_are_all_covered(new_host, monkeypatch):
    host = new_host()
    with monkeypatch.context() as patch:
        kill_at(patch, TREE_WRITES, half_written=False)
        assert host.run()["changed"]
        is_complete(host)
    with monkeypatch.context() as patch:
        kill_at(patch, RENEWAL_STEPS, half_written=False)
        assert host.run(renew_before=2 * YEAR, validity=3 * YEAR)["changed"]
        is_complete(host)
