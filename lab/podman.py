"""podman as the lab calls it: settings of its own, the machine's are left alone."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from lab import store
from lab.commands import run, succeeds

SETTINGS = """\
# of the lab; the machine's own containers.conf is not read
[containers]
log_driver = "k8s-file"

[engine]
# works with and without systemd on the machine
cgroup_manager = "cgroupfs"
events_logger = "file"
# crun refuses hybrid cgroups
runtime = "runc"

[network]
network_backend = "netavark"
"""


@cache
def _environment() -> dict[str, str]:
    path = store.folder("run") / "containers.conf"
    store.replace_text(path, SETTINGS)
    return {"CONTAINERS_CONF": str(path)}


def podman(*arguments: str, stdin: str | None = None) -> str:
    return run(["podman", *arguments], env=_environment(), stdin=stdin)


def exists(kind: str, name: str) -> bool:
    """kind: container, image, network, volume."""
    return succeeds(["podman", kind, "exists", name], env=_environment())


def inspect(name: str) -> dict[str, Any] | None:
    """A container, or None."""
    if not exists("container", name):
        return None
    found: list[dict[str, Any]] = json.loads(podman("container", "inspect", name))
    return found[0]


def execute(container: str, *command: str, stdin: str | None = None) -> str:
    interactive = ["--interactive"] if stdin is not None else []
    return podman("exec", *interactive, container, *command, stdin=stdin)
