# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a tree that is there already: kept, completed, issued again, renewed, or refused without a change."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


def actions(result):
    return {item["name"]: item["action"] for item in result["certificates"] if item["action"] != "kept"}


def refused(host, *parts, **changed):
    """A run is an error with all ``parts`` in its text, and changes nothing; check mode says the same."""
    before = host.snapshot()
    for check_mode in (True, False):
        with pytest.raises(KubephaseError) as caught:
            host.run(check_mode, **changed)
        for part in parts:
            assert part in str(caught.value)
    assert host.snapshot() == before
    return str(caught.value)


def test_second_run_changes_nothing(host):
    before = host.snapshot()
    for check_mode in (True, False):
        result = host.run(check_mode)
        assert (result["changed"], result["diff"], actions(result)) == (False, [], {})
    assert host.snapshot() == before


def test_check_mode_says_what_a_run_then_does(new_host):
    host = new_host()
    planned = host.run(check_mode=True)
    assert not host.root.exists()
    done = host.run()
    assert planned["changed"] and done["changed"]

    def lasting(result):
        passing = ("not_before", "not_after", "fingerprint")
        return [{name: value for name, value in item.items() if name not in passing} for item in result["certificates"]]

    assert lasting(planned) == lasting(done)
    assert [item["before_header"] for item in planned["diff"]] == [item["before_header"] for item in done["diff"]]


def test_check_mode_needs_no_library_where_there_is_no_tree(new_host, monkeypatch):
    host = new_host()
    expected = host.run(check_mode=True)
    monkeypatch.setattr(_certificate, "library_is_there", lambda: False)
    planned = host.run(check_mode=True)
    assert planned["changed"]
    assert [item["subject"] for item in planned["certificates"]] == [
        item["subject"] for item in expected["certificates"]
    ]
    with pytest.raises(KubephaseError, match="python3-cryptography"):
        host.run()


def test_check_mode_without_the_library_leaves_unread_what_is_there(host, monkeypatch):
    os.unlink(host.pki / "apiserver.crt")
    monkeypatch.setattr(_certificate, "library_is_there", lambda: False)
    planned = host.run(check_mode=True)
    assert actions(planned) == {"apiserver": "created"}
    assert [item["before_header"] for item in planned["diff"]] == [f"{host.pki}/apiserver.crt"]


def test_no_key_reaches_the_result(new_host):
    host = new_host()
    results = [host.run(check_mode=True), host.run(), host.run(renew_before=9999 * DAY)]
    shown = json.dumps(results)
    assert "PRIVATE" not in shown
    for path in host.pki.rglob("*.key"):
        for line in path.read_text().splitlines()[1:-1]:
            assert line not in shown


def test_new_names_are_issued_with_the_same_key(host):
    before = host.snapshot()
    result = host.run(api_server_sans=("api.example.org", "new.example.org"), advertise_address="192.0.2.11")
    assert actions(result) == {"apiserver": "reissued", "etcd-server": "reissued", "etcd-peer": "reissued"}
    changed = {name for name, found in host.snapshot().items() if before[name] != found}
    assert changed == {"pki/apiserver.crt", "pki/etcd/server.crt", "pki/etcd/peer.crt"}
    diff = next(item for item in result["diff"] if item["before_header"].endswith("apiserver.crt"))
    assert "IP:192.0.2.10" in diff["before"] and "IP:192.0.2.11" in diff["after"]
    assert "reason: it lacks new.example.org, 192.0.2.11\n" in diff["after"]
    names = certificates.alternative_names(host.certificate("pki/apiserver.crt"))
    assert "new.example.org" in names.dns_names and "203.0.113.7" not in names.ip_addresses
    assert not host.run(api_server_sans=("api.example.org", "new.example.org"), advertise_address="192.0.2.11")[
        "changed"
    ]


def test_names_beyond_the_configured_ones_are_kept(host):
    assert not host.run(api_server_sans=(), etcd_peer_sans=())["changed"]


def test_new_algorithm_leaves_present_keys(host):
    assert not host.run(algorithm="ECDSA-P384")["changed"]


@pytest.mark.parametrize(
    ("name", "authority"),
    [("apiserver", "ca"), ("front-proxy-client", "front-proxy-ca"), ("etcd/peer", "etcd/ca")],
)
def test_certificate_of_another_authority_is_refused(host, new_host, name, authority):
    other = new_host(name="other")
    other.run()
    for suffix in ("crt", "key"):
        shutil.copy(other.pki / f"{name}.{suffix}", host.pki / f"{name}.{suffix}")
    refused(host, f"{name}.crt: the certificate is from another authority", f"{authority}.crt", "Nothing was changed")


def test_replaced_authority_names_every_file_that_it_did_not_sign(host, new_host):
    other = new_host(name="other")
    other.run()
    for suffix in ("crt", "key"):
        shutil.copy(other.pki / f"ca.{suffix}", host.pki / f"ca.{suffix}")
    message = refused(host, "pki/apiserver.crt: ", "pki/apiserver-kubelet-client.crt: ")
    assert "etcd" not in message


