# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the configuration, openssl verifies and reads every tree, every kubeconfig and every request, and finds what was asked for."""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, sans, signing, tree
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.inventory import Settings, families

# the library warns of common names that Go takes without a word
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length")

LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,12}[a-z0-9])?", fullmatch=True)
DNS_NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join).filter(lambda name: not sans.as_address(name))
ADDRESS = st.ip_addresses().map(str)
NAMES = st.lists(DNS_NAME | ADDRESS | DNS_NAME.map("*.".__add__), max_size=6).map(tuple)
ENDPOINT = (
    st.just("") | DNS_NAME | st.builds("{}:{}".format, DNS_NAME, st.integers(1, 65535)) | st.ip_addresses(v=4).map(str)
)
SECONDS = st.integers(3600, 60 * 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))
TREES = st.builds(
    Settings,
    certificates_dir=st.just(""),
    node_name=DNS_NAME | st.integers(65, 250).map(lambda length: "n" * 60 + "." + "o" * (length - 61)),
    advertise_address=ADDRESS,
    service_ip=ADDRESS,
    dns_domain=DNS_NAME,
    control_plane_endpoint=ENDPOINT,
    api_server_sans=NAMES,
    etcd_server_sans=NAMES,
    etcd_peer_sans=NAMES,
    local_etcd=st.booleans(),
    minor=st.integers(34, 37),
    algorithm=st.sampled_from(["ECDSA-P256", "ECDSA-P256", "ECDSA-P384"]),
    validity=SECONDS,
    ca_validity=st.integers(3650, 36500).map(lambda days: timedelta(days=days)),
)
# no control characters: a subject is text; no surrogates: they are none
USER = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=40).filter(str.strip)
WANTED = st.lists(st.tuples(USER, st.lists(USER, max_size=3, unique=True)), min_size=1, max_size=3)
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Place:
    """A directory of its own for one example."""

    def __init__(self, described, wanted):
        self.openssl = described.openssl
        self.root = Path(tempfile.mkdtemp(prefix="kubephase-property-"))
        self.settings = replace(wanted, certificates_dir=str(self.root / "pki"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def run(self, **changed):
        return tree.reconcile(replace(self.settings, **changed), False)

    def verify(self):
        """All leaves of each authority in one call, then what each certificate says."""
        for family in families(self.settings):
            leaves = [entry.certificate_path for entry in family.leaves]
            shown = self.openssl("verify", "-x509_strict", "-CAfile", family.authority.certificate_path, *leaves)
            assert shown.split("\n")[:-1] == [f"{path}: OK" for path in leaves]
            for entry in family.leaves:
                self.says(Path(entry.certificate_path).read_bytes(), entry.profile)

    def says(self, pem, profile, command="x509"):
        shown = self.openssl(
            command, "-noout", "-text", "-nameopt", "oneline,utf8,-esc_msb,-esc_ctrl,-esc_2253", stdin=pem
        )
        names = re.search(r"Subject Alternative Name: *\n +(.*)", shown)
        found = {name.strip() for name in names.group(1).split(",")} if names else set()
        addresses = {sans.as_address(name[len("IP Address:") :]) for name in found if name.startswith("IP Address:")}
        assert addresses == set(profile.names.ip_addresses)
        assert {name[4:] for name in found if name.startswith("DNS:")} == set(profile.names.dns_names)
        if command == "x509":
            assert ("TLS Web Server Authentication" in shown) == profile.server
            assert ("TLS Web Client Authentication" in shown) == profile.client


@QUICK
@given(TREES)
def test_openssl_verifies_and_reads_any_tree(described, wanted):
    with Place(described, wanted) as place:
        first = place.run()
        place.verify()
        public = (place.root / "pki/sa.pub").read_text()
        assert place.openssl("pkey", "-pubout", "-in", str(place.root / "pki/sa.key")) == public
        again = place.run()
        assert not again["changed"] and again["certificates"] == [
            {**item, "action": "kept"} for item in first["certificates"]
        ]


@settings(QUICK, max_examples=2)
@given(TREES, st.sampled_from(["RSA-2048", "RSA-3072"]))
def test_openssl_verifies_and_reads_any_tree_of_rsa_keys(described, wanted, algorithm):
    with Place(described, replace(wanted, algorithm=algorithm)) as place:
        place.run()
        place.verify()


@settings(QUICK, max_examples=12)
@given(TREES, WANTED)
def test_openssl_verifies_any_kubeconfig(described, wanted, users):
    with Place(described, replace(wanted, local_etcd=False)) as place:
        place.run()
        ca = str(place.root / "pki/ca.crt")
        files = tuple(
            client_files.Wanted(f"{place.root}/{number}.conf", "https://x:6443", user, tuple(groups))
            for number, (user, groups) in enumerate(users)
        )
        made = client_files.Settings(files, ca, f"{place.root}/pki/ca.key", algorithm=wanted.algorithm)
        client_files.reconcile(made, False)
        assert not client_files.reconcile(made, False)["changed"]
        for item in files:
            user = yaml.safe_load(Path(item.path).read_text())["users"][0]
            assert user["name"] == item.user
            certificate = base64.b64decode(user["user"]["client-certificate-data"])
            place.openssl("verify", "-purpose", "sslclient", "-CAfile", ca, stdin=certificate)
            place.says(certificate, item.profile())
            key = base64.b64decode(user["user"]["client-key-data"])
            assert place.openssl("pkey", "-pubout", stdin=key) == place.openssl(
                "x509", "-noout", "-pubkey", stdin=certificate
            )


@settings(QUICK, max_examples=8)
@given(TREES)
def test_any_request_can_be_signed_elsewhere(described, wanted):
    with Place(described, wanted) as place:
        place.run()
        vault = place.root / "vault"
        authorities = []
        for family in families(place.settings):
            stem = Path(family.authority.key_path)
            kept = vault / family.authority.name
            kept.parent.mkdir(exist_ok=True)
            stem.rename(kept)
            authorities.append(signing.Authority(family.authority.name, key_path=str(kept)))
            for entry in family.leaves:
                Path(entry.certificate_path).unlink()
                Path(entry.key_path).unlink()
        waiting = place.run()["requests"]
        profiles = {entry.name: entry.profile for family in families(place.settings) for entry in family.leaves}
        assert [item["name"] for item in waiting] == list(profiles)
        for item in waiting:
            place.says(item["csr"].encode(), profiles[item["name"]], "req")
            place.openssl("req", "-noout", "-verify", stdin=item["csr"].encode())
        fields = ("name", "authority", "csr")
        asked = [
            signing.Waiting(
                *(item[field] for field in fields),
                usages=tuple(item["usages"]),
                validity=timedelta(seconds=item["validity_seconds"]),
                authority_certificate=item["authority_certificate"],
            )
            for item in waiting
        ]
        answers = signing.sign(asked, authorities, False)["signed_certificates"]
        done = place.run(signed={item["name"]: item["certificate"] for item in answers})
        assert done["requests"] == []
        place.verify()
