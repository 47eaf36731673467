# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes project's own suite for clusters that kubeadm made, of the same version."""

from __future__ import annotations

import re
import subprocess

from lab import artifacts, pins, store
from tests.cluster.cluster import Cluster
from tests.cluster.playbook import Playbooks

# specs that ask for the Secret kubeadm-certs, which only `--upload-certs` makes
COPY_CERTS = r"\[copy-certs\]"


def test_suite_passes(cluster: Cluster, playbooks: Playbooks) -> None:
    release = pins.release(pins.DEFAULT_MINOR)
    uploaded = playbooks.variables("cp1").get("kubephase_upload_certs", False)
    binary = store.entry(artifacts.e2e_suite(release).key) / "e2e_kubeadm.test"
    done = subprocess.run(
        [
            str(binary),
            f"--kubeconfig={cluster.kubeconfig}",
            *([] if uploaded else [f"--ginkgo.skip={COPY_CERTS}"]),
            "--ginkgo.no-color",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    ran, of = re.search(r"Ran (\d+) of (\d+) Specs", done.stdout).groups()  # type: ignore[union-attr]
    assert int(ran) >= (38 if uploaded else 30), f"only {ran} of {of} specs ran"
