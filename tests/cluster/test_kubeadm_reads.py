# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kubeadm of the same version reads a cluster that the collection made as if it were its own."""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cryptography import x509

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import LAB
from tests.cluster.hosts import Host
from tests.cluster.kubeadm import BINARY, RELEASE, Kubeadm

VERSION = f"v{RELEASE.version}"
#: a patch release that would be the next one; nothing of it is fetched
NEXT = f"v{RELEASE.minor}.99"
PKI = "/etc/kubernetes/pki"
FILES = {
    "apiserver": "apiserver.crt",
    "apiserver-etcd-client": "apiserver-etcd-client.crt",
    "apiserver-kubelet-client": "apiserver-kubelet-client.crt",
    "etcd-healthcheck-client": "etcd/healthcheck-client.crt",
    "etcd-peer": "etcd/peer.crt",
    "etcd-server": "etcd/server.crt",
    "front-proxy-client": "front-proxy-client.crt",
}
KUBECONFIGS = {"admin.conf", "controller-manager.conf", "scheduler.conf", "super-admin.conf"}
AUTHORITIES = {"ca": "ca.crt", "etcd-ca": "etcd/ca.crt", "front-proxy-ca": "front-proxy-ca.crt"}
SIGNED_BY_ETCD_CA = {"apiserver-etcd-client", "etcd-healthcheck-client", "etcd-peer", "etcd-server"}
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture(scope="module")
def kubeadm(control_plane: Host) -> Iterator[Kubeadm]:
    yield Kubeadm.client(LAB, control_plane)
    control_plane.run(f"rm {BINARY}")


@pytest.fixture(scope="module")
def expiration(kubeadm: Kubeadm) -> Any:
    return kubeadm.json("certs", "check-expiration")


