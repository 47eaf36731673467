# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may add to a static Pod: arguments, environment, volumes, merged into the manifest's text as kubeadm does.

The functions take the lines that stand in a template, so the template stays a manifest that a person can read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load

_METRICS_PORT = 2381
_ARGUMENT = re.compile(r"^(?P<indent> *)- --(?P<name>[^=\s]+)=(?P<value>.*)$")


def merge_arguments(block: str, extra: Sequence[Mapping[str, str]]) -> str:
    """kubeadm's ``extraArgs`` rule: every base line whose flag is given is dropped, the given ones follow in their order.

    :param block: lines ``- --name=value``, sorted by name.
    :param extra: ``[{name, value}]``, duplicates allowed.
    """
    given = {entry["name"] for entry in extra}
    indent = 0
    arguments = []
    for line in block.splitlines():
        match = _ARGUMENT.match(line)
        if match is None:
            raise KubephaseError(
                "this is not a line of the form '- --name=value'", where="manifest template", value=line
            )
        indent = len(match["indent"])
        if match["name"] not in given:
            arguments.append(f"--{match['name']}={match['value']}")
    arguments += [f"--{entry['name']}={entry['value']}" for entry in extra]
    return _indented(dump(arguments), indent)


def merge_env(base: Sequence[Mapping[str, Any]], extra: Sequence[Mapping[str, Any]], indent: int = 4) -> str:
    """The ``env:`` part of a container, or nothing. ``extra`` wins by name; the result is sorted by name."""
    merged = {entry["name"]: dict(entry) for entry in [*base, *extra]}
    if not merged:
        return ""
    for entry in merged.values():
        field = (entry.get("valueFrom") or {}).get("fieldRef")
        if field is not None:
            field.setdefault("apiVersion", "v1")
    return _indented(dump({"env": [merged[name] for name in sorted(merged)]}), indent)


def merge_volume_mounts(block: str, extra: Sequence[Mapping[str, Any]]) -> str:
    """A container's mounts with those of ``extraVolumes``, sorted by name; the user's replaces one of the same name."""
    added = [
        {
            "mountPath": entry["mountPath"],
            "name": entry["name"],
            **({"readOnly": True} if entry.get("readOnly") else {}),
        }
        for entry in extra
    ]
    return _merged_by_name(block, added)


def merge_volumes(block: str, extra: Sequence[Mapping[str, Any]]) -> str:
    """A Pod's volumes with those of ``extraVolumes``; kubeadm always sets ``type``, so an absent one prints as empty."""
    added = [
        {"hostPath": {"path": entry["hostPath"], "type": entry.get("pathType") or ""}, "name": entry["name"]}
        for entry in extra
    ]
    return _merged_by_name(block, added)


def certificate_directories(paths: Sequence[str], mounted: Sequence[str]) -> list[str]:
    """The directories of files that a Pod needs mounted beside those it has; a parent stands for what is below it.

    What is below what is judged by the beginning of the text alone, as kubeadm does.
    """
    found: list[str] = []
    for directory in map(os.path.dirname, paths):
        if not directory or directory.startswith(tuple(mounted)):
            continue
        inside = any(directory.startswith(other) and not other.startswith(directory) for other in found)
        found = [other for other in found if not other.startswith(directory)] + ([] if inside else [directory])
    return sorted(found)


def probe_endpoint(url: str, localhost: str) -> dict[str, Any]:
    """Where etcd answers probes: ``hostname``, ``port`` and ``scheme`` of its metrics URL, with kubeadm's defaults."""
    try:
        parsed = urlsplit(url)
        host, port = parsed.hostname, parsed.port
    except ValueError:
        raise KubephaseError(
            "this is not a URL", where="etcd.local.extraArgs: listen-metrics-urls", value=url
        ) from None
    return {
        "hostname": host or localhost.strip("[]"),
        "port": port or _METRICS_PORT,
        "scheme": "HTTPS" if parsed.scheme == "https" else "HTTP",
    }


def _merged_by_name(block: str, added: Sequence[Mapping[str, Any]]) -> str:
    found = load(block) or []
    merged = {entry["name"]: entry for entry in [*found, *added]}
    indent = len(block) - len(block.lstrip(" "))
    return _indented(dump([merged[name] for name in sorted(merged)]), indent)


def _indented(text: str, indent: int) -> str:
    return "".join(" " * indent + line for line in text.splitlines(keepends=True))
