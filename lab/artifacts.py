"""Everything a cluster downloads: taken from upstream or built, kept in the store, offered by the mirror."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from lab import builds, checksums, e2e, golang, images, mirror, pins, plugins, store, upstream
from lab.report import say


@dataclass(frozen=True)
class Artifact:
    """One entry of the store: its key, what it is called, and how it is filled."""

    key: str
    title: str
    fill: Callable[[Path], None]

    def ensure(self, place: str = "") -> Path:
        return store.ensure(self.key, f"{place}{self.title}", self.fill, golang.progress)


def ensure(release: pins.Release, extras: Iterable[str] = ()) -> None:
    """Makes what is missing and offers it; quick when nothing is."""
    parts = [
        containerd(),
        runc(),
        cni_plugins(),
        kubernetes(release),
        etcd(release),
        coredns(release),
        *([e2e_suite(release)] if "e2e" in extras else []),
        *([kubelet_plugins(release)] if "plugins" in extras else []),
    ]
    with store.lock("artifacts"):
        missing = [part for part in parts if not store.entry(part.key).is_dir()]
        if missing and upstream.reachable(f"https://{upstream.REGISTRY}/"):
            # only our own images are made from these
            only_for_images = {etcd(release).key, coredns(release).key}
            missing = [part for part in missing if part.key not in only_for_images]
        for number, part in enumerate(missing, 1):
            part.ensure(f"artifact {number} of {len(missing)}: ")
        publish(release)
        images.ensure(wanted_images(release, "plugins" in extras))
    say(f"artifacts of Kubernetes {release.version} are complete")


def wanted_images(release: pins.Release, with_plugins: bool) -> list[images.Wanted]:
    kubernetes_at, etcd_at, coredns_at, plugins_at = (
        store.entry(part(release).key) for part in (kubernetes, etcd, coredns, kubelet_plugins)
    )
    found = images.wanted(release, kubernetes_at, etcd_at, coredns_at)
    return found + (images.of_plugins(plugins_at, plugins.key()) if with_plugins else [])


def commands(release: pins.Release) -> Path:
    """The folder with kubectl, kubeadm and the others."""
    return store.entry(kubernetes(release).key)


def _entry(name: str, version: str) -> str:
    return f"{name}-v{version}-{pins.architecture()}"


def kubernetes(release: pins.Release) -> Artifact:
    def fill(into: Path) -> None:
        base = f"{upstream.KUBERNETES}/v{release.version}/bin/linux/{pins.architecture()}"
        if not upstream.offers(base):
            golang.compile_all(builds.kubernetes(release.version), into)
            return
        for name in builds.KUBERNETES_COMMANDS:
            upstream.fetch(f"{base}/{name}", into / name, f"{base}/{name}.sha256")
            (into / name).chmod(0o755)

    return Artifact(_entry("kubernetes", release.version), f"Kubernetes {release.version}", fill)


def etcd(release: pins.Release) -> Artifact:
    def fill(into: Path) -> None:
        for build in builds.etcd(release.etcd_version):
            golang.compile_all(build, into)

    return Artifact(_entry("etcd", release.etcd_version), f"etcd {release.etcd_version}", fill)


def coredns(release: pins.Release) -> Artifact:
    version = release.coredns_tag.removeprefix("v")
    return Artifact(
        _entry("coredns", version), f"CoreDNS {version}", lambda into: golang.compile_all(builds.coredns(version), into)
    )


def e2e_suite(release: pins.Release) -> Artifact:
    return Artifact(
        _entry("e2e-kubeadm", release.version),
        f"e2e_kubeadm suite {release.version}",
        lambda into: e2e.build(release.version, into),
    )


def kubelet_plugins(release: pins.Release) -> Artifact:
    return Artifact(
        _entry(f"plugins-{plugins.key()}", release.version),
        f"device plugin and CSI driver {release.version}",
        lambda into: plugins.build(release.version, into),
    )


def containerd() -> Artifact:
    name = f"containerd-{pins.CONTAINERD}-linux-{pins.architecture()}.tar.gz"
    base = f"{upstream.GITHUB}/{release_path('containerd')}"

    def build(into: Path) -> None:
        golang.compile_all(builds.containerd(), into / "bin")
        pack(into / name, into, "bin")

    return Artifact(
        _entry("containerd", pins.CONTAINERD),
        f"containerd {pins.CONTAINERD}",
        _file(name, f"{base}/{name}.sha256sum", build),
    )


def runc() -> Artifact:
    name = f"runc.{pins.architecture()}"
    base = f"{upstream.GITHUB}/{release_path('runc')}"

    def build(into: Path) -> None:
        golang.compile_all(builds.runc(), into)
        (into / "runc").rename(into / name)

    return Artifact(_entry("runc", pins.RUNC), f"runc {pins.RUNC}", _file(name, f"{base}/runc.sha256sum", build))


def cni_plugins() -> Artifact:
    name = f"cni-plugins-linux-{pins.architecture()}-v{pins.CNI_PLUGINS}.tgz"
    base = f"{upstream.GITHUB}/{release_path('cni-plugins')}"

    def build(into: Path) -> None:
        golang.compile_all(builds.cni_plugins(), into / "bin")
        pack(into / name, into / "bin", ".")

    return Artifact(
        _entry("cni-plugins", pins.CNI_PLUGINS),
        f"CNI plugins {pins.CNI_PLUGINS}",
        _file(name, f"{base}/{name}.sha256", build),
    )


def release_path(project: str) -> str:
    """The path of a project's release on GitHub, and so in the mirror."""
    return {
        "containerd": f"containerd/containerd/releases/download/v{pins.CONTAINERD}",
        "runc": f"opencontainers/runc/releases/download/v{pins.RUNC}",
        "cni-plugins": f"containernetworking/plugins/releases/download/v{pins.CNI_PLUGINS}",
    }[project]


def _file(name: str, checksum_url: str, build: Callable[[Path], None]) -> Callable[[Path], None]:
    """Fills an entry with one release file and its checksum file: both upstream's, or both made here."""
    base, _, checksum_name = checksum_url.rpartition("/")

    def fill(into: Path) -> None:
        if upstream.offers(base):
            upstream.fetch(f"{base}/{name}", into / name, checksum_url)
            (into / checksum_name).write_text(upstream.read(checksum_url))
        else:
            build(into)
            (into / checksum_name).write_text(checksums.line(into / name))

    return fill


def pack(target: Path, folder: Path, what: str) -> None:
    """A .tar.gz of a folder, the same bytes for the same files."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "root", "root"
        return entry

    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        archive.add(folder / what, what, filter=plain)


def publish(release: pins.Release) -> None:
    """Puts what the store has into the mirror's tree."""
    base = f"release/v{release.version}/bin/linux/{pins.architecture()}"
    for name in ("kubelet", "kubectl", "kubeadm"):
        source = commands(release) / name
        published = commands(release) / f"{name}.sha256"
        if not published.exists():
            store.replace_text(published, checksums.bare(source))
        mirror.publish(source, f"{base}/{name}")
        mirror.publish(published, f"{base}/{name}.sha256")
    for artifact, project in ((containerd(), "containerd"), (runc(), "runc"), (cni_plugins(), "cni-plugins")):
        for file in store.entry(artifact.key).iterdir():
            if file.is_file():
                mirror.publish(file, f"{release_path(project)}/{file.name}")
