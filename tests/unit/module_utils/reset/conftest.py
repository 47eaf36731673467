# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the collection leaves it, in a folder, and its programs as scripts that note how they are called."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._reset.account import Request
from ansible_collections.kubephase.cluster.plugins.module_utils._reset.cluster_files import certificate_files
from ansible_collections.kubephase.cluster.tests.unit.module_utils.cri.cri_stub import Failed, Stub, field

ETCD = """apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  containers:
  - name: etcd
    command: [etcd, --advertise-client-urls=URL, --data-dir=/var/lib/etcd, --name=cp1]
    volumeMounts:
    - {mountPath: /var/lib/etcd, name: etcd-data}
  volumes:
  - {hostPath: {path: /srv/etcd, type: DirectoryOrCreate}, name: etcd-data}
"""
CONFLIST = {"cniVersion": "1.0.0", "name": "kubephase", "plugins": [{"type": "bridge", "bridge": "kube-test-no0"}]}
POD_NETWORK_UNIT = (
    "# Written by kubephase.cluster.network\n[Service]\n"
    'ExecStart=/bin/sh -c "iptables -w -C FORWARD -s 10.244.0.0/16 -j ACCEPT 2>/dev/null || iptables -w -I FORWARD '
    '-s 10.244.0.0/16 -j ACCEPT"\n'
)
MARKED = "# Written by kubephase.cluster.{}\n"


