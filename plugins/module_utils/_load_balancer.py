# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that balances the API servers: haproxy, and keepalived where it holds a virtual address together with others.

No configuration goes live before the program that reads it has accepted it. A running program reads a new one without
giving up its connections. What was in the place of one of these files before is kept beside it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.module_utils import _atomic_file, _host_info
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._node import Node
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

HAPROXY = "etc/haproxy/haproxy.cfg"
KEEPALIVED = "etc/keepalived/keepalived.conf"
CHECK = "usr/libexec/keepalived/kubephase-check"
AUTHORITY = "etc/haproxy/kubernetes-ca.crt"
SAVED = ".before-kubephase"
UNUSED = SAVED + ".unused"
"""Stands beside what was saved, where its program did not run."""
MARK = "Written by kubephase.cluster.load_balancer"
INTERFACE, PASSWORD = "@INTERFACE@", "@PASSWORD@"  # noqa: S105 what stands for it in the configuration
_SHOWN_PASSWORD = re.compile(r"(auth_pass[ \t]+).*")
_PASSWORD = re.compile(r"[A-Za-z0-9_.-]{0,8}")
_PROGRAMS = {HAPROXY: "haproxy", KEEPALIVED: "keepalived"}
_BOOLEAN = "sys/fs/selinux/booleans/haproxy_connect_any"

Addresses = list[tuple[str, str]]


@dataclass
class Wanted:
    """What the balancer is to be.

    :param keepalived: empty where no virtual address is held.
    :param authority: certificate of the authority that the API servers' certificates are checked against, PEM.
    :param address: the balancer's own; the interface that has it stands in the configuration for ``@INTERFACE@``.
    """

    haproxy: str
    keepalived: str = ""
    check: str = ""
    authority: str = ""
    address: str = ""
    password: str = ""
    packages: Sequence[str] = ()
    package_family: str = "debian"


@dataclass(frozen=True)
class _File:
    path: str
    text: str
    mode: int = 0o644


