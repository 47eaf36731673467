# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pod network of this node, and the rules that kube-proxy and the kubelet left in the kernel.

Only what carries a name or mark of ours or theirs goes: other tables, chains, routes and CNI configurations stay.
"""

from __future__ import annotations

import glob
import json
import os
import re
from functools import partial
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._pod_network import TABLE
from ansible_collections.kubephase.cluster.plugins.module_utils._pod_routes import PROTOCOL
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Account, Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.commands import ask, disable, stop, tell

UNIT = "kubephase-pod-network"
UNIT_FILE = f"/etc/systemd/system/{UNIT}.service"
_CONFLIST = "10-kubephase.conflist"
_ACCEPTED = re.compile(r"(ip6?tables) -w -C (FORWARD \S+ \S+ -j ACCEPT)")
_CHAIN = re.compile(r"^:(KUBE-\S+) ")
_JUMP = re.compile(r"^-A (?!KUBE-)(\S+ .*-[jg] KUBE-\S+.*)$")


def delete_pod_network(request: Request, account: Account) -> None:
    """What role network made. What tells of a thing goes after it, so that a run that died finds the rest."""
    unit_file = request.at(UNIT_FILE)
    if os.path.exists(unit_file):
        stop(UNIT, account)
        disable(UNIT, account)
        _withdraw_accepted(unit_file, account)
    _delete_tables([f"inet {TABLE}"], account)
    _withdraw_routes(account)
    account.delete_marked(unit_file)
    conflist = request.at(f"{request.cni_config_dir}/{_CONFLIST}")
    for bridge, network in _bridges(conflist):
        _delete_bridge(bridge, conflist, account)
        account.delete_tree(request.at(f"/var/lib/cni/networks/{network}"))
        for folder in ("results", "cache/results"):
            for path in sorted(glob.glob(request.at(f"/var/lib/cni/{folder}/{network}-*"))):
                account.delete(path)
    account.delete(conflist)
    for name in ("pod-network.nft", "pod-routes"):
        account.delete(request.at(f"{request.network_config_dir}/{name}"))


def delete_service_rules(account: Account) -> None:
    """kube-proxy's and the kubelet's, in whichever of the two ways."""
    _delete_tables([f"{family} kube-proxy" for family in ("ip", "ip6")], account)
    for program in ("iptables", "ip6tables"):
        script, count = _removal(ask(f"{program}-save"))
        if script:
            account.do(
                f"delete {count} chains KUBE-* of {program}",
                partial(tell, f"{program}-restore", "--wait", "5", "--noflush", text=script),
            )


def _removal(saved: str) -> tuple[str, int]:
    """What to tell iptables-restore, and how many chains go: first the jumps to them from chains of others."""
    script: list[str] = []
    count = 0
    for table, lines in _tables(saved):
        chains = [match[1] for match in map(_CHAIN.match, lines) if match]
        jumps = [match[1] for match in map(_JUMP.match, lines) if match]
        if not chains:
            continue
        count += len(chains)
        script += [f"*{table}", *(f"-D {rule}" for rule in jumps)]
        script += [f"-F {chain}" for chain in chains] + [f"-X {chain}" for chain in chains] + ["COMMIT"]
    return "".join(f"{line}\n" for line in script), count


def _tables(saved: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            found.append((line[1:], []))
        elif found:
            found[-1][1].append(line)
    return found


def _delete_tables(names: list[str], account: Account) -> None:
    present = {line.replace("table ", "", 1).strip() for line in ask("nft", "list", "tables").splitlines()}
    for name in names:
        if name in present:
            account.do(
                f"delete nftables table {name}",
                partial(tell, "nft", "delete", "table", *name.split()),
            )


def _withdraw_accepted(unit_file: str, account: Account) -> None:
    """Rules that the unit adds to the host's own chain."""
    with open(unit_file, encoding="utf-8", errors="replace") as handle:
        rules = dict.fromkeys(_ACCEPTED.findall(handle.read()))
    for program, rule in rules:
        if f"-A {rule}" in ask(program, "-w", "-S", "FORWARD").splitlines():
            account.do(
                f"delete rule {rule} of {program}",
                partial(tell, program, "-w", "-D", *rule.split()),
            )


def _withdraw_routes(account: Account) -> None:
    for family in ("-4", "-6"):
        shown = ask("ip", family, "-json", "route", "show", "proto", str(PROTOCOL))
        for route in json.loads(shown or "[]"):
            destination = str(route["dst"])
            account.do(
                f"withdraw route {destination}",
                partial(tell, "ip", family, "route", "del", destination, "proto", str(PROTOCOL)),
            )


def _bridges(conflist: str) -> list[tuple[str, str]]:
    """Names of bridges and of the networks they are for."""
    found = _json(conflist)
    plugins = found.get("plugins") or []
    return [(str(one["bridge"]), str(found["name"])) for one in plugins if one.get("bridge") and found.get("name")]


def _delete_bridge(name: str, conflist: str, account: Account) -> None:
    if not os.path.isdir(f"/sys/class/net/{name}"):
        return
    others = [path for path in glob.glob(f"{os.path.dirname(conflist)}/*.conf*") if path != conflist]
    users = [path for path in others if f'"{name}"' in json.dumps(_json(path))]
    attached = os.listdir(f"/sys/class/net/{name}/brif") if os.path.isdir(f"/sys/class/net/{name}/brif") else []
    if users:
        account.leave(f"bridge {name}", f"{users[0]} uses it too")
    elif attached and not account.check_mode:
        account.leave(f"bridge {name}", f"{', '.join(sorted(attached))} is attached to it")
    else:
        account.do(f"delete bridge {name}", partial(tell, "ip", "link", "delete", name))


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
