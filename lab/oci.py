"""Container images from plain files, pushed to a registry: no daemon, the same bytes for the same input."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lab import pins
from lab.checksums import sha256
from lab.report import LabError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
#: not compressed: the registry is on this machine, and unpacking is what would cost
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Image:
    """Layers are tar files; entrypoint and command as in any image."""

    name: str
    tag: str
    layers: tuple[Path, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
    )


def layer(
    target: Path, files: Mapping[str, Path], links: Mapping[str, str] | None = None, folders: Sequence[str] = ()
) -> Path:
    """A tar file: path in the image -> executable on this machine, symbolic links, and empty folders open to all."""
    with tarfile.open(target, "w") as archive:
        for path in folders:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        for path, source in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = source.stat().st_size, 0o755
            with source.open("rb") as handle:
                archive.addfile(entry, handle)
        for path, to in (links or {}).items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, to, 0o777
            archive.addfile(entry)
    return target


def push(image: Image, registry: str) -> str:
    """Pushes an image and returns the digest of its manifest; the tag appears last, when all else is there."""
    digests = [f"sha256:{sha256(path)}" for path in image.layers]
    for path, digest in zip(image.layers, digests):
        with path.open("rb") as handle:
            _blob(registry, image.name, digest, handle, path.stat().st_size)
    config = _json(
        {
            "architecture": pins.architecture(),
            "os": "linux",
            "config": {
                "Env": [f"{key}={value}" for key, value in image.environment.items()],
                "Entrypoint": list(image.entrypoint),
                "Cmd": list(image.command),
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": digests},
        }
    )
    _blob(registry, image.name, _digest(config), io.BytesIO(config), len(config))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": _digest(config), "size": len(config)},
            "layers": [
                {"mediaType": LAYER, "digest": digest, "size": path.stat().st_size}
                for path, digest in zip(image.layers, digests)
            ],
        }
    )
    request = urllib.request.Request(
        f"{registry}/v2/{image.name}/manifests/{image.tag}", manifest, {"Content-Type": MANIFEST}, method="PUT"
    )
    _send(request)
    return _digest(manifest)


def digest_of(registry: str, name: str, tag: str) -> str:
    """The manifest digest a registry has under a tag, or nothing."""
    request = urllib.request.Request(
        f"{registry}/v2/{name}/manifests/{tag}", headers={"Accept": f"{MANIFEST}, */*"}, method="HEAD"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.headers.get("Docker-Content-Digest", ""))
    except urllib.error.HTTPError as problem:
        if problem.code == 404:
            return ""
        raise


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _blob(registry: str, name: str, digest: str, data: BinaryIO, size: int) -> None:
    head = urllib.request.Request(f"{registry}/v2/{name}/blobs/{digest}", method="HEAD")
    try:
        with urllib.request.urlopen(head, timeout=30):
            return
    except urllib.error.HTTPError as problem:
        if problem.code != 404:
            raise
    begun = _send(urllib.request.Request(f"{registry}/v2/{name}/blobs/uploads/", b"", method="POST"))
    separator = "&" if "?" in begun else "?"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    _send(urllib.request.Request(f"{begun}{separator}digest={digest}", data, headers, method="PUT"))


def _send(request: urllib.request.Request) -> str:
    """Returns the Location the registry names."""
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.headers.get("Location", ""))
    except urllib.error.HTTPError as problem:
        text = problem.read().decode(errors="replace")[:300]
        raise LabError(f"registry: {request.get_method()} {request.full_url}: {problem.code} {text}") from problem
