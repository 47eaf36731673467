# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release artifacts: downloaded, checked, unpacked and installed, each whole or not at all.

What was installed is written to a record beside the files (URL, checksum, size and time of every file), so a converged
host is recognised without a request to the network and without reading hundreds of megabytes.
"""

from __future__ import annotations

import glob
import hashlib
import http.client
import json
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Optional

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors

RECORDS = "/var/lib/kubephase/artifacts"
_TIMEOUT = 60
_TRIES = 3
_PARALLEL = 4
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One release file.

    :param name: what it is called in messages and records.
    :param url: where it is.
    :param checksum: ``sha256:<hex>``; empty means that ``checksum_url`` names a file in the format of sha256sum(1).
    :param path: where a single binary goes; for an archive, the directory its files go to.
    :param extract: names of the archive's members to install (without leading directories); None for a single binary.
    :param mode: octal permission bits of the installed files.
    """

    name: str
    url: str
    path: str
    checksum: str = ""
    checksum_url: str = ""
    extract: Optional[tuple[str, ...]] = None
    mode: int = 0o755


def install(artifacts: Sequence[Artifact], check_mode: bool = False, records: str = RECORDS) -> dict[str, Any]:
    """Install what is not on the host yet. Everything is downloaded and checked before the first file is replaced.

    :returns: ``changed``, ``installed`` (names), ``diff``.
    """
    missing = [artifact for artifact in artifacts if not _is_installed(artifact, records)]
    wanted = [artifact for artifact in missing if not _adopt(artifact, check_mode, records)]
    diff = [
        {
            "before_header": item.path,
            "after_header": item.path,
            "before": _recorded_url(item, records),
            "after": item.url + "\n",
        }
        for item in wanted
    ]
    if wanted and not check_mode:
        _install_all(wanted, records)
    return {"changed": bool(wanted), "installed": [artifact.name for artifact in wanted], "diff": diff}


def recorded(name: str, records: str = RECORDS) -> dict[str, str]:
    """The files of an installed artifact, and why one is not what was installed; empty where it is, or is gone."""
    record = _json(Path(records, name + ".json"))
    files, replaced = record.get("files"), record.get("replaced")
    found: dict[str, str] = {}
    for path, expected in files.items() if isinstance(files, dict) else ():
        present = _fingerprint(path)
        if present is not None and isinstance(replaced, dict) and present == replaced.get(path):
            # a run died before it put the new one there
            found[path] = ""
            continue
        if present is not None and record.get("adopted"):
            found[path] = "it was there before"
        else:
            found[path] = "it was changed since it was installed" if present not in (expected, None) else ""
    return found


def _install_all(wanted: Sequence[Artifact], records: str) -> None:
    staged: list[tuple[Artifact, str, dict[str, str]]] = []
    try:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            results = list(pool.map(_stage_or_error, wanted))
        errors = [result for result in results if isinstance(result, KubephaseError)]
        staged = [result for result in results if not isinstance(result, KubephaseError)]
        if errors:
            raise KubephaseErrors(errors) if len(errors) > 1 else errors[0]
        for artifact, digest, files in staged:
            for source in files.values():
                os.chmod(source, artifact.mode)
            # first of all: a run that dies in between must not leave files that look like somebody else's
            ours = _ours(artifact, records)
            _write_record(artifact, digest, {target: _fingerprint(files[target]) for target in files}, records, ours)
            for target, source in files.items():
                os.rename(source, target)
    finally:
        for _artifact, _digest, files in staged:
            for source in files.values():
                shutil.rmtree(os.path.dirname(source), ignore_errors=True)


def _stage_or_error(artifact: Artifact) -> Any:
    try:
        return _stage(artifact)
    except KubephaseError as error:
        return error