def test_missing_authority_is_refused_where_it_has_signed(host):
    for suffix in ("crt", "key"):
        os.unlink(host.pki / f"etcd/ca.{suffix}")
    refused(host, "etcd/server.crt: there is a certificate, but its authority", "etcd/ca.crt is missing")


def test_key_of_another_certificate_is_refused(host):
    shutil.copy(host.pki / "front-proxy-client.key", host.pki / "apiserver.key")
    refused(host, "pki/apiserver.crt: the certificate does not belong to the key", "pki/apiserver.key")


def test_key_of_another_authority_is_refused(host):
    shutil.copy(host.pki / "front-proxy-ca.key", host.pki / "ca.key")
    refused(host, "pki/ca.crt: the certificate does not belong to the key", "pki/ca.key")


def test_certificate_without_its_usage_is_refused(host):
    shutil.copy(host.pki / "apiserver-kubelet-client.crt", host.pki / "apiserver.crt")
    shutil.copy(host.pki / "apiserver-kubelet-client.key", host.pki / "apiserver.key")
    refused(host, "pki/apiserver.crt: ", "extended key usage", "serverAuth")


def test_leaf_in_the_place_of_an_authority_is_refused(host):
    shutil.copy(host.pki / "apiserver.crt", host.pki / "ca.crt")
    shutil.copy(host.pki / "apiserver.key", host.pki / "ca.key")
    refused(host, "pki/ca.crt: the certificate is not that of a certificate authority")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("apiserver.crt", b"", "the certificate is damaged"),
        (
            "apiserver.crt",
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "the certificate is damaged",
        ),
        ("etcd/server.key", b"garbage", "not a PEM private key"),
        (
            "ca.key",
            b"-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n",
            "the private key is damaged",
        ),
        ("sa.key", b"", "not a PEM private key"),
        ("sa.pub", b"", "does not hold the public key"),
    ],
)
def test_damaged_file_is_refused(host, name, content, problem):
    (host.pki / name).write_bytes(content)
    message = refused(host, f"pki/{name}: {problem}")
    assert "MHcC" not in message


def test_encrypted_key_is_refused(host, described):
    path = str(host.pki / "ca.key")
    described.openssl("ec", "-in", path, "-aes128", "-passout", "pass:secret", "-out", path)
    refused(host, "pki/ca.key: the private key is encrypted")


def test_expired_certificate_is_refused_and_renewed_on_request(host):
    host.sign("pki/apiserver", NOW - 10 * DAY, NOW - DAY)
    refused(host, "pki/apiserver.crt: the certificate has expired", "Set pki_renew_before")
    result = host.run(renew_before=DAY)
    assert actions(result) == {"apiserver": "renewed"}
    assert not host.run()["changed"]


def test_renewal_carries_subject_and_names_over_and_makes_a_new_key(new_host, described):
    host = new_host(minor=35, validity=20 * DAY)
    host.run()
    old = host.snapshot()
    result = host.run(minor=37, renew_before=30 * DAY, validity=365 * DAY, api_server_sans=())
    assert set(actions(result).values()) == {"renewed"} and len(actions(result)) == 7
    client = host.certificate("pki/apiserver-kubelet-client.crt")
    assert certificates.name_text(client.subject) == "O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client"
    assert "*.api.example.org" in certificates.alternative_names(host.certificate("pki/apiserver.crt")).dns_names
    same = {name for name, found in host.snapshot().items() if found == old[name]}
    assert {os.path.basename(name) for name in same} == {
        "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub",
    }  # fmt: skip
    start, end = described.dates(host.read("pki/apiserver.crt"))
    assert end - start == 365 * DAY + timedelta(minutes=5)
    assert not host.run(minor=37, renew_before=30 * DAY, api_server_sans=())["changed"]
    assert not list(host.pki.rglob(".*"))


