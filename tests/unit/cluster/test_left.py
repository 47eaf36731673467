# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison tells each difference, and only what is new each time is none."""

from __future__ import annotations

from tests.cluster.left import differences, plain

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def test_each_difference_is_told() -> None:
    wanted = {"files": {"/a": {"mode": "600"}, "/b": {"mode": "644"}}, "etcd": {"cp1": False}}
    found = {"files": {"/a": {"mode": "644"}, "/c": {}}, "etcd": {"cp1": False}}
    assert list(differences(wanted, found)) == [
        "/files//a/mode: '644' and not '600'",
        "/files//b: missing",
        "/files//c: not there otherwise",
    ]
    assert list(differences(wanted, wanted)) == []


def test_certificates_and_ranges_of_pods_are_new_each_time() -> None:
    assert plain(f"ca: |\n{PEM.format('AAA')}") == plain(f"ca: |\n{PEM.format('BBB')}")
    assert plain("subnet: 10.244.1.0/24") == plain("subnet: 10.244.12.0/24") != plain("subnet: 10.96.0.0/12")
    assert plain(PEM.format("AAA") + "x" + PEM.format("CCC")) == "CERTIFICATExCERTIFICATE"