def _stage(artifact: Artifact) -> tuple[Artifact, str, dict[str, str]]:
    """Download and check one artifact beside its place. Returns final path -> staged path of every file of it."""
    folder = artifact.path if artifact.extract is not None else os.path.dirname(artifact.path)
    _atomic_file.make_directory(folder, 0o755)
    for leftover in glob.glob(f"{glob.escape(folder)}/.{glob.escape(artifact.name)}.????????"):
        # of a run that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    stage = tempfile.mkdtemp(prefix=f".{artifact.name}.", dir=folder)
    try:
        expected = _expected_digest(artifact)
        download = os.path.join(stage, ".download")
        digest = _download(artifact, download)
        if digest != expected:
            raise KubephaseError(
                "the downloaded file is not the expected one, nothing was replaced",
                where=artifact.url,
                value=f"sha256:{digest}",
                accepted=f"sha256:{expected}",
                hint="Correct the checksum, or find out who changed the file",
            )
        if artifact.extract is None:
            staged = os.path.join(stage, os.path.basename(artifact.path))
            os.rename(download, staged)
            return artifact, digest, {artifact.path: staged}
        return artifact, digest, _unpack(artifact, download, stage)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _unpack(artifact: Artifact, download: str, stage: str) -> dict[str, str]:
    """Take the wanted regular files out of the archive, by their base names, and nothing else."""
    wanted = set(artifact.extract or ())
    files: dict[str, str] = {}
    try:
        with tarfile.open(download, "r:*") as archive:
            for member in archive:
                base = os.path.basename(member.name)
                content = archive.extractfile(member) if member.isfile() and base in wanted else None
                if content is None:
                    continue
                staged = os.path.join(stage, base)
                with content, open(staged, "wb") as out:
                    shutil.copyfileobj(content, out, _BLOCK)
                    out.flush()
                    os.fsync(out.fileno())
                files[os.path.join(artifact.path, base)] = staged
    except (tarfile.TarError, EOFError, OSError) as error:
        raise KubephaseError(f"the archive cannot be unpacked: {error}", where=artifact.url) from None
    missing = wanted - {os.path.basename(path) for path in files}
    if missing:
        raise KubephaseError(f"the archive lacks {', '.join(sorted(missing))}", where=artifact.url)
    os.unlink(download)
    return files


def _expected_digest(artifact: Artifact) -> str:
    if artifact.checksum:
        return _digest_of(artifact.checksum.rpartition(":")[2], artifact.checksum, artifact.name)
    if not artifact.checksum_url:
        raise KubephaseError("neither a checksum nor a checksum file is given", where=artifact.name)
    try:
        with _open(artifact.checksum_url) as response:
            text = response.read(_BLOCK).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise _broken_off(error, artifact.checksum_url) from None
    rows = [line.split() for line in text.splitlines() if line.strip()]
    base = artifact.url.rpartition("/")[2]
    named = [row[0] for row in rows if len(row) > 1 and row[-1].lstrip("*").rpartition("/")[2] == base]
    bare = [row[0] for row in rows if len(row) == 1]
    found = (named or bare or [""])[0]
    return _digest_of(found, found, artifact.checksum_url)


def _digest_of(digest: str, given: str, where: str) -> str:
    digest = digest.lower()
    if len(digest) != 64 or any(char not in "0123456789abcdef" for char in digest):
        raise KubephaseError(
            "this is not a SHA-256 checksum", where=where, value=given[:80], accepted="sha256:<64 hex digits>"
        )
    return digest


def _download(artifact: Artifact, path: str) -> str:
    """Store the file and return its SHA-256. A connection that breaks is tried again from the start."""
    for attempt in range(1, _TRIES + 1):
        try:
            return _download_once(artifact, path)
        except (OSError, http.client.HTTPException) as error:
            if attempt == _TRIES:
                raise _broken_off(error, artifact.url) from None
    raise AssertionError("unreachable")


def _broken_off(error: Exception, url: str) -> KubephaseError:
    return KubephaseError(f"the download broke off: {error}", where=url, hint="Run again")


def _download_once(artifact: Artifact, path: str) -> str:
    digest = hashlib.sha256()
    with _open(artifact.url) as response, open(path, "wb") as out:
        length = _length(response)
        _require_space(artifact, path, length)
        for block in iter(lambda: response.read(_BLOCK), b""):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
        if out.tell() < length:
            raise OSError(f"{out.tell()} of {length} bytes came")
    return digest.hexdigest()


def _length(response: BinaryIO) -> int:
    """What the server says of it, 0 where it does not."""
    return int(getattr(response, "headers", {}).get("Content-Length") or 0)


