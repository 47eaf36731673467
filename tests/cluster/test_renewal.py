# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates renewed on request are what the components run with afterwards."""

from __future__ import annotations

import re

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
# longer than any leaf is valid, so that all of them are renewed
ALL = "8761h"


def serials(control_plane: Host) -> dict[str, str]:
    """Of every certificate below pki, by file."""
    script = (
        "for f in $(find /etc/kubernetes/pki -name '*.crt'); do echo $f $(openssl x509 -noout -serial -in $f); done"
    )
    return dict(line.split() for line in control_plane.run(script).splitlines())


def test_renewal_reaches_the_running_components(playbooks: Playbooks, control_plane: Host, cluster: Cluster) -> None:
    before = serials(control_plane)
    processes = {name: control_plane.run(f"pgrep -xo {name[:15]}") for name in COMPONENTS}
    run = playbooks.site(pki_renew_before=ALL, kubeconfig_renew_before=ALL)
    assert run.code == 0, run.output

    after = serials(control_plane)
    authorities = {path for path in after if path.endswith("ca.crt")}
    assert {path for path in after if after[path] == before[path]} == authorities
    for name in COMPONENTS:
        assert control_plane.run(f"pgrep -xo {name[:15]}") != processes[name], name

    served = control_plane.run(
        "openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -noout -serial"
    )
    assert served.strip() == after["/etc/kubernetes/pki/apiserver.crt"]
    assert re.search(r"\bok\b", cluster.kubectl("get", "--raw", "/readyz"))
    again = playbooks.site("--check", "--diff")
    assert not any(again.changed.values()), again.output
