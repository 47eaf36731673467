# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control plane of a run is to do, and in which order those of a running cluster change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.kubephase.cluster.plugins.filter.founding import founding, founds, peer_url


def cluster_plan(hostvars: Mapping[str, Mapping[str, Any]], control_planes: Sequence[str]) -> dict[str, Any]:
    """From the variables of all hosts and the names of the control planes, in the order of the inventory.

    Only hosts that resolved their configuration in this run are seen.
    """
    facts: dict[str, Mapping[str, Any]] = {}
    for name in control_planes:
        fact = hostvars[name].get("kubephase", {})
        # of one that was not reached Ansible keeps only that
        if "host" in fact:
            facts[name] = fact
    begun = founding(facts)
    members = [name for name, fact in facts.items() if fact["host"]["member"]]
    running = [name for name in members if not founds(facts[name])]
    first = [name for name in control_planes[:1] if name in begun["hosts"]]
    init = next(iter([*first, *running, *control_planes]), "")
    staying = {*members, *begun["hosts"], init}
    joining = [name for name in facts if name not in staying]
    return {
        "known": list(facts),
        "founding": begun,
        "running": running,
        "rolling": running if len(running) > 1 else [],
        "nodes": [name for name, fact in facts.items() if _is_bare_node(fact)],
        "init": init,
        "moved": [name for name, fact in facts.items() if _has_moved(fact)],
        "ca_holders": [name for name, fact in facts.items() if fact["host"].get("ca_key")],
        "started": [name for name in facts if name in staying],
        "joining": joining,
        "peers": [peer_url(facts[name]) for name in joining],
    }


#: what roles register that may restart something of a control plane
_RESULTS = ("static_manifests_users", "static_manifests_result", "kube_vip_result", "wait_control_plane_result")
#: a control plane on which one of these is not well serves nobody
_SERVING = {"kube-apiserver", "etcd"}


def change_order(hostvars: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> list[list[str]]:
    """Those of the control planes on which something changes or is not well, in the batches in which they change.

    From what the roles said in check mode. Those that do not serve come first and at once: nothing is lost there, and
    members of an etcd without a majority need each other. The others follow one by one.
    """
    idle: list[str] = []
    serving: list[str] = []
    for name in names:
        results = [hostvars[name].get(result, {}) for result in _RESULTS]
        unwell = {component for result in results for component in result.get("unwell", [])}
        if unwell & _SERVING:
            idle.append(name)
        elif unwell or any(result.get("changed") for result in results):
            serving.append(name)
    return [*([idle] if idle else []), *([name] for name in serving)]


def _has_moved(fact: Mapping[str, Any]) -> bool:
    """A control plane whose certificates are not where they are configured to be."""
    found = fact["host"].get("certificates_dirs")
    wanted = str(fact["cluster"].get("certificatesDir") or "").rstrip("/")
    return bool(found and wanted and fact["host"]["member"] and wanted not in found)


def _is_bare_node(fact: Mapping[str, Any]) -> bool:
    """A node that is no control plane; one whose manifests somebody else writes may be one."""
    own = any("control-plane" in name.split("/") for name in fact.get("skip_phases") or [])
    return bool(fact["host"]["member"] == "worker" and not fact["host"]["founding"] and not own)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cluster_plan": cluster_plan, "change_order": change_order}
