"""Golden files: what real kubeadm does on real hosts, for tests/parity to compare with.

golden/1.37/default/config.yaml           what kubeadm was given
golden/1.37/default/sent/NN-….yaml        every API object, as kubeadm sends it, in its order
golden/1.37/default/stored/….yaml         the same in the API of the cluster it made, and the nodes
golden/1.37/default/HOST/files.json       every file and folder: mode, owner, link target
golden/1.37/default/HOST/certificates.json, keys.json   field by field; no key material
golden/1.37/default/HOST/etc/… var/…      the files themselves, credentials masked
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from lab import hosts, kubeadm, pins
from lab.golden_store import FOLDER, dump, object_name, write_text
from lab.masking import mask_object, mask_token
from lab.podman import execute
from lab.report import say, step
from lab.topology import Host, Topology

CHECKOUT = Path(__file__).parent.parent
DIRECTORIES = ("/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd")
KINDS = "configmaps,secrets,serviceaccounts,services,deployments,daemonsets,roles,rolebindings,clusterroles,clusterrolebindings"


def make(topology: Topology, release: pins.Release) -> Path:
    """On fresh hosts: a dry run, then a real init and join; what they said and left is stored."""
    first, *others = topology.group("control_plane") + topology.group("workers")
    config = Path(__file__).with_name("golden.yaml").read_text().replace("{version}", release.version)
    target = FOLDER / release.minor / "default"
    with step("preparing the hosts for kubeadm"):
        for host in topology.hosts:
            kubeadm.prepare(topology, host, release)
    container = hosts.container(topology, first)
    execute(container, "sh", "-c", "cat > /root/config.yaml", stdin=config)
    with step("kubeadm init --dry-run"):
        sent = kubeadm.parse_dry_run(execute(container, "kubeadm", "init", "--dry-run", "--config=/root/config.yaml"))
    # or its folder would decide the mode of /etc/kubernetes
    execute(container, "rm", "-r", "/etc/kubernetes")
    with step("kubeadm init"):
        kubeadm.init(topology, first, "/root/config.yaml", release)
    stored = [bare(each) for each in kubeadm.objects(topology, first, KINDS) if made_by_kubeadm(each)]
    for host in others:
        with step(f"kubeadm join on {host.name}"):
            kubeadm.join(topology, first, host)
    nodes = [bare_node(each) for each in kubeadm.objects(topology, first, "nodes")]

    shutil.rmtree(target, ignore_errors=True)
    write_text(target / "config.yaml", config)
    for number, item in enumerate(sent, 1):
        item = mask_object(item)
        write_text(target / "sent" / f"{number:02}-{file_name(item)}", dump(item))
    for item in [mask_object(each) for each in stored] + nodes:
        write_text(target / "stored" / file_name(item), dump(item))
    for host in topology.hosts:
        store_host(target / host.name, collect(topology, host))
    say(f"golden files of Kubernetes {release.version}: {target.relative_to(CHECKOUT)}")
    return target


def collect(topology: Topology, host: Host) -> dict[str, Any]:
    """What is on a host, masked on the host itself."""
    script = Path(__file__).with_name("collect.py").read_text()
    answer = execute(hosts.container(topology, host), "python3", "-W", "ignore", "-", *DIRECTORIES, stdin=script)
    found: dict[str, Any] = json.loads(answer)
    return found


def store_host(target: Path, found: dict[str, Any]) -> None:
    for part in ("files", "certificates", "keys"):
        write_text(target / f"{part}.json", json.dumps(found[part], indent=2) + "\n")
    for path, text in found["texts"].items():
        write_text(target / path.lstrip("/"), mask_token(text))


def made_by_kubeadm(item: dict[str, Any]) -> bool:
    return any(each.get("manager") == "kubeadm" for each in item["metadata"].get("managedFields", []))


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """Without what the API server and controllers keep for themselves."""
    keep = ("name", "namespace", "labels", "annotations")
    metadata = {key: value for key, value in item["metadata"].items() if key in keep}
    theirs = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
    if "annotations" in metadata:
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key not in theirs}
        if not metadata["annotations"]:
            del metadata["annotations"]
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def bare_node(item: dict[str, Any]) -> dict[str, Any]:
    """What kubeadm and the kubelet declare of a node; what is only observed differs from machine to machine."""
    found = bare(item)
    # the order in which nodes joined decides which range each got; the node controller adds its own taints
    spec = {key: value for key, value in found["spec"].items() if not key.startswith("podCIDR")}
    spec["taints"] = [each for each in spec.get("taints", []) if not each["key"].startswith("node.kubernetes.io/")]
    return {**found, "spec": {key: value for key, value in spec.items() if value}}


def file_name(item: dict[str, Any]) -> str:
    return f"{object_name(item)}.yaml"
