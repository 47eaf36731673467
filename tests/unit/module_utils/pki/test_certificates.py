# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and kubeconfigs field by field against recordings of real kubeadm 1.37, judged by openssl."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, client_files, keys, sans
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile

NOW = datetime.now(timezone.utc)
LEAVES = {
    "ca": ("apiserver", "apiserver-kubelet-client"),
    "front-proxy-ca": ("front-proxy-client",),
    "etcd/ca": ("etcd/server", "etcd/peer", "etcd/healthcheck-client", "apiserver-etcd-client"),
}


@pytest.mark.parametrize(("recording", "algorithm"), [("rsa", "RSA-2048"), ("p384", "ECDSA-P384")])
def test_same_as_kubeadm(new_host, described, recorded, recording, algorithm):
    host = new_host(algorithm)
    host.run()
    host.kubeconfigs()
    found, expected = described.tree(host.pki, host.root), recorded(recording)
    assert sorted(found) == sorted(expected)
    for name, fields in expected.items():
        assert found[name] == fields, name


def test_user_with_unprintable_characters_and_two_groups_is_as_kubeadm_encodes_it(new_host, described, recorded):
    host = new_host("RSA-2048")
    host.run()
    path = host.root / "jane.conf"
    wanted = client_files.Wanted(str(path), "https://k8s.example.org:6443", "jane@example", ("team_b", "dev"))
    host.kubeconfigs(files=(wanted,))
    assert described._kubeconfig(path, host.read("pki/ca.crt")) == recorded("user")["jane.conf"]


@pytest.mark.parametrize("algorithm", ["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"])
def test_openssl_accepts_every_algorithm(described, tmp_path, algorithm):
    authority_key, key = keys.generate_many(algorithm, 2)
    when = certificates.period(NOW, timedelta(days=1))
    authority = certificates.self_signed(Profile("kubernetes", authority=True), authority_key, when, 37)
    issuer = certificates.Issuer(authority, authority_key)
    leaf = certificates.issue(Profile("x", server=True), key.public_key(), issuer, when)
    (tmp_path / "ca.crt").write_bytes(certificates.pem(authority))
    shown = described.openssl(
        "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.crt"), stdin=certificates.pem(leaf)
    )
    assert "OK" in shown
    kind = "rsa" if algorithm.startswith("RSA") else "ec"
    checked = described.openssl(kind, "-check", "-noout", stdin=keys.private_pem(key))
    assert "RSA key ok" in checked if kind == "rsa" else True
    bits, size = described.openssl("pkey", "-noout", "-text", stdin=keys.private_pem(key)), algorithm[-4:].strip("-P")
    assert f"({size} bit" in bits.splitlines()[0]


def test_openssl_verifies_the_whole_tree(host, described):
    for authority, leaves in LEAVES.items():
        for leaf in leaves:
            path = str(host.pki / f"{leaf}.crt")
            described.openssl("verify", "-x509_strict", "-CAfile", str(host.pki / f"{authority}.crt"), path)
            public = described.openssl("x509", "-noout", "-pubkey", "-in", path)
            assert public == described.openssl("pkey", "-pubout", "-in", str(host.pki / f"{leaf}.key"))
    written = (host.pki / "sa.pub").read_text()
    assert written == described.openssl("pkey", "-pubout", "-in", str(host.pki / "sa.key"))


@pytest.mark.parametrize(
    ("minor", "rule", "subject"),
    [
        (34, "sha1", "O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client"),
        (35, "sha256/160", "O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client"),
        (36, "sha256/160", "CN=kube-apiserver-kubelet-client"),
        (37, "sha256/160", "CN=kube-apiserver-kubelet-client"),
    ],
)
def test_details_that_follow_the_minor_version(new_host, described, minor, rule, subject):
    host = new_host(minor=minor)
    host.run()
    assert described.certificate(host.read("pki/ca.crt"))["key_identifier"] == rule
    found = host.certificate("pki/apiserver-kubelet-client.crt")
    assert certificates.name_text(found.subject) == subject


def test_external_etcd_leaves_etcds_certificates_to_others(new_host):
    host = new_host(local_etcd=False)
    listed = [item["name"] for item in host.run()["certificates"]]
    assert listed == ["ca", "apiserver", "apiserver-kubelet-client", "front-proxy-ca", "front-proxy-client"]
    assert not (host.pki / "etcd").exists()


def test_pin_is_the_one_openssl_computes(host, described):
    public = described.openssl("x509", "-noout", "-pubkey", stdin=host.read("pki/ca.crt")).encode()
    der = keys.serialization.load_pem_public_key(public).public_bytes(
        keys.serialization.Encoding.DER, keys.serialization.PublicFormat.SubjectPublicKeyInfo
    )
    result = host.run()
    assert result["ca_cert_hash"] == "sha256:" + hashlib.sha256(der).hexdigest()
    assert result["ca_certificate"] == host.read("pki/ca.crt").decode()


LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
DNS_NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join).filter(lambda name: not sans.as_address(name))
ADDRESS = st.ip_addresses().map(str)
NAMES = st.lists(DNS_NAME | ADDRESS | DNS_NAME.map(lambda name: "*." + name), max_size=12)
ISSUER_KEY, LEAF_KEY = keys.generate_many("ECDSA-P256", 2)
WHEN = certificates.period(NOW, timedelta(days=1))
ISSUER = certificates.Issuer(
    certificates.self_signed(Profile("property", authority=True), ISSUER_KEY, WHEN, 37), ISSUER_KEY
)


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_names_come_back_from_the_certificate_as_they_were_collected(names):
    collected = sans.collect(names, "test")
    profile = Profile("x", server=True, names=collected)
    made = certificates.issue(profile, LEAF_KEY.public_key(), ISSUER, WHEN)
    read = certificates.load_chain(certificates.pem(made), "test")[0]
    assert certificates.alternative_names(read) == collected
    assert certificates.profile_of(read) == profile
    assert list(collected.dns_names) == sorted(set(collected.dns_names))
    assert sans.collect([*collected.ip_addresses, *collected.dns_names], "test") == collected
    assert collected.missing_in(certificates.alternative_names(read)) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, st.sampled_from(["server", "client", "both"]), LABEL)
def test_openssl_verifies_any_certificate(described, tmp_path, names, usage, common_name):
    profile = Profile(
        common_name, server=usage != "client", client=usage != "server", names=sans.collect(names, "test")
    )
    made = certificates.issue(profile, LEAF_KEY.public_key(), ISSUER, WHEN)
    (tmp_path / "ca.crt").write_bytes(certificates.pem(ISSUER.certificate))
    purpose = "sslclient" if usage == "client" else "sslserver"
    described.openssl(
        "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(tmp_path / "ca.crt"), stdin=certificates.pem(made)
    )


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("k8s.example.org:6443", "k8s.example.org"),
        ("k8s.example.org", "k8s.example.org"),
        ("192.0.2.1:6443", "192.0.2.1"),
        ("[2001:db8::1]:6443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_host_of_an_endpoint(text, host):
    assert sans.endpoint_host(text) == host


@pytest.mark.parametrize("name", ["Upper.example.org", "under_score", "", "a..b", "*", "x.*.y", "-a", "a" * 254])
def test_what_is_no_name_is_an_error_with_its_origin(name):
    with pytest.raises(sans.KubephaseError, match="apiServer.certSANs: not a subject alternative name"):
        sans.collect([name], "apiServer.certSANs")