@pytest.fixture(scope="module")
def files_before(control_plane: Host) -> str:
    return control_plane.fingerprint("/etc/kubernetes", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/pki")


def not_after(host: Host, path: str) -> str:
    certificate = x509.load_pem_x509_certificate(host.read(f"{PKI}/{path}").encode())
    return certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_every_certificate_is_known(files_before: str, expiration: Any) -> None:
    assert {each["name"] for each in expiration["certificates"]} == {*FILES, *KUBECONFIGS}
    assert {each["name"] for each in expiration["certificateAuthorities"]} == set(AUTHORITIES)


def test_nothing_is_missing_or_managed_by_others(expiration: Any) -> None:
    found = expiration["certificates"] + expiration["certificateAuthorities"]
    assert not [each["name"] for each in found if each["missing"] or each["externallyManaged"]]


def test_every_certificate_belongs_to_its_authority(expiration: Any) -> None:
    for each in expiration["certificates"]:
        name = each["name"]
        expected = "etcd-ca" if name in SIGNED_BY_ETCD_CA else "front-proxy-ca" if "front-proxy" in name else "ca"
        assert each["caName"] == expected, name


def test_expiry_is_that_of_the_files(expiration: Any, control_plane: Host) -> None:
    said = {each["name"]: each["expirationDate"] for each in expiration["certificates"]}
    assert {name: said[name] for name in FILES} == {name: not_after(control_plane, at) for name, at in FILES.items()}
    said = {each["name"]: each["expirationDate"] for each in expiration["certificateAuthorities"]}
    assert said == {name: not_after(control_plane, path) for name, path in AUTHORITIES.items()}


def test_expiry_is_kubeadms_year_and_ten(expiration: Any) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    for kind, days in (("certificates", 365), ("certificateAuthorities", 3650)):
        for each in expiration[kind]:
            ends = datetime.datetime.fromisoformat(each["expirationDate"].replace("Z", "+00:00"))
            assert days - 1 <= (ends - now).days <= days, each


def test_token_list_is_the_clusters(kubeadm: Kubeadm, cluster: Cluster) -> None:
    secrets = cluster.items("secrets", "-n", "kube-system", "--field-selector", "type=bootstrap.kubernetes.io/token")
    said = kubeadm("token", "list", "--output=json")
    documents = [yaml.safe_load(each) for each in re.split(r"(?<=^})$", said, flags=re.MULTILINE) if each.strip()]
    found = {each["token"]: each for each in documents}
    assert secrets
    assert set(found) == {".".join(decoded(each, "token-id", "token-secret")) for each in secrets}
    for secret in secrets:
        token = found[".".join(decoded(secret, "token-id", "token-secret"))]
        expires, description, groups = decoded(secret, "expiration", "description", "auth-extra-groups")
        assert (token["expires"], token.get("description", "")) == (expires, description)
        assert token.get("groups", []) == [each for each in groups.split(",") if each]
        usages = [key.removeprefix("usage-bootstrap-") for key in secret["data"] if key.startswith("usage-")]
        assert token.get("usages", []) == sorted(usages)


def decoded(secret: dict[str, Any], *keys: str) -> list[str]:
    return [base64.b64decode(secret["data"].get(key, "")).decode() for key in keys]


def test_upgrade_diff_to_the_same_version_is_empty(kubeadm: Kubeadm) -> None:
    """What kubeadm would write is, byte for byte, what is there."""
    said = kubeadm("upgrade", "diff", VERSION)
    assert [line for line in said.splitlines() if not line.startswith("[upgrade/diff] ")] == []


def test_upgrade_diff_to_the_next_version_is_three_images(kubeadm: Kubeadm) -> None:
    lines = re.findall(r"^([-+]) +image: (\S+)$", kubeadm("upgrade", "diff", NEXT), re.MULTILINE)
    images = {name: f"registry.k8s.io/{name}" for name in CONTROL_PLANE}
    assert sorted(lines) == sorted(
        [("-", f"{image}:{VERSION}") for image in images.values()]
        + [("+", f"{image}:{NEXT}") for image in images.values()]
    )
    other = [line for line in kubeadm("upgrade", "diff", NEXT).splitlines() if re.match(r"[-+] ", line)]
    assert len(other) == len(lines)


def test_upgrade_plan_finds_every_component(kubeadm: Kubeadm, cluster: Cluster) -> None:
    plan = kubeadm.json("upgrade", "plan", NEXT)
    (upgrade,) = plan["availableUpgrades"]
    found = {(each["name"], each.get("nodeName", "")): each["currentVersion"] for each in upgrade["components"]}
    nodes = [each["metadata"]["name"] for each in cluster.items("nodes")]
    assert found == {
        **{("kubelet", node): VERSION for node in nodes},
        **{(name, "cp1"): VERSION for name in CONTROL_PLANE},
        ("kube-proxy", ""): RELEASE.version,
        ("CoreDNS", ""): RELEASE.coredns_tag,
        ("etcd", "cp1"): RELEASE.etcd_tag,
        ("kubeadm", ""): VERSION,
    }
    assert not [each for each in plan["configVersions"] if each["manualUpgradeRequired"]]


def test_dry_run_of_an_upgrade_writes_the_same_manifests(kubeadm: Kubeadm, control_plane: Host) -> None:
    """All of `upgrade apply` to the same version: health, configuration, static Pods, addons; into a folder of its own."""
    folder = "/root/kubeadm-dry-run"
    command = f"{BINARY} upgrade apply {VERSION} --yes --dry-run --ignore-preflight-errors=SystemVerification"
    try:
        said = control_plane.run(f"mkdir {folder}; KUBEADM_UPGRADE_DRYRUN_DIR={folder} {command}", timeout=120)
        assert "Finished dryrunning successfully" in said
        for name in ("config.yaml", "instance-config.yaml"):
            assert control_plane.read(f"{folder}/{name}") == control_plane.read(f"/var/lib/kubelet/{name}")
    finally:
        control_plane.run(f"rm -rf {folder}")


def test_stored_configuration_is_valid_to_kubeadm(kubeadm: Kubeadm, cluster: Cluster, control_plane: Host) -> None:
    """And kubeadm, which reads and writes it anew, changes nothing in it."""
    stored = cluster.get("configmap", "-n", "kube-system", "kubeadm-config")["data"]["ClusterConfiguration"]
    control_plane.write("/root/stored.yaml", stored)
    try:
        assert kubeadm("config", "validate", "--config=/root/stored.yaml").strip() == "ok"
        (migrated,) = (
            each
            for each in yaml.safe_load_all(kubeadm("config", "migrate", "--old-config=/root/stored.yaml"))
            if each["kind"] == "ClusterConfiguration"
        )
        assert migrated == yaml.safe_load(stored)
        images = kubeadm("config", "images", "list", "--config=/root/stored.yaml").split()
        running = {
            container["image"]
            for each in cluster.items("pods", "-n", "kube-system")
            for container in each["spec"]["containers"]
        }
        assert running <= set(images)
    finally:
        control_plane.run("rm /root/stored.yaml")


def test_reading_changed_nothing(files_before: str, control_plane: Host) -> None:
    control_plane.run("rm -rf /etc/kubernetes/tmp")
    after = control_plane.fingerprint("/etc/kubernetes", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/pki")
    assert after == files_before
