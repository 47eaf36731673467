# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command of the user's that signs one request. Runs without a shell, so nothing in a request can become a command."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

PLACEHOLDERS = (
    "request",
    "certificate",
    "extensions",
    "name",
    "authority",
    "common_name",
    "organizations",
    "dns_names",
    "ip_addresses",
    "usages",
    "days",
    "seconds",
    "not_after",
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SHOWN = 400


@dataclass(frozen=True)
class Job:
    """What is to be signed."""

    name: str
    authority: str
    csr: str
    profile: Profile
    validity: timedelta


def check(command: Sequence[str], where: str) -> None:
    """Every placeholder is a known one, and the request reaches the command."""
    found = [name for part in command for name in _PLACEHOLDER.findall(part)]
    unknown = [name for name in found if name not in PLACEHOLDERS]
    if unknown:
        raise KubephaseError(
            "unknown placeholder",
            where=where,
            value=f"{{{unknown[0]}}}",
            accepted=", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
        )
    if "request" not in found:
        raise KubephaseError(
            "the command is never told which request to sign",
            where=where,
            accepted="{request}, the path of a file with the request, in one of its arguments",
        )


def run(command: Sequence[str], job: Job, now: datetime, timeout: float) -> bytes:
    """The command's answer: the file ``{certificate}`` where it wrote one, else its standard output."""
    with tempfile.TemporaryDirectory(prefix="kubephase-signing-") as directory:
        values = _values(job, now, directory)
        _write(values["request"], job.csr)
        _write(values["extensions"], extensions(job.profile))
        argv = [_PLACEHOLDER.sub(lambda found: values[found.group(1)], part) for part in command]
        output = _output(argv, f"the command for {job.authority}", timeout)
        try:
            with open(values["certificate"], "rb") as handle:
                return handle.read()
        except FileNotFoundError:
            return output


def extensions(profile: Profile) -> str:
    """What the certificate is to say beside its subject, as a file for ``openssl x509 -extfile``."""
    lines = ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature, keyEncipherment"]
    lines += [f"extendedKeyUsage = {', '.join(profile.usages())}", "authorityKeyIdentifier = keyid"]
    names = profile.names.texts()
    lines += [f"subjectAltName = {', '.join(names)}"] if names else []
    return "".join(f"{line}\n" for line in lines)


def _values(job: Job, now: datetime, directory: str) -> dict[str, str]:
    seconds = int(job.validity.total_seconds())
    profile = job.profile
    return {
        "request": f"{directory}/request.csr",
        "certificate": f"{directory}/certificate.crt",
        "extensions": f"{directory}/extensions.cnf",
        "name": job.name,
        "authority": job.authority,
        "common_name": profile.common_name,
        "organizations": ",".join(profile.organizations),
        "dns_names": ",".join(profile.names.dns_names),
        "ip_addresses": ",".join(profile.names.ip_addresses),
        "usages": ",".join(profile.usages()),
        "days": str(max(1, seconds // 86400)),
        "seconds": str(seconds),
        "not_after": (now + job.validity).strftime("%Y%m%d%H%M%SZ"),
    }


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as handle:
        handle.write(text)


def _output(argv: list[str], where: str, timeout: float) -> bytes:
    try:
        ran = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout, cwd=os.sep
        )
    except FileNotFoundError:
        raise KubephaseError("there is no such program", where=where, value=argv[0]) from None
    except OSError as error:
        raise KubephaseError(f"it cannot be run: {error.strerror}", where=where, value=argv[0]) from None
    except subprocess.TimeoutExpired:
        raise KubephaseError(f"no answer within {timeout:g} s", where=where, value=argv[0]) from None
    if ran.returncode:
        said = (ran.stderr or ran.stdout).decode("utf-8", "replace").strip()
        raise KubephaseError(
            f"it failed with code {ran.returncode}", where=where, value=argv[0], hint=f"It said: {said[-_SHOWN:]}"
        )
    return ran.stdout
