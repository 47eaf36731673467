"""Makes the golden matrix: every case of tests/parity/cases with the real kubeadm of every minor, on one host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab import golden_cases, golden_runs, golden_store, hosts, kubeadm, pins, store
from lab.golden_cases import Case
from lab.golden_runs import Run
from lab.golden_store import Golden
from lab.masking import mask_object, mask_token
from lab.podman import execute, podman
from lab.report import LabError, say
from lab.topology import Topology

#: cases may use it
SCRATCH = "/srv"
#: no verdict of kubeadm, but something that the golden host does not offer
OF_THE_LAB = re.compile(r"dial tcp|deadline exceeded|timed out|member \w+ is not started")
SCRIPTS = ("golden_host.py", "golden_api.py", "golden_etcd.py", "golden_proto.py", "collect.py")
ON_HOST = "/root/golden"
SCRIPT = ["env", f"PYTHONPATH={ON_HOST}", "python3", "-m", "lab.golden_host"]


def make(topology: Topology, release: pins.Release, cases: Iterable[Case]) -> None:
    """On a fresh host."""
    host = topology.hosts[0]
    matrix = Matrix(hosts.container(topology, host), kubeadm.fetch(topology, host, release), release)
    matrix.bring_scripts()
    matrix.bring_etcd()
    failed = []
    for case in cases:
        if case.runs_on(release.minor):
            try:
                found = matrix.golden(case)
            except LabError as problem:
                say(str(problem))
                failed.append(case.name)
                continue
            golden_store.write(release.minor, case.name, found)
            number = f"{len(found.texts)} texts, {len(found.objects)} objects, {len(found.patches)} patches"
            say(f"{release.minor} {case.name}: {found.refused or number}")
    if failed:
        raise LabError(f"not made, and as they were before: {', '.join(failed)}")


class Matrix:
    """The host, and the kubeadm on it."""

    def __init__(self, container: str, binary: str, release: pins.Release) -> None:
        self.container = container
        self.binary = binary
        self.release = release
        self.joined = ""
        self.found: tuple[str, dict[str, Any]] = ("", {})

    def bring_scripts(self) -> None:
        # a package of this one's name
        execute(self.container, "mkdir", "-p", f"{ON_HOST}/lab")
        for name in SCRIPTS:
            text = Path(__file__).with_name(name).read_text()
            execute(self.container, "sh", "-c", f"cat > {ON_HOST}/lab/{name}", stdin=text)

    def bring_etcd(self) -> None:
        binary = store.entry(f"etcd-v{self.release.etcd_version}-{pins.architecture()}") / "etcd"
        podman("cp", str(binary), f"{self.container}:{golden_runs.ETCD}")

    def golden(self, case: Case) -> Golden:
        ca_hash = ""
        if case.joins:
            ca_hash, objects = self.cluster(golden_cases.load(case.cluster))
            runs = golden_runs.join(self.binary, case, objects)
        else:
            runs = golden_runs.of(self.binary, case, self.release)
        try:
            said = self.run(case, runs, ca_hash)
        finally:
            for command in case.cleanup:
                execute(self.container, "sh", "-euc", command)
        if not said[-1]["status"]:
            return accepted(case, runs, said)
        if runs[len(said) - 1].get("dry"):
            raise LabError(f"{case.name} of {self.release.minor}: only the dry run refuses: {said[-1]['errors']}")
        if OF_THE_LAB.search(said[-1]["errors"]):
            raise LabError(f"{case.name} of {self.release.minor}: {said[-1]['errors']}")
        return Golden(refused=sentence(said[-1]["errors"]))

    def cluster(self, case: Case) -> tuple[str, dict[str, Any]]:
        """Makes what a join needs of a cluster, or leaves it: the pin of its CA, and its objects by path."""
        if case.name != self.joined:
            said = self.run(case, golden_runs.cluster(self.binary, case, self.release))
            if said[-1]["status"]:
                raise LabError(f"{case.name} of {self.release.minor}, to be joined: {said[-1]['errors']}")
            sent = [each for each in said[-2]["recorded"] if each["method"] == "POST"]
            objects = {f"{each['path']}/{each['body']['metadata']['name']}": each["body"] for each in sent}
            self.joined, self.found = case.name, (said[-1]["output"].strip(), objects)
        return self.found

    def run(self, case: Case, runs: list[Run], ca_hash: str = "") -> list[dict[str, Any]]:
        arguments = {
            "files": files_of(case, case.config(self.release.version, ca_hash)),
            "existing": golden_runs.existing(self.binary, case),
            "prepare": case.prepare,
            "runs": runs,
            "environment": {**kubeadm.ENVIRONMENT.get(self.release.minor, {}), **case.environment},
            "directories": [*golden_runs.DIRECTORIES, SCRATCH],
            "hostname": case.hostname,
        }
        answer = execute(self.container, *SCRIPT, stdin=json.dumps(arguments))
        said: list[dict[str, Any]] = json.loads(answer)
        return said

    def script(self, name: str, *arguments: str, stdin: str = "") -> str:
        command = ["env", f"PYTHONPATH={ON_HOST}", "python3", "-W", "ignore", "-m", f"lab.{name}"]
        return execute(self.container, *command, *arguments, stdin=stdin)


def accepted(case: Case, runs: list[Run], said: list[dict[str, Any]]) -> Golden:
    collected = [json.loads(told["output"]) for run, told in zip(runs, said) if run.get("collect")]
    dry = [told["output"] for run, told in zip(runs, said) if run.get("dry")]
    recorded = [each for told in said for each in told["recorded"]]
    sent = [each["body"] for each in recorded if each["method"] in ("POST", "PUT")]
    golden = Golden(
        objects=[mask_object(each) for each in (kubeadm.parse_dry_run(dry[0]) if dry else sent)],
        patches=[{"path": each["path"], "body": each["body"]} for each in recorded if each["method"] == "PATCH"],
        output=mask_output(said[0]["output"]) if case.kind == "token" else "",
    )
    for found in collected:
        golden.files, golden.keys, golden.requests = found["files"], found["keys"], found["requests"]
        golden.certificates = golden_store.without_run_time(found["certificates"])
        texts = {path: mask_token(text) for path, text in found["texts"].items()}
        golden.texts = {path: golden_store.with_members_in_order(text) for path, text in texts.items()}
    return golden


def files_of(case: Case, config: str) -> dict[str, str]:
    """Of the case's folder, by their place in it."""
    paths = [path for path in sorted(case.folder.rglob("*")) if path.is_file() and path.name != "case.yml"]
    return {**{str(path.relative_to(case.folder)): path.read_text() for path in paths}, "config.yaml": config}


def mask_output(text: str) -> str:
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:MASKED", mask_token(text))


def sentence(errors: str) -> str:
    """Why kubeadm refused, without its log lines."""
    lines = [line for line in errors.splitlines() if not re.match(r"[IWE]\d{4} |\t?\[WARNING ", line)]
    text = "\n".join(line for line in lines if not line.startswith("To see the stack trace"))
    return mask_output(text.strip()).removeprefix("error: ")