def _require_space(artifact: Artifact, path: str, length: int) -> None:
    free = shutil.disk_usage(os.path.dirname(path)).free
    # an archive needs room for itself and for what comes out of it
    needed = length * (4 if artifact.extract is not None else 1)
    if free < needed:
        raise KubephaseError(
            f"not enough space to install {artifact.name}",
            where=os.path.dirname(artifact.path),
            value=f"{free >> 20} MiB free",
            accepted=f"at least {needed >> 20} MiB",
        )


def _open(url: str) -> BinaryIO:
    try:
        response: BinaryIO = urllib.request.build_opener().open(url, timeout=_TIMEOUT)
        return response
    except urllib.error.HTTPError as error:
        raise KubephaseError(
            f"the server answered {error.code} {error.reason}", where=url, hint="Check the URL and the version"
        ) from None
    except (OSError, ValueError) as error:
        raise KubephaseError(
            f"cannot be reached: {error}", where=url, hint="Check the URL, the proxy and the mirror"
        ) from None


def _record_path(artifact: Artifact, records: str) -> Path:
    return Path(records, artifact.name + ".json")


def _record(artifact: Artifact, records: str) -> dict[str, Any]:
    return _json(_record_path(artifact, records))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _recorded_url(artifact: Artifact, records: str) -> str:
    found = _record(artifact, records).get("url")
    return f"{found}\n" if found else "absent\n"


def _is_installed(artifact: Artifact, records: str) -> bool:
    record = _record(artifact, records)
    if record.get("url") != artifact.url or not isinstance(record.get("files"), dict):
        return False
    if artifact.checksum and record.get("checksum") != "sha256:" + artifact.checksum.rpartition(":")[2].lower():
        return False
    if set(record["files"]) != set(_targets(artifact)):
        return False
    return all(_fingerprint(path) == found for path, found in record["files"].items())


def _adopt(artifact: Artifact, check_mode: bool, records: str) -> bool:
    """Whether somebody else installed this very binary, which then stays: it gets its record only."""
    if artifact.extract is not None or _record(artifact, records):
        return False
    try:
        with open(artifact.path, "rb") as found:
            if os.fstat(found.fileno()).st_mode & 0o7777 != artifact.mode:
                return False
            digest = hashlib.sha256()
            for block in iter(lambda: found.read(_BLOCK), b""):
                digest.update(block)
        if digest.hexdigest() != _expected_digest(artifact):
            return False
    except (OSError, KubephaseError):
        # whatever is wrong there, the installation says it
        return False
    if not check_mode:
        _write_record(artifact, digest.hexdigest(), {artifact.path: _fingerprint(artifact.path)}, records)
    return True


def _targets(artifact: Artifact) -> list[str]:
    if artifact.extract is None:
        return [artifact.path]
    return [os.path.join(artifact.path, name) for name in artifact.extract]


def _fingerprint(path: str) -> Optional[list[int]]:
    """Size, time and mode: enough to see that somebody replaced or damaged an installed file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [found.st_size, found.st_mtime_ns, found.st_mode & 0o7777]


def _ours(artifact: Artifact, records: str) -> dict[str, Any]:
    """What of the files in place the record tells to be ours, with its fingerprint."""
    record = _record(artifact, records)
    files = record.get("files")
    if record.get("adopted") or not isinstance(files, dict):
        return {}
    before = record.get("replaced")
    accepted = {path: [found, before.get(path) if isinstance(before, dict) else None] for path, found in files.items()}
    present = {path: _fingerprint(path) for path in files}
    return {path: found for path, found in present.items() if found is not None and found in accepted[path]}


def _write_record(
    artifact: Artifact, digest: str, files: dict[str, Any], records: str, replaced: Optional[dict[str, Any]] = None
) -> None:
    """:param replaced: files of ours that are about to be replaced; None where somebody else installed the artifact, so that
    it is theirs when the host is reset."""
    _atomic_file.make_directory(records, 0o755)
    record: dict[str, Any] = {"url": artifact.url, "checksum": "sha256:" + digest, "files": files}
    if replaced is None:
        record["adopted"] = True
    elif replaced:
        record["replaced"] = replaced
    text = json.dumps(record, indent=2, sort_keys=True) + "\n"
    _atomic_file.write(str(_record_path(artifact, records)), text.encode(), 0o644)
