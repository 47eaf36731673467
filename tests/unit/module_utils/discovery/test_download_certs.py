# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control plane fetches before it joins, and what it refuses before anything is written."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils import _certs_secret, _download_certs
from ansible_collections.kubephase.cluster.plugins.module_utils._download_certs import Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Discovery, Timeouts
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Paths

TOKEN = "abcdef.0123456789abcdef"
KEY, OTHER_KEY = "0f" * 32, "f0" * 32
PRIVATE = b"-----BEGIN EC PRIVATE KEY-----\nnobody may see this\n-----END EC PRIVATE KEY-----\n"
PUBLIC = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
FAST = Timeouts(discovery=0.4, token=0.2, api=0.4)
CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
SECRET = "/api/v1/namespaces/kube-system/secrets/kubeadm-certs"


class Joining:
    """A host in a directory, and a cluster whose objects can be changed.

    :ivar theirs: the cluster's ClusterConfiguration.
    :ivar answers: status and object by path.
    """

    def __init__(self, root: pathlib.Path, api_server: Any) -> None:
        self.root = root
        self.api_server = api_server
        self.pki = root / "etc/pki"
        self.theirs: dict[str, Any] = {
            "certificatesDir": str(self.pki),
            "clusterName": "kubernetes",
            "controlPlaneEndpoint": "cluster.example:6443",
            "etcd": {"local": {"dataDir": "/var/lib/etcd"}},
            "imageRepository": "registry.k8s.io",
            "kubernetesVersion": "v1.37.2",
            "networking": {"dnsDomain": "cluster.local", "serviceSubnet": "10.96.0.0/12", "podSubnet": "10.244.0.0/16"},
        }
        self.ours = json.loads(json.dumps(self.theirs))
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.contents = {
            file.name: (PRIVATE if file.name.endswith(".key") else PUBLIC) + file.name.encode() for file in self.files
        }
        self.contents["ca.crt"] = api_server.authority.pem.encode()
        self.upload(KEY)
        api_server.misbehave = self._answer

    @property
    def files(self) -> list[Any]:
        return _certs_secret.shared_files(str(self.pki), self.ours["etcd"].get("external"))

    def upload(self, key: str) -> None:
        data = _certs_secret.sealed_data(bytes.fromhex(key), self.contents)
        self.answers[SECRET] = (200, {"kind": "Secret", "data": data})

    def download(self, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
        discovery = Discovery(self.api_server.endpoint, token=TOKEN, pins=[self.api_server.authority.pin])
        paths = Paths(kubernetes_dir=str(self.root / "etc"), ca_cert=str(self.pki / "ca.crt"))
        wanted = {"key": KEY, "discovery": discovery, "timeouts": FAST, "paths": paths, **changed}
        return _download_certs.ensure(Wanted(self.ours, **wanted), check_mode)

    def tree(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.pki.rglob("*") if path.is_file()}

    def refused(self, **changed: Any) -> str:
        """The error's text. Nothing may have been written."""
        before = self.tree()
        with pytest.raises(KubephaseError) as caught:
            self.download(**changed)
        assert self.tree() == before
        assert "nobody may see this" not in str(caught.value)
        assert KEY not in str(caught.value)
        return str(caught.value)

    def _answer(self, handler: Any) -> bool:
        self.answers.setdefault(CONFIG, (200, {"data": {"ClusterConfiguration": yaml.safe_dump(self.theirs)}}))
        if handler.path not in self.answers:
            return False
        status, found = self.answers[handler.path]
        handler.reply(status, json.dumps(found).encode())
        return True


@pytest.fixture
def joining(tmp_path: pathlib.Path, api_server: Any) -> Joining:
    (tmp_path / "host").mkdir()
    return Joining(tmp_path / "host", api_server)


def test_files_and_modes(joining: Joining) -> None:
    result = joining.download()
    assert result["changed"]
    assert joining.tree() == {file.path: joining.contents[file.name] for file in joining.files}
    modes = {path.name: path.stat().st_mode & 0o777 for path in joining.pki.rglob("*") if path.is_file()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"ca.key", "front-proxy-ca.key", "sa.key"}
    assert modes["sa.pub"] == modes["ca.crt"] == 0o644
    assert "nobody may see this" not in str(result)


def test_second_run_changes_nothing(joining: Joining) -> None:
    joining.download()
    assert not joining.download()["changed"]


def test_a_run_that_died_is_finished(joining: Joining) -> None:
    joining.download()
    (joining.pki / "sa.key").unlink()
    assert joining.download()["files"] == [str(joining.pki / "sa.key")]


def test_authorities_without_keys_bring_none(joining: Joining) -> None:
    joining.contents["ca.key"] = b""
    joining.upload(KEY)
    joining.download()
    assert not (joining.pki / "ca.key").exists()


def test_wrong_key(joining: Joining) -> None:
    text = joining.refused(key=OTHER_KEY)
    assert "cannot be decrypted with this certificate key: it was uploaded with another one" in text
    assert "upload-certs" in text


def test_expired_secret(joining: Joining) -> None:
    joining.answers[SECRET] = (404, {"kind": "Status"})
    text = joining.refused()
    assert "never uploaded, or more than two hours ago" in text
    assert "role upload_certs" in text


def test_token_that_may_not_read_it(joining: Joining) -> None:
    joining.answers[SECRET] = (403, {"kind": "Status"})
    assert "token ID abcdef may not read Secret kube-system/kubeadm-certs" in joining.refused()


def test_incomplete_secret(joining: Joining) -> None:
    del joining.answers[SECRET][1]["data"]["etcd-ca.key"]
    assert "it lacks etcd-ca.key" in joining.refused()


def test_a_key_that_is_none(joining: Joining) -> None:
    assert "certificateKey: not a certificate key" in joining.refused(key="abc")


def test_files_of_another_cluster_stay(joining: Joining) -> None:
    joining.pki.mkdir(parents=True)
    (joining.pki / "sa.key").write_bytes(b"another")
    (joining.pki / "front-proxy-ca.crt").write_bytes(b"another")
    text = joining.refused()
    assert "sa.key: it differs from the cluster's own" in text
    assert "front-proxy-ca.crt" in text


def test_without_a_key_the_files_have_to_be_there(joining: Joining) -> None:
    text = joining.refused(key="")
    assert "sa.key: it is missing, and no certificate key is given" in text
    assert "ca.key" not in text.replace("sa.key", "").replace("front-proxy-ca.key", "")
    joining.download()
    assert not joining.download(key="")["changed"]


def test_cluster_without_an_endpoint(joining: Joining) -> None:
    del joining.theirs["controlPlaneEndpoint"]
    text = joining.refused()
    assert (
        "unable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint"
        in text
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("networking.podSubnet", "10.0.0.0/16"),
        ("networking.serviceSubnet", "10.100.0.0/16"),
        ("networking.dnsDomain", "other.local"),
        ("controlPlaneEndpoint", "other.example:6443"),
        ("certificatesDir", "/other/pki"),
    ],
)
def test_another_cluster_than_the_inventory_says(joining: Joining, path: str, value: str) -> None:
    part: Any = joining.theirs
    *steps, last = path.split(".")
    for step in steps:
        part = part[step]
    part[last] = value
    text = joining.refused()
    assert f"{path}: the cluster that is to be joined has another value" in text
    assert value in text


