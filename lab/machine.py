"""What this machine is and may do; decides some of the lab's settings."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

from lab.report import say

CAP_SYS_RESOURCE = 24
#: how many things may be watched at once, of all hosts together since they share a kernel; a node has some 25
INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH_INSTANCES = 8192


def cgroup_version() -> int:
    return 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1


def may_raise_limits() -> bool:
    """Whether root has CAP_SYS_RESOURCE here."""
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> CAP_SYS_RESOURCE & 1)


def has_kernel_config() -> bool:
    release = platform.release()
    return any(Path(path).exists() for path in ("/proc/config.gz", f"/boot/config-{release}"))


def has_swap() -> bool:
    return len(Path("/proc/swaps").read_text().splitlines()) > 1


def allow_watches() -> None:
    """Raises the machine's limit: where a node gets no watch, containerd starts without its CRI plugin."""
    if int(INOTIFY_INSTANCES.read_text()) < ENOUGH_INSTANCES:
        try:
            INOTIFY_INSTANCES.write_text(str(ENOUGH_INSTANCES))
        except OSError as problem:
            say(
                f"fs.inotify.max_user_instances stays {INOTIFY_INSTANCES.read_text().strip()} ({problem}): few hosts at once"
            )


def limits() -> dict[str, int]:
    """The ulimits podman may ask for: no more than this machine has, and for processes no more than podman keeps itself."""
    most = {"nofile": 1 << 20, "nproc": 1 << 15}
    hard = {
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1],
    }
    return {name: most[name] if hard[name] < 0 else min(most[name], hard[name]) for name in most}
