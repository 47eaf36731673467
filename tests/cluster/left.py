# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs left on hosts and in a cluster, without what is new each time: to compare two ways to one end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lab import golden, kubeadm, topology
from lab.masking import mask_object, mask_token
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import LAB
from tests.cluster.control_planes import etcd_members
from tests.cluster.hosts import Host

#: beside what kubeadm makes
OWN = (
    "/etc/kubephase", "/etc/systemd/system", "/etc/containerd", "/etc/cni/net.d", "/etc/sysctl.d", "/etc/modules-load.d",
    "/etc/crictl.yaml", "/usr/local/lib/systemd",
)  # fmt: skip
#: when things were made, and which Pods got which range
TIMES = ("not_before_to_not_after_seconds", "made_to_not_after_minutes", "not_before_to_made_minutes")
NEW_EACH_TIME = (
    (re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----(\\n|\n)?", re.DOTALL), "CERTIFICATE"),
    (re.compile(r"\b10\.244\.\d+\b"), "10.244.N"),
)
#: the kubelet gets it sooner or later
KUBELETS = "kubelet-client-current.pem"
SPACES = ("kube-system", "kube-public")


def of_host(host: Host) -> dict[str, Any]:
    lab = topology.load(LAB)
    found = golden.collect(lab, lab.host(host.name))
    certificates = {path: _timeless(each) for path, each in found["certificates"].items() if KUBELETS not in path}
    listed = host.run(
        f"find {' '.join(OWN)} -type f -print0 2> /dev/null | sort -z | while IFS= read -r -d '' f; do "
        'echo "$(stat -c \'%a %U:%G\' "$f") $(LC_ALL=C sed -E "s/10\\.244\\.[0-9]+/10.244.N/g" "$f" | sha256sum) $f"; done'
    )
    return {
        "files": found["files"],
        "texts": {path: plain(mask_token(text)) for path, text in found["texts"].items()},
        "keys": {path: each for path, each in found["keys"].items() if KUBELETS not in path},
        "certificates": certificates,
        "own": {path: said for said, path in (line.rsplit(" ", 1) for line in listed.splitlines())},
    }


def of_cluster(cluster: Cluster, first: Host) -> dict[str, Any]:
    lab = topology.load(LAB)
    objects = kubeadm.objects(lab, lab.host(first.name), golden.KINDS)
    kept = [each for each in objects if each["metadata"].get("namespace", SPACES[0]) in SPACES]
    nodes = kubeadm.objects(lab, lab.host(first.name), "nodes")
    described = [mask_object(golden.bare(each)) for each in kept] + [golden.bare_node(each) for each in nodes]
    # tokens have names that are masked, so one name may stand for several
    named: dict[str, list[Any]] = {}
    for each in sorted(described, key=json.dumps):
        named.setdefault(golden.file_name(each), []).append(json.loads(plain(json.dumps(each))))
    return {
        "objects": {name: {str(number): one for number, one in enumerate(each)} for name, each in named.items()},
        "etcd": etcd_members(cluster, f"etcd-{first.name}"),
    }


def plain(text: str) -> str:
    for pattern, name in NEW_EACH_TIME:
        text = pattern.sub(name, text)
    return text


def _timeless(certificate: dict[str, Any]) -> dict[str, Any]:
    chain = [{key: value for key, value in part.items() if key not in TIMES} for part in certificate.get("chain", [])]
    return {**certificate, **({"chain": chain} if chain else {})}


def differences(wanted: Any, found: Any, at: str = "") -> Iterator[str]:
    """One line for each place where the two are not the same."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in _in_order([*wanted, *found]):
            if key not in found:
                yield f"{at}/{key}: missing"
            elif key not in wanted:
                yield f"{at}/{key}: not there otherwise"
            else:
                yield from differences(wanted[key], found[key], f"{at}/{key}")
    elif wanted != found:
        yield f"{at}: {found!r} and not {wanted!r}"


def _in_order(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))
