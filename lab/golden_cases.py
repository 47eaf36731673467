"""The cases of the golden matrix, tests/parity/cases/NAME: what kubeadm is told.

config.yaml   its documents; {version} stands for the release's, {ca_hash} for the pin of the CA of the cluster that is joined
case.yml      title, kind and what else the case needs, see Case
patches/ …    further files; the folder is /root/case on the golden host, and kubeadm runs there
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Optional

import yaml

from lab import pins
from lab.report import LabError

FOLDER = Path(__file__).parent.parent / "tests" / "parity" / "cases"
#: the case whose artifacts the others are stored in relation to
PLAIN = "plain"
KINDS = ("init", "join", "control-plane-join", "token", "csr")


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    kind: str = "init"
    #: of kubeadm; all where empty
    minors: list[str] = field(default_factory=list)
    #: environment variables of the kubeadm process
    environment: dict[str, str] = field(default_factory=dict)
    #: further arguments of kubeadm
    arguments: list[str] = field(default_factory=list)
    #: certificates and kubeconfigs of an earlier kubeadm are there, all but these paths; null: nothing is there
    existing_without: Optional[list[str]] = None
    #: shell commands on the host before kubeadm, in /root/case
    prepare: list[str] = field(default_factory=list)
    #: shell commands on the host when all is done, which take back what `prepare` did elsewhere
    cleanup: list[str] = field(default_factory=list)
    #: folders where the case has files beside the usual ones
    directories: list[str] = field(default_factory=list)
    #: facts that `prepare` makes different from those of golden/host.json
    host: dict[str, Any] = field(default_factory=dict)
    #: of a join: the init case whose cluster is joined
    cluster: str = PLAIN

    @property
    def joins(self) -> bool:
        return self.kind in ("join", "control-plane-join")

    @property
    def hostname(self) -> str:
        return str(self.host.get("hostname", "cp1"))

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def runs_on(self, minor: str) -> bool:
        return not self.minors or minor in self.minors

    def config(self, version: str, ca_hash: str = "0" * 64) -> str:
        """kubeadm's documents for a release, and of a join for the CA that it pins."""
        text = (self.folder / "config.yaml").read_text()
        return text.replace("{version}", version).replace("{ca_hash}", ca_hash)

    def documents(self, version: str) -> list[dict[str, Any]]:
        return [each for each in yaml.safe_load_all(self.config(version)) if each]


def load(name: str) -> Case:
    path = FOLDER / name / "case.yml"
    if not path.is_file():
        raise LabError(f"no golden case {name!r} (have: {', '.join(names())})")
    return parse(name, path.read_text())


def parse(name: str, text: str) -> Case:
    data = yaml.safe_load(text)
    known = {each.name for each in fields(Case)} - {"name"}
    if not isinstance(data, dict) or not data.get("title") or set(data) - known:
        raise LabError(f"cases/{name}/case.yml: title is needed, and only {', '.join(sorted(known))} are known")
    case = Case(name=name, **data)
    if case.kind not in KINDS:
        raise LabError(f"cases/{name}/case.yml: kind {case.kind!r} (accepted: {', '.join(KINDS)})")
    if unknown := set(case.minors) - set(pins.RELEASES):
        raise LabError(f"cases/{name}/case.yml: minors {sorted(unknown)} (accepted: {', '.join(pins.RELEASES)})")
    return case


def names() -> list[str]:
    """Every case, the plain one first."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/case.yml"))
    return sorted(found, key=lambda name: name != PLAIN)


def every() -> list[Case]:
    return [load(name) for name in names()]
