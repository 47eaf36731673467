"""The download mirror: a tree in upstream's shape, and the two servers that offer it to the hosts.

http://GATEWAY:8080/release/v1.37.2/bin/linux/amd64/kubelet{,.sha256}              as dl.k8s.io
http://GATEWAY:8080/containerd/containerd/releases/download/v2.4.2/…               as GitHub
http://GATEWAY:5000/v2/kube-apiserver/…                                            as registry.k8s.io
"""

from __future__ import annotations

import functools
import http.server
import os
from pathlib import Path

from lab import daemons, store
from lab.daemons import Daemon

HTTP_PORT = int(os.environ.get("KUBEPHASE_MIRROR_PORT", "8080"))
REGISTRY_PORT = int(os.environ.get("KUBEPHASE_REGISTRY_PORT", "5000"))
#: where images are pushed to, on loopback only and only while that is done
PUSH_PORT = int(os.environ.get("KUBEPHASE_PUSH_PORT", "5001"))

REGISTRY_SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
  maintenance: {{readonly: {{enabled: {readonly}}}, uploadpurging: {{enabled: false}}}}
http: {{addr: "{address}"}}
"""


def tree() -> Path:
    return store.folder("mirror")


def publish(source: Path, path: str) -> None:
    """Offers a file under a path of the tree (a hard link, so it costs nothing)."""
    target = tree() / path
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.new")
    aside.unlink(missing_ok=True)
    aside.hardlink_to(source)
    aside.replace(target)


def start() -> None:
    """Starts what does not run: the file server and the registry, both read-only for everybody."""
    with store.lock("mirror"):
        for daemon in (files(), registry()):
            daemons.start(daemon)


def stop() -> None:
    for daemon in (files(), registry()):
        daemons.stop(daemon)


def files() -> Daemon:
    command = ["-m", "lab", "serve", "--port", str(HTTP_PORT), "--tree", str(tree())]
    return daemons.python("mirror", command, HTTP_PORT, "/.kubephase-lab")


def registry() -> Daemon:
    return _registry("registry", f"0.0.0.0:{REGISTRY_PORT}", REGISTRY_PORT, readonly=True)


def push_registry() -> Daemon:
    return _registry("registry-push", f"127.0.0.1:{PUSH_PORT}", PUSH_PORT, readonly=False)


def _registry(name: str, address: str, port: int, *, readonly: bool) -> Daemon:
    settings = store.folder("run") / f"{name}.yml"
    text = REGISTRY_SETTINGS.format(root=store.folder("registry"), readonly=str(readonly).lower(), address=address)
    store.replace_text(settings, text)
    return Daemon(name, ("docker-registry", "serve", str(settings)), port, "/v2/")


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: hosts fetch a lot."""

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """No listings, as upstream."""
        self.send_error(404)


def serve(port: int, directory: Path) -> None:
    """The file server itself, in the foreground."""
    store.replace_text(directory / ".kubephase-lab", "the download mirror of a lab\n")
    handler = functools.partial(_Files, directory=str(directory))
    with http.server.ThreadingHTTPServer(("0.0.0.0", port), handler) as server:
        server.serve_forever()
