"""The etcd of a cluster that a control plane joins: its first member, and the one that joins, run as their manifests say.

Runs on the golden host, inside golden_host.py. There is no kubelet: the joining member is started when kubeadm has written
its manifest, with which kubeadm then waits for it and promotes it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import yaml

JOINING = Path("/etc/kubernetes/manifests/etcd.yaml")
DATA = "/root/etcd"
LOG = Path("/root/etcd.log")


class Etcd:
    """While it is entered, the first member runs, and the second as soon as there is a manifest for it.

    :param binary: of etcd
    :param cluster: the folder where the cluster's /etc/kubernetes is kept
    """

    def __init__(self, binary: str, cluster: str) -> None:
        self.binary = binary
        self.cluster = cluster
        self.processes: list[subprocess.Popen[bytes]] = []
        self.addresses: list[str] = []
        self.over = threading.Event()

    def __enter__(self) -> Etcd:
        shutil.rmtree(DATA, ignore_errors=True)
        manifest = Path(self.cluster) / "manifests" / "etcd.yaml"
        # a cluster whose etcd is elsewhere has none
        if manifest.exists():
            self.start(first_member(command_of(manifest), self.cluster))
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watcher.join()
        for process in self.processes:
            process.kill()
            process.wait()
        for address in self.addresses:
            subprocess.run(["ip", "address", "delete", address, "dev", "eth0"], check=True)

    def watch(self) -> None:
        while not self.over.wait(0.05):
            if JOINING.exists() and (command := command_of(JOINING)):
                address = f"{peer_host(command)}/24"
                subprocess.run(["ip", "address", "add", address, "dev", "eth0"], check=True)
                self.addresses.append(address)
                self.start(command)
                return

    def start(self, command: list[str]) -> None:
        with LOG.open("ab") as log:
            process = subprocess.Popen([self.binary, *command[1:]], stdout=log, stderr=log)
        self.processes.append(process)


def command_of(manifest: Path) -> list[str]:
    """Of the container; nothing where the file is not complete yet."""
    pod: dict[str, Any] = yaml.safe_load(manifest.read_text()) or {}
    # what kubeadm writes ends with this
    return list(pod["spec"]["containers"][0]["command"]) if "status" in pod else []


def first_member(command: list[str], cluster: str) -> list[str]:
    """Out of the way of the second: other folders, and only the addresses that the cluster knows."""
    found = [part.replace("/etc/kubernetes/", f"{cluster}/") for part in command]
    found = [re.sub(r"https://127\.0\.0\.1:2379,", "", part) for part in found]
    found = [re.sub(r"^--data-dir=.*", f"--data-dir={DATA}", part) for part in found]
    return [part for part in found if not part.startswith("--listen-metrics-urls=")]


def peer_host(command: list[str]) -> str:
    urls = next(part for part in command if part.startswith("--listen-peer-urls="))
    return re.sub(r".*https://(.*):\d+$", r"\1", urls)
