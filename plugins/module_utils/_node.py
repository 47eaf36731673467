# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs before kubeadm's own steps: kernel modules, sysctls, swap policy, names, packages.

Sources: Kubernetes documentation, "Container Runtimes" (IPv4 forwarding, bridge traffic) and "Installing kubeadm" (swap).
"""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

MODULES_FILE = "etc/modules-load.d/kubephase.conf"
SYSCTL_FILE = "etc/sysctl.d/99-kubephase.conf"
_HEADING = "# Written by kubephase.cluster.node\n"
_HOSTS_BEGIN = "# BEGIN kubephase.cluster.node"
_HOSTS_END = "# END kubephase.cluster.node"
_HOSTS_BLOCK = re.compile(re.escape(_HOSTS_BEGIN) + r"\n.*?" + re.escape(_HOSTS_END) + r"\n", re.DOTALL)
# features that need no module where the kernel has them built in: what shows that they are there
_BUILT_IN: dict[str, Callable[[Path], bool]] = {
    "overlay": lambda root: "overlay" in (root / "proc/filesystems").read_text().split(),
    "br_netfilter": lambda root: (root / "proc/sys/net/bridge").is_dir(),
}


@dataclass
class Wanted:
    """What the host is to be.

    :param swap: ``disable`` turns swap off now and at boot, ``keep`` leaves it alone.
    :param hosts: names and their addresses for /etc/hosts.
    :param own_names: the same, but only for names that the host cannot resolve without it.
    """

    kernel_modules: list[str] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)
    swap: str = "disable"
    hosts: dict[str, str] = field(default_factory=dict)
    own_names: dict[str, str] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)
    package_family: str = "debian"


class Node:
    """Reconciles one host.

    :param root: other than ``/`` in tests only.
    """

    def __init__(self, check_mode: bool = False, root: str = "/") -> None:
        self.check_mode = check_mode
        self.root = Path(root)
        self.diff: list[dict[str, str]] = []
        self.warnings: list[str] = []

    def apply(self, wanted: Wanted) -> dict[str, Any]:
        """:returns: ``changed``, ``diff``, ``warnings``, ``missing_packages``."""
        missing = self.missing_packages(wanted.packages, wanted.package_family)
        self._kernel_modules(wanted.kernel_modules)
        self._sysctls(wanted.sysctls)
        if wanted.swap == "disable":
            self._swap_off()
        self._hosts({**self._unresolved(wanted.own_names), **wanted.hosts})
        return {
            "changed": bool(self.diff),
            "diff": self.diff,
            "warnings": self.warnings,
            "missing_packages": missing,
        }

    def remove(self) -> list[str]:
        """Take away what :meth:`apply` keeps for the next boot. What holds now holds until then. Returns the files."""
        for relative in (MODULES_FILE, SYSCTL_FILE):
            path = self.root / relative
            if (_atomic_file.read(str(path)) or b"").startswith(_HEADING.encode()):
                self._note(str(path), "present", "absent")
                if not self.check_mode:
                    path.unlink()
        self._hosts({})
        return [entry["after_header"] for entry in self.diff]

    def missing_packages(self, packages: list[str], family: str) -> list[str]:
        """Those that the distribution's package database does not know as installed."""
        if not packages:
            return []
        if family == "debian":
            installed = self._dpkg_installed()
            return [name for name in packages if name not in installed]
        asked = [
            (name, subprocess.run(["rpm", "-q", "--whatprovides", name], capture_output=True, check=False))
            for name in packages
        ]
        return [name for name, ran in asked if ran.returncode != 0]

    def _dpkg_installed(self) -> set[str]:
        status = self.root / "var/lib/dpkg/status"
        if not status.exists():
            return set()
        text = status.read_text(errors="replace")
        names = re.findall(r"^Package: (\S+)\nStatus: \S+ ok installed$", text, re.MULTILINE)
        provides = re.findall(r"^Provides: (.+)$", text, re.MULTILINE)
        return set(names) | {entry.split()[0] for line in provides for entry in line.split(", ") if entry.split()}

    def _kernel_modules(self, modules: list[str]) -> None:
        self._file(MODULES_FILE, _HEADING + "".join(f"{name}\n" for name in modules))
        for name in modules:
            if not self._module_present(name):
                self._load(name)

    def _module_present(self, name: str) -> bool:
        if (self.root / "sys/module" / name.replace("-", "_")).is_dir():
            return True
        built_in = _BUILT_IN.get(name)
        return built_in is not None and built_in(self.root)

    def _load(self, name: str) -> None:
        if self.check_mode:
            self._note(f"kernel module {name}", "not loaded", "loaded")
            return
        try:
            ran = subprocess.run(["modprobe", name], capture_output=True, text=True, check=False)
            problem = ran.stderr.strip() if ran.returncode else ""
        except FileNotFoundError:
            problem = "there is no modprobe here"
        if problem:
            self.warnings.append(f"kernel module {name} cannot be loaded: {problem}")
        else:
            self._note(f"kernel module {name}", "not loaded", "loaded")

    def _sysctls(self, sysctls: dict[str, str]) -> None:
        self._file(SYSCTL_FILE, _HEADING + "".join(f"{name} = {value}\n" for name, value in sorted(sysctls.items())))
        for name, value in sorted(sysctls.items()):
            self._sysctl(name, str(value))

    def _sysctl(self, name: str, value: str) -> None:
        path = self.root / "proc/sys" / name.replace(".", "/")
        if not path.exists():
            if not self.check_mode:
                self.warnings.append(f"sysctl {name} does not exist on this kernel, so it was not set")
            return
        found = path.read_text().split()
        if found == value.split():
            return
        self._note(f"sysctl {name}", " ".join(found), value)
        if self.check_mode:
            return
        try:
            path.write_text(value + "\n")
        except OSError as error:
            raise KubephaseError(
                f"cannot be set: {error}",
                where=f"sysctl {name}",
                value=value,
                hint="Set it on the machine that runs this host",
            ) from None

    def _swap_off(self) -> None:
        swaps = (self.root / "proc/swaps").read_text().splitlines()[1:]
        if swaps:
            self._note("swap", "on: " + ", ".join(line.split()[0] for line in swaps), "off")
            if not self.check_mode:
                ran = subprocess.run(["swapoff", "--all"], capture_output=True, text=True, check=False)
                if ran.returncode != 0:
                    raise KubephaseError(
                        f"swap cannot be turned off: {ran.stderr.strip()}",
                        where="kubephase_swap",
                        value="disable",
                        hint="Free memory first, or keep swap with kubephase_swap: keep",
                    )
        fstab = self.root / "etc/fstab"
        if fstab.exists():
            lines = fstab.read_text().splitlines(keepends=True)
            commented = [("# " + line if _is_swap_line(line) else line) for line in lines]
            self._file("etc/fstab", "".join(commented))

    def _unresolved(self, names: dict[str, str]) -> dict[str, str]:
        """Those that need an entry: one that has it keeps it, because without it the name would be gone."""
        block = _HOSTS_BLOCK.search(self._hosts_file())
        written = block.group().split() if block else []
        return {name: address for name, address in names.items() if name in written or not _resolves(name)}

    def _hosts_file(self) -> str:
        path = self.root / "etc/hosts"
        return path.read_text() if path.exists() else ""

    def _hosts(self, entries: dict[str, str]) -> None:
        before = self._hosts_file()
        rows = [f"{address} {name}\n" for name, address in sorted(entries.items())]
        block = "".join([_HOSTS_BEGIN + "\n", *rows, _HOSTS_END + "\n"]) if rows else ""
        if not block and not _HOSTS_BLOCK.search(before):
            return
        if block and _HOSTS_BLOCK.search(before):
            after = _HOSTS_BLOCK.sub(lambda _match: block, before)
        else:
            kept = _HOSTS_BLOCK.sub("", before)
            after = kept + ("\n" if kept and not kept.endswith("\n") else "") + block
        self._file("etc/hosts", after)

    def _file(self, relative: str, content: str) -> None:
        path = str(self.root / relative)
        before = _atomic_file.read(path)
        if (before or b"") == content.encode():
            return
        self.diff.append(
            {
                "before_header": path,
                "after_header": path,
                "before": (before or b"").decode(errors="replace"),
                "after": content,
            }
        )
        if self.check_mode:
            return
        mode = _atomic_file.mode_of(path)
        _atomic_file.make_directory(os.path.dirname(path), 0o755)
        try:
            _atomic_file.write(path, content.encode(), 0o644 if mode is None else mode)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            # a bind mount, as /etc/hosts is in a container, cannot be replaced, only rewritten
            Path(path).write_text(content)

    def _note(self, what: str, before: str, after: str) -> None:
        self.diff.append({"before_header": what, "after_header": what, "before": before + "\n", "after": after + "\n"})


def _resolves(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def _is_swap_line(line: str) -> bool:
    fields = line.split()
    return len(fields) >= 3 and not fields[0].startswith("#") and fields[2] == "swap"
