"""The images of a cluster, under the names and tags that registry.k8s.io has."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from lab import daemons, golang, hostimage, mirror, oci, packages, pins, plugins, store, upstream
from lab.commands import run
from lab.podman import podman
from lab.report import say, step

#: raised when an image's recipe changes, so that it is made anew
RECIPE = 1
PAUSE_RECIPE = 2

PROXY_PACKAGES = "conntrack ebtables ipset iptables kmod nftables"


@dataclass(frozen=True)
class Wanted:
    """An image by name and tag, and how to make it in a folder given."""

    name: str
    tag: str
    make: Callable[[Path], oci.Image]
    recipe: int | str = RECIPE
    upstream: bool = True


def ensure(images: list[Wanted]) -> None:
    """Pushes what the registry does not have."""
    mirror.start()
    missing = [image for image in images if not _present(image)]
    if not missing:
        return
    pushing = mirror.push_registry()
    daemons.start(pushing)
    try:
        for number, image in enumerate(missing, 1):
            with step(f"image {number} of {len(missing)}: {image.name}:{image.tag}"):
                _provide(image)
    finally:
        daemons.stop(pushing)


def wanted(release: pins.Release, kubernetes: Path, etcd: Path, coredns: Path) -> list[Wanted]:
    tag = f"v{release.version}"
    local = "usr/local/bin"
    return [
        *(
            _program(name, tag, {f"{local}/{name}": kubernetes / name}, (f"/{local}/{name}",))
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        Wanted("kube-proxy", tag, lambda at: _kube_proxy(at, tag, kubernetes / "kube-proxy")),
        _program(
            "etcd", release.etcd_tag, {f"{local}/{name}": etcd / name for name in ("etcd", "etcdctl", "etcdutl")}, ()
        ),
        _program("coredns/coredns", release.coredns_tag, {"coredns": coredns / "coredns"}, ("/coredns",)),
        Wanted("pause", release.pause_tag, lambda at: _pause(at, release), PAUSE_RECIPE),
        Wanted(*pins.TEST_IMAGE, _busybox),
    ]


def of_plugins(at: Path, key: str) -> list[Wanted]:
    """The device plugin and the CSI driver; key is that of their sources."""
    driver = _program(
        *pins.CSI_DRIVER_IMAGE, {plugins.CSI_DRIVER: at / plugins.CSI_DRIVER}, (f"/{plugins.CSI_DRIVER}",)
    )
    name = plugins.DEVICE_PLUGIN
    return [
        _program(*pins.DEVICE_PLUGIN_IMAGE, {name: at / name}, (f"/{name}",)),
        replace(driver, recipe=key, upstream=False),
    ]


def _program(name: str, tag: str, files: dict[str, Path], entrypoint: tuple[str, ...]) -> Wanted:
    def make(at: Path) -> oci.Image:
        return oci.Image(name, tag, (oci.layer(at / "layer.tar", files, folders=["tmp"]),), entrypoint)

    return Wanted(name, tag, make)


def _pause(at: Path, release: pins.Release) -> oci.Image:
    """The project's own C source; the Job of kubeadm's upgrade checks calls it with -v."""
    source = golang.source("k8s.io/kubernetes", release.version) / "build/pause/linux/pause.c"
    run(["gcc", "-Os", "-static", f"-DVERSION=v{release.pause_tag}", "-o", at / "pause", source])
    layer = oci.layer(at / "layer.tar", {"pause": at / "pause"})
    return oci.Image("pause", release.pause_tag, (layer,), ("/pause",))


def _busybox(at: Path) -> oci.Image:
    packages.unpack("busybox-static", at / "root")
    busybox = at / "root/bin/busybox"
    applets = run([busybox, "--list"]).split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    layer = oci.layer(at / "layer.tar", {"bin/busybox": busybox}, links, folders=["tmp", "home"])
    return oci.Image(*pins.TEST_IMAGE, (layer,), command=("sh",), environment={"PATH": "/bin"})


def _kube_proxy(at: Path, tag: str, binary: Path) -> oci.Image:
    base = store.ensure(
        f"kube-proxy-base-r{RECIPE}",
        "Debian with iptables, nftables, conntrack and ipset for kube-proxy",
        lambda into: hostimage.bootstrap(into / "root.tar", PROXY_PACKAGES),
    )
    layer = oci.layer(at / "layer.tar", {"usr/local/bin/kube-proxy": binary})
    return oci.Image("kube-proxy", tag, (base / "root.tar", layer), ("/usr/local/bin/kube-proxy",))


def _record(image: Wanted) -> Path:
    return store.folder("images") / f"{image.name.replace('/', '_')}_{image.tag}-r{image.recipe}.json"


def _present(image: Wanted) -> bool:
    record = _record(image)
    if not record.is_file():
        return False
    digest = json.loads(record.read_text())["digest"]
    return bool(digest) and oci.digest_of(f"http://127.0.0.1:{mirror.REGISTRY_PORT}", image.name, image.tag) == digest


def _provide(image: Wanted) -> None:
    registry = f"127.0.0.1:{mirror.PUSH_PORT}"
    if image.upstream and upstream.reachable(f"https://{upstream.REGISTRY}/"):
        source = f"{upstream.REGISTRY}/{image.name}:{image.tag}"
        podman("pull", "--quiet", source)
        podman("push", "--quiet", "--tls-verify=false", source, f"{registry}/{image.name}:{image.tag}")
        podman("image", "rm", source)
        digest = oci.digest_of(f"http://{registry}", image.name, image.tag)
    else:
        at = Path(tempfile.mkdtemp(prefix="image.", dir=store.folder("tmp")))
        try:
            digest = oci.push(image.make(at), f"http://{registry}")
        finally:
            shutil.rmtree(at)
    store.replace_text(_record(image), json.dumps({"digest": digest}) + "\n")
    say(f"{image.name}:{image.tag} is in the registry")