def test_another_kind_of_etcd(joining: Joining) -> None:
    joining.theirs["etcd"] = {"external": {"endpoints": ["https://192.0.2.9:2379"]}}
    assert "etcd: the etcd of the cluster that is to be joined is external (got 'local')" in joining.refused()


def test_versions(joining: Joining) -> None:
    joining.theirs["kubernetesVersion"] = "v1.37.1"
    warnings = joining.download()["warnings"]
    assert warnings == ["kubernetesVersion: this inventory has 'v1.37.2', the cluster that is joined 'v1.37.1'"]
    joining.answers.pop(CONFIG)
    joining.theirs["kubernetesVersion"] = "v1.36.3"
    assert "another minor version (got 'v1.37.2'; accepted: v1.36.3)" in joining.refused()


@pytest.mark.parametrize("answer", [(404, {}), (200, {"data": {}}), (200, {"data": {"ClusterConfiguration": "[]"}})])
def test_cluster_that_keeps_no_configuration(joining: Joining, answer: tuple[int, dict[str, Any]]) -> None:
    joining.answers[CONFIG] = answer
    assert "ConfigMap kube-system/kubeadm-config" in joining.refused()


def test_check_mode_needs_no_cluster(joining: Joining) -> None:
    joining.api_server.stop()
    planned = joining.download(check_mode=True)
    assert planned["changed"]
    assert str(joining.pki / "sa.key") in planned["files"]
    assert not joining.pki.exists()
