"""The Kubernetes project's own test suite for clusters that kubeadm made."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import builds, golang
from lab.golang import Build

PACKAGE = "k8s.io/kubernetes/test/e2e_kubeadm"

#: `go mod tidy` keeps what a test of ours imports
IMPORTS = f"""\
package build

import (
\t_ "k8s.io/kubernetes/test/e2e"
\t_ "{PACKAGE}"
)
"""


def build(version: str, into: Path) -> None:
    work = into / ".work"
    work.mkdir(parents=True)
    (work / "build_test.go").write_text(IMPORTS)
    kubernetes = builds.kubernetes(version)
    suite = Build(kubernetes.module, version, {}, stamps=kubernetes.stamps, kubernetes_version=version)
    golang.prepare(suite, work)
    golang.compile_test(suite, work, into / "e2e_kubeadm.test", PACKAGE)
    shutil.rmtree(work)
