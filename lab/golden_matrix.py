"""Makes the golden matrix: every case of tests/parity/cases with the real kubeadm of every minor, on one host.

`init` runs twice. The dry run tells the API objects. Then kubeadm really runs the phases that need no cluster, so that files
lie where they belong, with the modes they get. The host has no container runtime and no kubelet; nothing is started on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab import golden_store, hosts, kubeadm, pins
from lab.golden_cases import Case
from lab.golden_store import Golden
from lab.masking import mask_object, mask_token
from lab.podman import execute
from lab.report import LabError, say
from lab.topology import Host, Topology

DIRECTORIES = ["/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd"]
#: cases may use it
SCRATCH = "/srv"
#: these talk to a cluster
WITH_API = (
    "preflight",
    "wait-control-plane",
    "upload-config",
    "upload-certs",
    "mark-control-plane",
    "bootstrap-token",
    "kubelet-finalize",
    "addon",
    "show-join-command",
)
RUNS = ((["preflight"], ["--dry-run"]), (WITH_API, []))
#: official builds of 1.34 are made with Go 1.24, which takes SHA-1 of the public key where newer ones take SHA-256
SETTINGS = {"1.34": {"GODEBUG": "x509sha256skid=0"}}


def make(topology: Topology, release: pins.Release, cases: Iterable[Case]) -> None:
    """On a fresh host."""
    host = topology.hosts[0]
    binary = kubeadm.fetch(topology, host, release)
    for case in cases:
        if case.runs_on(release.minor):
            found = golden_of(topology, host, binary, case, release)
            golden_store.write(release.minor, case.name, found)
            say(
                f"{release.minor} {case.name}: {found.refused or f'{len(found.texts)} texts, {len(found.objects)} objects'}"
            )


def golden_of(topology: Topology, host: Host, binary: str, case: Case, release: pins.Release) -> Golden:
    container = hosts.container(topology, host)
    arguments = {
        "files": files_of(case, release.version),
        "prepare": case.prepare,
        "runs": init_runs(binary, case, release),
        "environment": {**SETTINGS.get(release.minor, {}), **case.environment},
        "directories": [*DIRECTORIES, SCRATCH],
    }
    script = Path(__file__).with_name("golden_host.py").read_text()
    collect = Path(__file__).with_name("collect.py").read_text()
    try:
        said = json.loads(execute(container, "python3", "-", json.dumps(arguments), stdin=script))
        if said[-1]["status"]:
            return refused(case, release, said)
        folders = [*DIRECTORIES, *case.directories]
        found = json.loads(execute(container, "python3", "-W", "ignore", "-", *folders, stdin=collect))
    finally:
        for command in case.cleanup:
            execute(container, "sh", "-euc", command)
    return Golden(
        files=found["files"],
        certificates=golden_store.without_run_time(found["certificates"]),
        keys=found["keys"],
        texts={path: mask_token(text) for path, text in found["texts"].items()},
        objects=[mask_object(each) for each in kubeadm.parse_dry_run(said[0]["output"])],
    )


def init_runs(binary: str, case: Case, release: pins.Release) -> list[list[str]]:
    init = [binary, "init", "--config=config.yaml", *case.arguments]
    # the argument replaces the list of the document
    skipped = [phase for each in case.documents(release.version) for phase in each.get("skipPhases") or []]
    return [[*init, f"--skip-phases={','.join([*these, *skipped])}", *dry] for these, dry in RUNS]


def refused(case: Case, release: pins.Release, said: list[dict[str, Any]]) -> Golden:
    if len(said) > 1:
        raise LabError(f"{case.name} of {release.minor}: refused after the dry run: {said[-1]['errors']}")
    return Golden(refused=sentence(said[-1]["errors"]))


def files_of(case: Case, version: str) -> dict[str, str]:
    """Of the case's folder, by their place in it."""
    paths = [path for path in sorted(case.folder.rglob("*")) if path.is_file() and path.name != "case.yml"]
    found = {str(path.relative_to(case.folder)): path.read_text() for path in paths}
    return {**found, "config.yaml": case.config(version)}


def sentence(errors: str) -> str:
    """Why kubeadm refused, without its log lines."""
    lines = [line for line in errors.splitlines() if not re.match(r"[IWE]\d{4} |\t?\[WARNING ", line)]
    text = "\n".join(line for line in lines if not line.startswith("To see the stack trace"))
    return mask_token(text.strip()).removeprefix("error: ")