def test_not_yet_valid_certificate_names_both_clocks(host):
    host.sign("pki/etcd/server", NOW + DAY, NOW + 9 * DAY, authority="pki/etcd/ca")
    start = (NOW + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    refused(
        host, "etcd/server.crt: the certificate is not valid yet", f"notBefore {start}", "this host's time", "clock"
    )


@pytest.mark.parametrize(("shift", "problem"), [(DAY, "is not valid yet"), (-20 * 365 * DAY, "authority has expired")])
def test_authority_out_of_its_time_is_refused(new_host, shift, problem):
    host = new_host()
    host.run()
    key, when = host.key("pki/ca.key"), certificates.period(NOW + shift, 3650 * DAY, NOW + shift)
    profile = certificates.profile_of(host.certificate("pki/ca.crt"))
    made = certificates.self_signed(certificates.Profile(profile.common_name, authority=True), key, when, 37)
    (host.pki / "ca.crt").write_bytes(certificates.pem(made))
    refused(host, f"pki/ca.crt: the certificate {problem}", renew_before=DAY)


def test_lost_certificates_and_keys_are_completed(host):
    for name in ("apiserver.crt", "etcd/peer.key", "front-proxy-client.crt", "front-proxy-client.key", "sa.pub"):
        os.unlink(host.pki / name)
    key = host.read("pki/apiserver.key")
    result = host.run()
    assert actions(result) == {"apiserver": "created", "etcd-peer": "reissued", "front-proxy-client": "created"}
    assert host.read("pki/apiserver.key") == key
    assert not host.run()["changed"]


def test_authority_gets_a_certificate_for_the_key_it_has_and_its_pin_stays(host):
    pin = host.run()["ca_cert_hash"]
    os.unlink(host.pki / "ca.crt")
    result = host.run()
    assert actions(result) == {"ca": "created"}
    assert result["ca_cert_hash"] == pin


def test_authority_without_key_is_enough_as_long_as_nothing_has_to_be_signed(host):
    for name in ("ca", "front-proxy-ca", "etcd/ca"):
        os.unlink(host.pki / f"{name}.key")
    result = host.run()
    assert not result["changed"] and result["requests"] == []
    assert result["external_authorities"] == ["ca", "front-proxy-ca", "etcd-ca"] and result["external_ca"]


def test_certificate_whose_key_is_lost_is_refused_where_nothing_can_sign_another(host):
    for name in ("ca.key", "apiserver.key"):
        os.unlink(host.pki / name)
    refused(host, "apiserver.crt: its key is missing, and there is no key", "pki/ca.key")


def test_service_account_keys_are_no_matter_of_an_external_authority(host):
    for name in ("ca.key", "sa.key", "sa.pub"):
        os.unlink(host.pki / name)
    assert host.run()["changed"]
    assert (host.pki / "sa.key").exists() and (host.pki / "sa.pub").exists()


def test_lost_service_account_key_is_not_replaced_silently(host):
    os.unlink(host.pki / "sa.key")
    refused(host, "pki/sa.key: the key that signs service account tokens is missing", "voids all tokens")


def test_public_key_file_may_hold_further_keys(host):
    further = keys.public_pem(keys.generate("ECDSA-P256").public_key())
    (host.pki / "sa.pub").write_bytes(further + host.read("pki/sa.pub"))
    assert not host.run()["changed"]


def test_open_modes_are_tightened_and_tight_ones_kept(host):
    os.chmod(host.pki / "apiserver.key", 0o640)
    os.chmod(host.pki / "ca.crt", 0o666)
    os.chmod(host.pki / "etcd/ca.crt", 0o600)
    os.chmod(host.pki / "sa.pub", 0o644)
    planned = host.run(check_mode=True)
    assert os.stat(host.pki / "ca.crt").st_mode & 0o777 == 0o666
    result = host.run()
    assert planned["diff"] == result["diff"]
    assert {(item["after_header"].split("/pki/")[1], item["before"], item["after"]) for item in result["diff"]} == {
        ("apiserver.key", "mode: 0640\n", "mode: 0600\n"),
        ("ca.crt", "mode: 0666\n", "mode: 0644\n"),
    }
    assert os.stat(host.pki / "etcd/ca.crt").st_mode & 0o777 == 0o600
    assert not host.run()["changed"]


def test_users_own_chain_over_an_intermediate_is_kept(host):
    authority = certificates.Issuer(host.certificate("pki/ca.crt"), host.key("pki/ca.key"))
    middle_key, leaf_key = keys.generate_many("ECDSA-P256", 2)
    when = certificates.period(NOW, 30 * DAY)
    middle = certificates.issue(
        certificates.Profile("middle", authority=True), middle_key.public_key(), authority, when
    )
    profile = certificates.profile_of(host.certificate("pki/apiserver.crt"))
    leaf = certificates.issue(profile, leaf_key.public_key(), certificates.Issuer(middle, middle_key), when)
    (host.pki / "apiserver.crt").write_bytes(certificates.pem(leaf) + certificates.pem(middle))
    (host.pki / "apiserver.key").write_bytes(keys.private_pem(leaf_key))
    assert not host.run()["changed"]
    (host.pki / "apiserver.crt").write_bytes(certificates.pem(leaf))
    refused(host, "apiserver.crt: the certificate is from another authority")


def test_forged_certificate_with_the_right_issuer_is_refused(host):
    impostor_key, leaf_key = keys.generate_many("ECDSA-P256", 2)
    when = certificates.period(NOW, 30 * DAY)
    profile = certificates.Profile("kubernetes", authority=True)
    impostor = certificates.Issuer(certificates.self_signed(profile, impostor_key, when, 37), impostor_key)
    leaf = certificates.issue(
        certificates.profile_of(host.certificate("pki/apiserver.crt")), leaf_key.public_key(), impostor, when
    )
    (host.pki / "apiserver.crt").write_bytes(certificates.pem(leaf))
    (host.pki / "apiserver.key").write_bytes(keys.private_pem(leaf_key))
    refused(host, "apiserver.crt: the certificate is from another authority")
