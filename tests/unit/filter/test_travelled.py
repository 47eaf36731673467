# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.kubephase.cluster.plugins.filter.travelled import travelled


def entry(file: str, to: str, how: str = "sealed") -> dict[str, str]:
    return {"file": file, "from": "cp1", "to": to, "how": how}


def test_hosts_that_got_the_same_stand_in_one_line() -> None:
    entries = [entry("ca.key", "cp2"), entry("ca.crt", "cp2", "plain"), entry("ca.key", "cp3")]
    assert travelled(entries) == ["ca.key: cp1 -> cp2, cp3 [sealed]", "ca.crt: cp1 -> cp2 [plain]"]
    assert travelled([]) == []
