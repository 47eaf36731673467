# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's directory, and hands to change what is in it."""

from __future__ import annotations

import json
import runpy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, client_files, keys, tree
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings

HERE = Path(__file__).parent
NOW = datetime.now(timezone.utc)
YEAR = timedelta(days=365)


@pytest.fixture(scope="session")
def described() -> SimpleNamespace:
    """The functions of describe.py."""
    return SimpleNamespace(**runpy.run_path(str(HERE / "describe.py")))


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], dict[str, Any]]:
    """What real kubeadm made, by the name of the recording."""
    return lambda name: json.loads((HERE / "kubeadm" / f"{name}.json").read_text())


@dataclass
class Host:
    """A directory like /etc/kubernetes. The configuration is the one the recordings were made with."""

    root: Path
    settings: Settings

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    def run(self, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
        return tree.reconcile(replace(self.settings, **changed), check_mode)

    def kubeconfigs(self, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
        shared, local = "https://k8s.example.org:6443", "https://192.0.2.10:6443"
        wanted = (
            ("admin", shared, "kubernetes-admin", ("kubeadm:cluster-admins",)),
            ("super-admin", shared, "kubernetes-super-admin", ("system:masters",)),
            ("kubelet", local, "system:node:cp1", ("system:nodes",)),
            ("controller-manager", local, "system:kube-controller-manager", ()),
            ("scheduler", local, "system:kube-scheduler", ()),
        )
        settings = client_files.Settings(
            files=tuple(client_files.Wanted(f"{self.root}/{name}.conf", *rest) for name, *rest in wanted),
            ca_path=str(self.pki / "ca.crt"),
            ca_key_path=str(self.pki / "ca.key"),
            algorithm=self.settings.algorithm,
        )
        return client_files.reconcile(replace(settings, **changed), check_mode)

    def outsource(self, *authorities: str) -> Path:
        """Take the keys of authorities (``ca``, ``front-proxy-ca``, ``etcd/ca``) off the host, to where they are signed with."""
        vault = self.root.parent / f"{self.root.name}-vault"
        for authority in authorities:
            (vault / authority).parent.mkdir(parents=True, exist_ok=True)
            (vault / f"{authority}.crt").write_bytes(self.read(f"pki/{authority}.crt"))
            (self.pki / f"{authority}.key").rename(vault / f"{authority}.key")
        return vault

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def certificate(self, name: str) -> Any:
        return certificates.load_chain(self.read(name), name)[0]

    def key(self, name: str) -> Any:
        return keys.load(self.read(name), name)

    def sign(self, name: str, start: datetime, end: datetime, authority: str = "pki/ca") -> None:
        """Put a certificate with the same content and key, but other dates, into the place of ``name``."""
        issuer = certificates.Issuer(self.certificate(f"{authority}.crt"), self.key(f"{authority}.key"))
        profile = certificates.profile_of(self.certificate(f"{name}.crt"))
        public = self.key(f"{name}.key").public_key()
        made = certificates.issue(profile, public, issuer, certificates.Period(start, end))
        (self.root / f"{name}.crt").write_bytes(certificates.pem(made))

    def snapshot(self) -> dict[str, tuple[bytes, int, int]]:
        """Every file with what must not change in a run that changes nothing."""
        return {
            str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in self.root.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def new_host(tmp_path: Path) -> Callable[..., Host]:
    """Make a host without any file."""

    def make(algorithm: str = "ECDSA-P256", name: str = "kubernetes", **changed: Any) -> Host:
        settings = Settings(
            certificates_dir=str(tmp_path / name / "pki"),
            node_name="cp1",
            advertise_address="192.0.2.10",
            service_ip="10.96.0.1",
            control_plane_endpoint="k8s.example.org:6443",
            api_server_sans=("api.example.org", "203.0.113.7", "2001:db8::7", "*.api.example.org"),
            etcd_server_sans=("etcd.example.org",),
            etcd_peer_sans=("192.0.2.99",),
            algorithm=algorithm,
        )
        return Host(tmp_path / name, replace(settings, **changed))

    return make


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    """A host with a complete tree of quick keys."""
    made = new_host()
    made.run()
    return made


@pytest.fixture
def outsourced(host):
    """A host that has the authorities' certificates alone, and where their keys are."""
    vault = host.outsource("ca", "front-proxy-ca", "etcd/ca")
    for path in [*host.pki.rglob("*.crt"), *host.pki.rglob("*.key")]:
        if path.stem not in ("ca", "front-proxy-ca", "sa"):
            path.unlink()
    return host, vault
