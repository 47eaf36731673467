"""Plugins of the kubelet for tests: upstream's sample device plugin, and a CSI driver."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from lab import builds, golang
from lab.golang import Build

DEVICE_PLUGIN, CSI_DRIVER = "sample-device-plugin", "csi-folders"
SOURCE = Path(__file__).with_name("csi") / "main.go"


def key() -> str:
    """Another source is another driver."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]


def build(version: str, into: Path) -> None:
    kubernetes = builds.kubernetes(version)
    package = f"{kubernetes.module}/test/images/{DEVICE_PLUGIN}"
    golang.compile_all(
        Build(kubernetes.module, version, {DEVICE_PLUGIN: package}, kubernetes_version=version),
        into,
    )
    work = into / ".work"
    work.mkdir()
    shutil.copy(SOURCE, work)
    golang.compile_source(Build(kubernetes.module, version, {}, kubernetes_version=version), work, into / CSI_DRIVER)
    shutil.rmtree(work)
