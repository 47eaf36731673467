"""Which commands of kubeadm make up a golden case.

`init` runs three times: really, the phases that need no cluster, so that files lie where they belong, with the modes they get;
then those that talk to a cluster, to an API server that remembers (not where the case's endpoint is on no host: then the
node's PATCH is not known); then all of it dry, which tells the API objects (on a host without an earlier kubeadm's
certificates, with which a dry run before 1.36 fails). `join` runs against that server too. The host has no container runtime
and no kubelet; nothing is started on it.
"""

from __future__ import annotations

from typing import Any

from lab import pins
from lab.golden_cases import Case

LOCAL_PHASES = ("certs", "kubeconfig", "etcd", "control-plane", "kubelet-start")
CLUSTER_PHASES = ("upload-config", "upload-certs", "mark-control-plane", "bootstrap-token", "addon")
#: of hosts and Pods that are not there
NO_PHASES = ("preflight", "wait-control-plane", "kubelet-finalize", "show-join-command")
NO_JOIN_PHASES = ("preflight", "kubelet-wait-bootstrap", "wait-control-plane")
ETCD = "/usr/local/bin/etcd"
DIRECTORIES = ("/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd")
PKI = "/etc/kubernetes/pki"
#: what a join finds of the cluster it joins
CLUSTER = "/root/cluster"
ADDRESS = "172.30.10.101"
#: how kubeadm finds the etcd of the cluster
ETCD_POD = {
    "/api/v1/namespaces/kube-system/pods/etcd-cp1": {
        "metadata": {
            "name": "etcd-cp1",
            "namespace": "kube-system",
            "annotations": {"kubeadm.kubernetes.io/etcd.advertise-client-urls": f"https://{ADDRESS}:2379"},
        },
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
}
CONFIG = "--config=config.yaml"

Run = dict[str, Any]


def of(binary: str, case: Case, release: pins.Release) -> list[Run]:
    """The runs of a case that joins no cluster."""
    if case.kind == "token":
        return [{"command": [binary, "token", *case.arguments], "clean": True, "serve": server({}, 6443)}]
    if case.kind == "csr":
        return [{"command": [binary, "certs", "generate-csr", CONFIG, *case.arguments], "clean": True}, collect(case)]
    return init(binary, case, release)


def init(binary: str, case: Case, release: pins.Release) -> list[Run]:
    documents = case.documents(release.version)

    def command(*phases: str) -> list[str]:
        # the argument replaces the list of the document
        skipped = [*phases, *(phase for each in documents for phase in each.get("skipPhases") or [])]
        return [binary, "init", CONFIG, f"--skip-phases={','.join(skipped)}", *case.arguments]

    runs: list[Run] = [{"command": command(*NO_PHASES, *CLUSTER_PHASES), "clean": True}, collect(case)]
    endpoint = _field(documents, "InitConfiguration", "localAPIEndpoint", {})
    common = _field(documents, "ClusterConfiguration", "controlPlaneEndpoint", ADDRESS)
    if endpoint["advertiseAddress"] == ADDRESS and common.split(":")[0] == ADDRESS:
        certificates = _field(documents, "ClusterConfiguration", "certificatesDir", PKI)
        served = server({}, endpoint.get("bindPort", 6443), certificates)
        runs.append({"command": command(*NO_PHASES, *LOCAL_PHASES), "serve": served})
    return [*runs, {"command": [*command("preflight"), "--dry-run"], "clean": True, "bare": True, "dry": True}]


def collect(case: Case) -> Run:
    """What is on the host then."""
    folders = [*DIRECTORIES, *case.directories]
    return {"command": ["python3", "-W", "ignore", "-m", "lab.collect", *folders], "collect": True}


def cluster(binary: str, case: Case, release: pins.Release) -> list[Run]:
    """Makes a cluster to join: init, of which all is left where a join finds it; at last its CA's pin is said."""
    script = (
        f"rm -rf {CLUSTER}; cp -a /etc/kubernetes {CLUSTER}; openssl x509 -noout -pubkey -in {CLUSTER}/pki/ca.crt"
        " | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1"
    )
    *made, _dry = init(binary, case, release)
    return [*made, {"command": ["sh", "-c", script]}]


def join(binary: str, case: Case, objects: dict[str, Any]) -> list[Run]:
    command = [binary, "join", CONFIG, f"--skip-phases={','.join(NO_JOIN_PHASES)}", *case.arguments]
    run: Run = {"command": command, "clean": True, "serve": server({**objects, **ETCD_POD}, 6443, f"{CLUSTER}/pki")}
    if case.kind == "control-plane-join":
        run["etcd"] = {"binary": ETCD, "cluster": CLUSTER}
    return [run, collect(case)]


def server(objects: dict[str, Any], port: int, certificates: str = PKI) -> Run:
    where = f"{certificates}/apiserver"
    return {"objects": objects, "port": port, "certificate": f"{where}.crt", "key": f"{where}.key"}


def existing(binary: str, case: Case) -> list[str]:
    """Commands that make what an earlier kubeadm left."""
    if case.existing_without is None:
        return []
    made = [f"{binary} init phase {phase} all {CONFIG}" for phase in ("certs", "kubeconfig")]
    # what is made later shall not begin in the same second
    return [*made, *(f"rm {path}" for path in case.existing_without), "sleep 1.1"]


def _field(documents: list[dict[str, Any]], kind: str, name: str, otherwise: Any) -> Any:
    return next((each[name] for each in documents if each["kind"] == kind and name in each), otherwise)
