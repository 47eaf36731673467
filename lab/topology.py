"""Which hosts a lab has."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.report import LabError

FOLDER = Path(__file__).with_name("topologies")
GROUPS = ("control_plane", "workers", "etcd", "load_balancer", "spare")


@dataclass(frozen=True)
class Host:
    name: str
    address: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Topology:
    """A lab's name is also its network's, and the prefix of its containers and volumes."""

    name: str
    subnet: str
    hosts: tuple[Host, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    """What its inventory says beside what every lab's does."""

    @property
    def gateway(self) -> str:
        """The machine's own address in the lab's network: there the mirror is reached."""
        return str(ipaddress.ip_network(self.subnet)[1])

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"lab {self.name} has no host {name!r} (has: {', '.join(host.name for host in self.hosts)})")

    def group(self, group: str) -> list[Host]:
        return [host for host in self.hosts if group in host.groups]


def load(name_or_path: str, name: str = "") -> Topology:
    """A topology of lab/topologies by name, or any file by path; name gives the lab another name than the file does."""
    path = Path(name_or_path)
    if path.suffix != ".json":
        path = FOLDER / f"{name_or_path}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json")))
        raise LabError(f"no topology {name_or_path!r} (have: {known}; or the path of a .json file)")
    return parse(path.read_text(), str(path), name)


def parse(text: str, where: str, name: str = "") -> Topology:
    try:
        data = json.loads(text)
        network = ipaddress.ip_network(data["subnet"])
        hosts = tuple(
            Host(host, str(ipaddress.ip_address(each["address"])), tuple(each["groups"]))
            for host, each in data["hosts"].items()
        )
        topology = Topology(name or data["name"], str(network), hosts, dict(data.get("variables", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise LabError(f"{where}: not a topology: {problem!r}") from problem
    for host in hosts:
        if ipaddress.ip_address(host.address) not in network or host.address == topology.gateway:
            raise LabError(f"{where}: hosts.{host.name}.address: {host.address} is not a host's address in {network}")
        if unknown := set(host.groups) - set(GROUPS):
            raise LabError(f"{where}: hosts.{host.name}.groups: {sorted(unknown)} (accepted: {', '.join(GROUPS)})")
    return topology
