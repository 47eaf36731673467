# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a module."""

from __future__ import annotations

from ansible_collections.kubephase.cluster.plugins.module_utils._module import without_passwords


def test_a_diff_shows_no_password_of_a_url() -> None:
    diff = [
        {"before": "", "after": 'Environment="HTTPS_PROXY=http://jane:s3cret@proxy:3128"\nhttps://example.org/a@b\n'}
    ]
    assert without_passwords(diff) == [
        {"before": "", "after": 'Environment="HTTPS_PROXY=http://********@proxy:3128"\nhttps://example.org/a@b\n'}
    ]
