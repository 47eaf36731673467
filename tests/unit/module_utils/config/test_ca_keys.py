# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the keys of the certificate authorities are."""

from __future__ import annotations

from typing import Any, Callable


def test_every_control_plane_has_them_unless_something_else_is_said(fact: Callable[..., dict[str, Any]]) -> None:
    assert fact()["ca_keys"] == "shared"
    assert fact(ca_keys="single")["ca_keys"] == "single"


def test_other_places_are_refused(fault: Callable[..., str]) -> None:
    assert "kubephase_ca_keys" in fault(ca_keys="vault")


def test_upload_would_hand_them_over(fact: Callable[..., dict[str, Any]], fault: Callable[..., str]) -> None:
    assert fact(upload_certs=True)["upload_certs"]
    assert (
        "kubephase_upload_certs: it hands the keys of the authorities to every control plane, and kubephase_ca_keys is single"
        in fault(ca_keys="single", upload_certs=True)
    )