class Balancer:
    """Reconciles one host.

    :param root: other than ``/`` in tests only, as ``addresses`` is.
    """

    def __init__(
        self, check_mode: bool = False, root: str = "/", addresses: Callable[[], Addresses] | None = None
    ) -> None:
        self.check_mode = check_mode
        self.root = Path(root)
        self.addresses = addresses or _host_info.interface_addresses
        self.diff: list[dict[str, str]] = []

    def apply(self, wanted: Wanted) -> dict[str, Any]:
        """Where packages are missing nothing is changed; check mode says then what will be.

        :returns: ``changed``, ``diff``, ``missing_packages``, ``units`` (what was done to each).
        """
        keepalived = self._keepalived_text(wanted)
        missing = Node(root=str(self.root)).missing_packages(list(wanted.packages), wanted.package_family)
        if missing and not self.check_mode:
            return self._result(missing, {})
        for name in missing:
            self._note(f"package {name}", "not installed\n", "installed\n")
        haproxy = [_File(AUTHORITY, wanted.authority)] if wanted.authority else []
        haproxy.append(_File(HAPROXY, wanted.haproxy))
        if not missing and not all(map(self._stands, haproxy)):
            self._accepts_haproxy(wanted)
        self._selinux()
        self._write(haproxy)
        if not wanted.authority:
            self._remove([AUTHORITY])
        units = {} if missing else {"haproxy": self._loaded("haproxy", haproxy)}
        if keepalived:
            file = _File(KEEPALIVED, keepalived, 0o600)
            self._write([_File(CHECK, wanted.check, 0o755)])
            if not missing and not self._stands(file) and (self.root / CHECK).exists():
                self._accepts_keepalived(keepalived, wanted.password)
            self._write([file])
            units.update({} if missing else {"keepalived": self._loaded("keepalived", [file])})
        else:
            units.update(self._leave_address())
        return self._result(missing, units)

    def remove(self) -> dict[str, Any]:
        """Undo what ``apply`` did. A configuration that somebody else wrote is left alone, and so is its program."""
        units = self._leave_address()
        units.update(self._give_back(HAPROXY, AUTHORITY))
        left = self._selinux_left() if units else []
        return {**self._result([], units), **({"warnings": left} if left else {})}

    def _result(self, missing: list[str], units: dict[str, list[str]]) -> dict[str, Any]:
        done = {name: actions for name, actions in units.items() if actions}
        return {"changed": bool(self.diff or done), "diff": self.diff, "missing_packages": missing, "units": done}

    def _keepalived_text(self, wanted: Wanted) -> str:
        text = wanted.keepalived
        if text and not _PASSWORD.fullmatch(wanted.password):
            # longer ones are cut, and others end a word of the configuration
            raise KubephaseError(
                "no password that VRRP and keepalived's configuration can have",
                where="load_balancer_vrrp_password",
                value=f"{len(wanted.password)} characters",
                accepted="1 to 8 characters of A-Z, a-z, 0-9, _, . and -, or none",
            )
        if INTERFACE in text:
            text = text.replace(INTERFACE, self._interface(wanted.address))
        return text.replace(PASSWORD, wanted.password)

    def _interface(self, address: str) -> str:
        found = self.addresses()
        for name, text in found:
            if text == address and name:
                return name
        raise KubephaseError(
            "no interface of the balancer has this address",
            where="load_balancer_members",
            value=address,
            accepted=", ".join(sorted(text for name, text in found if name != "lo")),
            hint="Set kubephase_local_api_endpoint.advertiseAddress of this host, or the interface with load_balancer_interface",
        )

    def _accepts_haproxy(self, wanted: Wanted) -> None:
        with tempfile.TemporaryDirectory(prefix="kubephase-haproxy.") as folder:
            text = wanted.haproxy
            if wanted.authority:
                authority = Path(folder, "ca.crt")
                authority.write_text(wanted.authority)
                text = text.replace("/" + AUTHORITY, str(authority))
            candidate = Path(folder, "haproxy.cfg")
            candidate.write_text(text)
            _accepts("haproxy", ["-c", "-f", str(candidate)], str(candidate), "/" + HAPROXY)

    def _accepts_keepalived(self, text: str, password: str) -> None:
        with tempfile.TemporaryDirectory(prefix="kubephase-keepalived.") as folder:
            candidate = Path(folder, "keepalived.conf")
            candidate.write_text(text)
            arguments = ["--config-test", f"--use-file={candidate}"]
            _accepts("keepalived", arguments, str(candidate), "/" + KEEPALIVED, password)

    def _selinux(self) -> None:
        """SELinux lets haproxy listen and connect to the ports of web servers only, where nothing else is said."""
        switch = self.root / _BOOLEAN
        if not switch.exists() or switch.read_text().split()[:1] == ["1"]:
            return
        self._note("SELinux haproxy_connect_any", "off\n", "on\n")
        if self.check_mode:
            return
        command = ["setsebool", "-P", "haproxy_connect_any", "on"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise KubephaseError(
                f"cannot be set: {ran.stderr.strip()}", where="SELinux boolean haproxy_connect_any", accepted="on"
            )

    def _selinux_left(self) -> list[str]:
        """Whether somebody else has it turned on too, nobody can tell."""
        switch = self.root / _BOOLEAN
        if not switch.exists() or switch.read_text().split()[:1] != ["1"]:
            return []
        return [
            "SELinux boolean haproxy_connect_any stays on: 'setsebool -P haproxy_connect_any off' where nothing else needs it"
        ]

    def _leave_address(self) -> dict[str, list[str]]:
        return self._give_back(KEEPALIVED, CHECK)

    def _give_back(self, configuration: str, beside: str) -> dict[str, list[str]]:
        """The program stops, or goes on with what it had before. The file with our mark goes last: it tells of the rest."""
        name, place = _PROGRAMS[configuration], str(self.root / configuration)
        before = _atomic_file.read(place + SAVED)
        if not self._ours(configuration):
            # a run died before it could say that the old configuration is back
            if before is None or before != _atomic_file.read(place) or not self._was_used(configuration, before):
                self._forget(place + UNUSED)
                return {}
        elif before is None or not self._was_used(configuration, before):
            units = {name: self._stopped(name)}
            self._remove([beside, configuration])
            self._forget(place + UNUSED)
            return units
        else:
            self._remove([beside])
            self._note(place, _atomic_file.read(place) or b"", before)
            if not self.check_mode:
                _copy(place + SAVED, place)
        units = {name: self._restarted(name)}
        self._forget(place + SAVED)
        return units

    def _was_used(self, configuration: str, text: bytes) -> bool:
        """Whether somebody had the program run with it: it ran, and by more than its package's own example."""
        if (self.root / (configuration + UNUSED)).exists():
            return False
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
        packages = _atomic_file.read(str(self.root / "var/lib/dpkg/status")) or b""
        return f"\n /{configuration} {digest}".encode() not in packages

    def _forget(self, path: str) -> None:
        if not self.check_mode and os.path.exists(path):
            os.unlink(path)

    def _save(self, file: _File) -> None:
        """What is in the place of one of our files, and whether its program runs with it."""
        path = str(self.root / file.path)
        name = _PROGRAMS.get(file.path)
        self._forget(path + UNUSED)
        if name and not Unit(name).is_active():
            _atomic_file.write(path + UNUSED, b"", 0o600)
        _copy(path, path + SAVED)

    def _loaded(self, name: str, files: list[_File]) -> list[str]:
        paths = [str(self.root / file.path) for file in files]
        changes = any(entry["after_header"] in paths for entry in self.diff)
        return Unit(name, self.check_mode).ensure(
            enabled=True, newer_than=paths, restart=self.check_mode and changes, reload=True
        )

    def _stopped(self, name: str) -> list[str]:
        unit = Unit(name, self.check_mode)
        if unit.properties().get("LoadState") == "not-found":
            return []
        return unit.ensure(enabled=False, state="stopped")

    def _restarted(self, name: str) -> list[str]:
        unit = Unit(name, self.check_mode)
        if unit.properties().get("LoadState") == "not-found":
            return []
        return unit.ensure(restart=True)

    def _stands(self, file: _File) -> bool:
        return _atomic_file.read(str(self.root / file.path)) == file.text.encode()

    def _write(self, files: list[_File]) -> None:
        for file in files:
            path = str(self.root / file.path)
            before = _atomic_file.read(path)
            if self._stands(file) and _atomic_file.mode_of(path) == file.mode:
                continue
            self._note(path, before or b"", file.text.encode(), file.mode)
            if self.check_mode:
                continue
            _atomic_file.make_directory(os.path.dirname(path), 0o755)
            if before is not None and MARK.encode() not in before and not os.path.exists(path + SAVED):
                self._save(file)
            _atomic_file.write(path, file.text.encode(), file.mode)

    def _remove(self, paths: list[str]) -> None:
        for relative in paths:
            path = str(self.root / relative)
            before = _atomic_file.read(path)
            if before is None:
                continue
            saved = _atomic_file.read(path + SAVED)
            self._note(path, before, saved or b"")
            if self.check_mode:
                continue
            if saved is None:
                os.unlink(path)
            else:
                os.rename(path + SAVED, path)

    def _ours(self, relative: str) -> bool:
        return MARK.encode() in (_atomic_file.read(str(self.root / relative)) or b"")

    def _note(self, path: str, before: bytes | str, after: bytes | str, mode: int | None = None) -> None:
        """One entry of the diff; two equal texts differ in their mode."""
        if before == after and mode is not None:
            before, after = f"mode {_atomic_file.mode_of(path):04o}\n", f"mode {mode:04o}\n"
        shown = [text if isinstance(text, str) else _shown(path, text) for text in (before, after)]
        self.diff.append({"before_header": path, "after_header": path, "before": shown[0], "after": shown[1]})


def _shown(path: str, content: bytes) -> str:
    """What somebody else wrote may have secrets anywhere."""
    if content and MARK.encode() not in content and path.endswith(tuple(_PROGRAMS)):
        return f"somebody else's, {len(content)} bytes, which are not shown\n"
    return _SHOWN_PASSWORD.sub(r"\1********", content.decode(errors="replace"))


def _copy(source: str, target: str) -> None:
    """Whole or not at all, with mode, owner and time."""
    temporary = target + ".new"
    shutil.copy2(source, temporary)
    found = os.stat(source)
    os.chown(temporary, found.st_uid, found.st_gid)
    os.rename(temporary, target)


def _accepts(program: str, arguments: list[str], candidate: str, path: str, secret: str = "") -> None:
    """The program itself judges a configuration before it takes the place of another."""
    try:
        ran = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        raise KubephaseError(
            f"there is no {program} on the host, though its package is installed",
            where=path,
            hint="Is /usr/sbin in the PATH of the user that Ansible becomes?",
        ) from None
    said = (ran.stderr + ran.stdout).replace(candidate, path).strip()
    # keepalived 2.2 ends by its own signal where the configuration has a script; what is wrong it tells before
    if ran.returncode == 0 or (ran.returncode == -signal.SIGTERM and not said):
        return
    raise KubephaseError(
        f"{program} does not accept this configuration, the one in place was left as it is: "
        + (said.replace(secret, "********") if secret else said),
        where=path,
        hint="Look at load_balancer_extra_global, load_balancer_extra_backend and the addresses",
    )
