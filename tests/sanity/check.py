# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection, install it as a user would, load all of its documentation, and run ansible-test sanity there.

``check.py install`` stops before sanity. The installed tree and what ansible-test downloads live in the cache, outside
the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("KUBEPHASE_CACHE", Path.home() / ".cache/kubephase")) / "sanity"
TOOLS = Path(sys.prefix) / "bin"
INSTALLED = CACHE / "collections/ansible_collections/kubephase/cluster"
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

# Every test that ansible-test offers runs, but for these.
SKIPPED = {
    "pslint": "the collection has no PowerShell, and the test needs pwsh",
    "shellcheck": "the collection has no shell scripts",
}


def install() -> None:
    """``collection build`` and ``collection install``, from nothing, into the cache."""
    shutil.rmtree(CACHE / "collections", ignore_errors=True)
    shutil.rmtree(CACHE / "dist", ignore_errors=True)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CACHE / "collections")}
    galaxy = str(TOOLS / "ansible-galaxy")
    run([galaxy, "collection", "build", "--output-path", str(CACHE / "dist"), str(CHECKOUT)])
    (artifact,) = (CACHE / "dist").glob("kubephase-cluster-*.tar.gz")
    run([galaxy, "collection", "install", "--offline", "-p", str(CACHE / "collections"), str(artifact)], environment)


def load_documentation() -> None:
    """``ansible-doc`` of every plugin and role from the installed tree; a document that does not load is an error."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CACHE / "collections")}
    kinds = {
        "module": plugins("modules"),
        "filter": plugins("filter"),
        "lookup": plugins("lookup"),
        "callback": plugins("callback"),
        "role": sorted(path.name for path in (INSTALLED / "roles").iterdir()),
    }
    for kind, names in kinds.items():
        full_names = [f"kubephase.cluster.{name}" for name in names]
        if full_names:
            run([str(TOOLS / "ansible-doc"), "-t", kind, *full_names], environment, quiet=True)
        print(f"ansible-doc: {len(names)} {kind} documents load")


def plugins(directory: str) -> list[str]:
    """The documented ones: beside their code in a .yml file, or in it."""
    files = (INSTALLED / "plugins" / directory).glob("*")
    return sorted(path.stem for path in files if path.suffix == ".yml" or "DOCUMENTATION = " in path.read_text())


def sanity() -> None:
    home = CACHE / "home"
    bootstrap = home / ".ansible/test/cache/get_pip_24_2.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / "tests/sanity/get_pip.py", bootstrap)
    shutil.copytree(CHECKOUT / "tests", INSTALLED / "tests", ignore=lambda _, names: [n for n in names if not kept(n)])
    environment = {**os.environ, "HOME": str(home), "PATH": f"{TOOLS}:{interpreters()}:/usr/sbin:/usr/bin:/sbin:/bin"}
    skips = [word for name in SKIPPED for word in ("--skip-test", name)]
    run([str(TOOLS / "ansible-test"), "sanity", "--color", "no", *skips], environment, directory=INSTALLED)


def kept(name: str) -> bool:
    """What ansible-test reads of ``tests/``: its configuration and the ignore files."""
    return name in ("config.yml", "sanity") or name.startswith("ignore-")


def interpreters() -> Path:
    """A directory with a link to each Python that really runs; a version manager's shims may name ones that do not."""
    directory = CACHE / "pythons"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for version in PYTHONS:
        name = f"python{version}"
        managed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}"))
        for candidate in (shutil.which(name), *map(str, managed)):
            if candidate and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                (directory / name).symlink_to(candidate)
                break
    return directory


def run(
    command: list[str], environment: dict[str, str] | None = None, directory: Path = CHECKOUT, quiet: bool = False
) -> None:
    done = subprocess.run(command, env=environment, cwd=directory, capture_output=quiet, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr or ''}{' '.join(command[:4])}: exit status {done.returncode}")


def main() -> None:
    install()
    load_documentation()
    if sys.argv[1:] != ["install"]:
        for name, reason in SKIPPED.items():
            print(f"not run: {name} ({reason})")
        sanity()


if __name__ == "__main__":
    main()