class Programs:
    """Scripts in a folder that is the whole PATH. ``answers`` maps a command line to what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()

    def add(self, name: str, **answers: str) -> None:
        """What it prints by its first argument that is a key here; ``other`` for all else. Standard input is noted."""
        cases = "".join(f"*' {key} '*) /bin/cat <<'END'\n{text}END\n;;\n" for key, text in answers.items())
        script = (
            f'#!/bin/sh\necho "{name} $*" >> {self.log}\n'
            f"[ {name} != iptables-restore ] || /bin/cat >> {self.log}\n"
            f'case " $* " in\n{cases}*) ;;\nesac\n'
        )
        (self.folder / name).write_text(script)
        (self.folder / name).chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


class Runtime:
    """:ivar namespaces: containerd's.
    :ivar sandboxes: name and whether a kubelet made it, by ID.
    :ivar stuck: IDs of sandboxes that cannot be stopped, and how often that is tried in vain.
    """

    def __init__(self) -> None:
        self.namespaces = ["k8s.io"]
        self.sandboxes: dict[str, tuple[str, bool]] = {}
        self.stuck: dict[str, int] = {}
        self.calls: list[str] = []

    def answers(self) -> dict[str, Any]:
        return {
            "List": lambda _: b"".join(field(1, field(1, name)) for name in self.namespaces),
            "ListPodSandbox": lambda _: b"".join(self._listed(one, *self.sandboxes[one]) for one in self.sandboxes),
            "StopPodSandbox": self._stop,
            "RemovePodSandbox": self._remove,
        }

    def _listed(self, identifier: str, name: str, of_kubelet: bool) -> bytes:
        key = "kubernetes.io/config.source" if of_kubelet else "mine"
        annotation = field(1, key) + field(2, "api")
        return field(1, field(1, identifier) + field(2, field(1, name) + field(3, "default")) + field(6, annotation))

    def _stop(self, message: bytes) -> bytes:
        identifier = message[2:].decode()
        if self.stuck.get(identifier, 0):
            self.stuck[identifier] -= 1
            raise Failed(2, "the network plugin does not let go")
        self.calls.append(f"stop {identifier}")
        return b""

    def _remove(self, message: bytes) -> bytes:
        identifier = message[2:].decode()
        assert f"stop {identifier}" in self.calls
        self.calls.append(f"remove {identifier}")
        del self.sandboxes[identifier]
        return b""


class Host:
    def __init__(self, root: Path, programs: Programs) -> None:
        self.root = root
        self.programs = programs
        self.runtime = Runtime()

    def request(self, **options: object) -> Request:
        options = {
            "node_name": "cp1",
            "force": True,
            "cri_socket": "unix:///cri.sock",
            "root": str(self.root),
            **options,
        }
        return Request(**options)  # type: ignore[arg-type]

    def write(self, path: str, text: str = "something\n") -> Path:
        found = self.root / path.lstrip("/")
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(text)
        return found

    def has(self, path: str) -> bool:
        return os.path.lexists(self.root / path.lstrip("/"))

    def files(self) -> set[str]:
        return {f"/{path.relative_to(self.root)}" for path in self.root.rglob("*") if path.is_file()}

    def record(self, name: str, *paths: str, adopted: bool = False) -> None:
        """As artifacts are recorded, with the files as they are now."""
        files = {}
        for path in paths:
            found = os.stat(self.write(path, f"binary {name}\n"))
            files[str(self.root) + path] = [found.st_size, found.st_mtime_ns, found.st_mode & 0o7777]
        record = {"url": "https://example.org/x", "checksum": "sha256:0", "files": files}
        self.write(
            f"/var/lib/kubephase/artifacts/{name}.json",
            json.dumps({**record, "adopted": True} if adopted else record),
        )

    def control_plane(self, url: str = "http://127.0.0.1:1") -> None:
        """Everything that the collection writes."""
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
            self.write(f"/etc/kubernetes/manifests/{name}.yaml")
        self.write("/etc/kubernetes/manifests/etcd.yaml", ETCD.replace("URL", url))
        for path in certificate_files("/etc/kubernetes/pki"):
            self.write(path)
        for name in ("admin", "super-admin", "controller-manager", "scheduler"):
            self.write(f"/etc/kubernetes/{name}.conf")
        self.write("/srv/etcd/member/snap/db")
        self.write("/srv/etcd/member/wal/0.wal")
        for name in ("config.yaml", "kubeadm-flags.env", "pki/kubelet.key", "pods/uid/volumes/x"):
            self.write(f"/var/lib/kubelet/{name}")
        self.write("/etc/systemd/system/kubephase-pod-network.service", POD_NETWORK_UNIT)
        self.write("/etc/cni/net.d/10-kubephase.conflist", json.dumps(CONFLIST))
        self.write("/etc/kubephase/pod-network.nft")
        self.write("/etc/kubephase/pod-routes")
        self.write("/var/lib/cni/networks/kubephase/10.244.0.2")
        self.write("/var/lib/cni/results/kubephase-0123-eth0")
        self.write("/etc/modules-load.d/kubephase.conf", MARKED.format("node"))
        self.write("/etc/sysctl.d/99-kubephase.conf", MARKED.format("node"))
        hosts = "127.0.0.1 localhost\n# BEGIN kubephase.cluster.node\n192.0.2.1 cp1\n# END kubephase.cluster.node\n"
        self.write("/etc/hosts", hosts)
        self.write("/usr/lib/systemd/system/kubelet.service")
        self.write("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf")
        self.record("kubelet", "/usr/bin/kubelet")
        self.record("kubectl", "/usr/bin/kubectl")
        self.record("containerd", "/usr/local/bin/containerd", "/usr/local/bin/ctr")
        self.record("runc", "/usr/local/sbin/runc")
        self.record("cni-plugins", "/opt/cni/bin/bridge")
        for path in ("containerd.service", "containerd.service.d/http-proxy.conf"):
            self.write(f"/etc/systemd/system/{path}", MARKED.format("container_runtime"))
        for path in ("config.toml", "certs.d/registry.k8s.io/hosts.toml"):
            self.write(f"/etc/containerd/{path}", MARKED.format("container_runtime"))
        self.write("/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db")
        self.write("/var/log/pods/kube-system_etcd-cp1_0/etcd/0.log")

    def foreign(self) -> set[str]:
        """What is somebody else's."""
        paths = (
            "/etc/kubernetes/manifests/mine.yaml",
            "/etc/kubernetes/pki/users/alice.key",
            "/etc/kubernetes/pki/oidc-ca.crt",
            "/etc/kubernetes/audit-policy.yaml",
            "/etc/cni/net.d/87-podman.conflist",
            "/var/lib/cni/networks/podman/10.88.0.2",
            "/opt/cni/bin/mine",
            "/var/lib/etcd/member/snap/db",
            "/srv/etcd/lost+found/x",
            "/etc/containerd/certs.d/example.org/hosts.toml",
            "/etc/systemd/system/kubelet.service.d/mine.conf",
            "/etc/systemd/system/mine.service",
            "/etc/sysctl.d/99-mine.conf",
            "/usr/local/bin/mine",
        )
        for path in paths:
            self.write(path)
        return set(paths)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Programs(folder)


@pytest.fixture
def host(programs: Programs) -> Iterator[Host]:
    """Its containerd answers, and has what ``runtime`` of the host says."""
    # a socket's path may be no longer than 107 characters
    with tempfile.TemporaryDirectory(prefix="reset") as folder:
        root = Path(folder)
        (root / "proc/sys/net").mkdir(parents=True)
        made = Host(root, programs)
        stub = Stub(str(root / "cri.sock"), made.runtime.answers())
        yield made
        stub.close()
