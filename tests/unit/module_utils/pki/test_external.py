# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorities whose key is elsewhere: requests as kubeadm makes them, answers that fit, and a run that goes on."""

from __future__ import annotations

import base64
import json
import os
import shutil
from datetime import timedelta

import pytest
import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import signing
from tests.unit.module_utils.pki.answering import answers, by_name, host_file, names

DAY = timedelta(days=1)
PKI = ("apiserver", "apiserver-kubelet-client")
CONFIGS = ("admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf")


def test_requests_are_those_of_kubeadm(new_host, described, recorded):
    """Without any authority, as ``kubeadm certs generate-csr``."""
    host = new_host()
    first = host.run(request_only=True)
    host.kubeconfigs(request_only=True)
    expected = recorded("requests")
    # kubeadm init leads the kubelet to its own API server, generate-csr forgets to
    layout = expected["kubelet.conf"]["layout"]
    layout[layout.index("    server: https://k8s.example.org:6443")] = "    server: https://192.0.2.10:6443"
    assert described.requests(host.root) == expected
    assert first["external_authorities"] == [] and not (host.pki / "ca.crt").exists()
    before = host.snapshot()
    assert not host.run(request_only=True)["changed"] and not host.kubeconfigs(request_only=True)["changed"]
    assert host.snapshot() == before


def test_missing_certificates_wait_and_go_on_when_they_are_signed(outsourced, described):
    host, vault = outsourced
    planned = host.run(check_mode=True)
    first = host.run()
    assert names(planned) == names(first) and planned["changed"] and first["changed"]
    assert [item["csr"] for item in planned["requests"]] == [""] * 7
    assert {item["action"] for item in first["certificates"]} == {"kept", "requested"}
    before = host.snapshot()
    again = host.run()
    assert not again["changed"] and again["requests"] == first["requests"]
    assert host.snapshot() == before

    signed = {}
    for authority in ("ca", "front-proxy-ca", "etcd-ca"):
        signed.update(by_name(answers(first, vault, authority)))
    done = host.run(signed=signed)
    assert done["changed"] and done["requests"] == []
    for authority, leaf in (("ca", "apiserver"), ("front-proxy-ca", "front-proxy-client"), ("etcd/ca", "etcd/peer")):
        described.openssl(
            "verify", "-x509_strict", "-CAfile", str(vault / f"{authority}.crt"), str(host.pki / f"{leaf}.crt")
        )
    assert not host.run(signed=signed)["changed"] and not host.run()["changed"]


def test_signed_certificates_are_as_kubeadm_makes_them(outsourced, described, recorded):
    """Field by field like those of an authority on the host."""
    host, vault = outsourced
    host.run(signed=by_name(answers(host.run(), vault)))
    expected = recorded("rsa")["apiserver.crt"]
    found = described.certificate(host.read("pki/apiserver.crt"))
    for field in ("strings", "seconds", "serial", "key_identifier"):
        assert found[field] == expected[field], field
    extensions = [line for line in found["text"] if "X509v3" in line or ":" in line and "DNS:" in line]
    assert extensions == [line for line in expected["text"] if "X509v3" in line or ":" in line and "DNS:" in line]


def test_kubeconfigs_wait_and_go_on_when_they_are_signed(outsourced, described, tmp_path):
    host, vault = outsourced
    first = host.kubeconfigs()
    assert names(first) == CONFIGS
    assert not host.kubeconfigs()["changed"]
    done = host.kubeconfigs(signed=by_name(answers(first, vault)))
    assert done["requests"] == [] and {item["action"] for item in done["files"]} == {"installed"}
    for name in CONFIGS:
        loaded = yaml.safe_load(host.read(name))
        assert base64.b64decode(loaded["clusters"][0]["cluster"]["certificate-authority-data"]) == host.read(
            "pki/ca.crt"
        )
        (tmp_path / "client.crt").write_bytes(base64.b64decode(loaded["users"][0]["user"]["client-certificate-data"]))
        described.openssl(
            "verify", "-purpose", "sslclient", "-CAfile", str(vault / "ca.crt"), str(tmp_path / "client.crt")
        )
    assert not host.kubeconfigs()["changed"]


def test_certificates_put_there_by_hand_are_taken(outsourced, described):
    host, vault = outsourced
    host.run()
    host.kubeconfigs()
    for request in (host.pki / "apiserver.csr", host.root / "admin.conf.csr"):
        usage = "serverAuth" if request.stem == "apiserver" else "clientAuth"
        extensions = vault / "extensions"
        extensions.write_text(f"extendedKeyUsage={usage}\n")
        described.openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(vault / "ca.crt"), "-CAkey", str(vault / "ca.key")),
            *("-CAcreateserial", "-days", "30", "-copy_extensions", "copy", "-extfile", str(extensions)),
            *("-out", str(request.with_suffix(".crt"))),
        )
    tree, configs = host.run(), host.kubeconfigs()
    assert "apiserver" not in names(tree) and not tree["changed"]
    assert "admin.conf" not in names(configs)
    assert [item["path"] for item in configs["files"] if item["action"] == "installed"] == [f"{host.root}/admin.conf"]
    assert not host.kubeconfigs()["changed"]


def test_certificate_put_into_the_kubeconfig_gets_its_authority(outsourced):
    """As kubeadm's documentation has it done."""
    host, vault = outsourced
    signed = by_name(answers(host.kubeconfigs(), vault))
    loaded = yaml.safe_load(host.read("admin.conf"))
    loaded["users"][0]["user"]["client-certificate-data"] = base64.b64encode(signed["admin.conf"].encode()).decode()
    (host.root / "admin.conf").write_text(yaml.safe_dump(loaded))
    result = host.kubeconfigs()
    assert "admin.conf" not in names(result) and result["files"][0]["action"] == "updated"
    cluster = yaml.safe_load(host.read("admin.conf"))["clusters"][0]["cluster"]
    assert base64.b64decode(cluster["certificate-authority-data"]) == host.read("pki/ca.crt")


def test_one_external_authority_leaves_the_others_to_the_host(host):
    vault = host.outsource("front-proxy-ca")
    for path in ("front-proxy-client.crt", "front-proxy-client.key", "apiserver.crt", "etcd/peer.crt"):
        os.unlink(host.pki / path)
    result = host.run()
    assert names(result) == ("front-proxy-client",)
    assert result["external_authorities"] == ["front-proxy-ca"] and not result["external_ca"]
    assert (host.pki / "apiserver.crt").exists() and (host.pki / "etcd/peer.crt").exists()
    done = host.run(signed=by_name(answers(result, vault, "front-proxy-ca")))
    assert done["requests"] == []


def test_new_names_and_renewal_are_asked_for_with_the_key_that_is_there(host):
    vault = host.outsource("ca")
    before = host.snapshot()
    changed = {"api_server_sans": ("new.example.org",)}
    first = host.run(**changed)
    assert names(first) == ("apiserver",) and "new.example.org" in first["requests"][0]["dns_names"]
    after = host.snapshot()
    assert {name for name in after if after[name] != before.get(name)} == {"pki/apiserver.csr"}
    host.run(signed=by_name(answers(first, vault)), **changed)
    assert host.snapshot()["pki/apiserver.key"] == before["pki/apiserver.key"]
    assert not host.run(**changed)["changed"]

    soon = host.run(renew_before=9999 * DAY, **changed)
    assert set(names(soon)) == set(PKI)
    renewed = host.run(renew_before=9999 * DAY, validity=99999 * DAY, signed=by_name(answers(soon, vault)), **changed)
    actions = {item["name"]: item["action"] for item in renewed["certificates"] if item["name"] in PKI}
    assert actions == dict.fromkeys(PKI, "installed")


def test_kubeconfig_is_renewed_by_request(outsourced):
    host, vault = outsourced
    host.kubeconfigs(signed=by_name(answers(host.kubeconfigs(), vault)))
    before = host.snapshot()
    soon = host.kubeconfigs(renew_before=9999 * DAY)
    assert names(soon) == CONFIGS
    assert host.snapshot()["admin.conf"] == before["admin.conf"]
    signed = by_name(answers(soon, vault))
    done = host.kubeconfigs(renew_before=9999 * DAY, signed=signed)
    assert {item["action"] for item in done["files"]} == {"installed"}
    old, new = (yaml.safe_load(text)["users"][0]["user"] for text in (before["admin.conf"][0], host.read("admin.conf")))
    assert old["client-key-data"] == new["client-key-data"]
    assert base64.b64decode(new["client-certificate-data"]).decode() == signed["admin.conf"]


def test_no_key_reaches_requests_or_answers(outsourced):
    host, vault = outsourced
    tree, configs = host.run(), host.kubeconfigs()
    shown = json.dumps([tree, configs, answers(tree, vault), answers(configs, vault)])
    assert "PRIVATE" not in shown
    for line in host.read("pki/apiserver.key").decode().splitlines()[1:-1]:
        assert line not in shown
    assert yaml.safe_load(host.read("admin.conf"))["users"][0]["user"]["client-key-data"] not in shown


def test_encrypted_key_opens_with_its_passphrase_only(outsourced, described):
    host, vault = outsourced
    found = host.run()
    plain = str(vault / "ca.key")
    described.openssl("pkcs8", "-topk8", "-in", plain, "-out", f"{plain}.enc", "-passout", "pass:geheim")
    assert len(by_name(answers(found, vault, key_path=f"{plain}.enc", passphrase="geheim"))) == 2
    for passphrase, problem in (("", "is encrypted"), ("falsch", "the passphrase does not open")):
        with pytest.raises(KubephaseError, match=problem) as caught:
            answers(found, vault, key_path=f"{plain}.enc", passphrase=passphrase)
        assert "falsch" not in str(caught.value)
    assert "geheim" not in repr(signing.Authority("ca", passphrase="geheim"))


def test_host_that_trusts_another_authority_is_refused(outsourced, new_host):
    host, vault = outsourced
    other = new_host(name="other")
    other.run()
    with pytest.raises(KubephaseError, match="the host trusts another certificate authority"):
        answers(host.run(), vault, certificate_path=str(other.pki / "ca.crt"))
    with pytest.raises(KubephaseError, match="does not belong to the key"):
        answers(host.run(), vault, certificate_path="", key_path=str(other.pki / "ca.key"))


def test_forged_request_is_refused(outsourced):
    host, vault = outsourced
    found = host.run()
    der = base64.b64decode("".join(found["requests"][0]["csr"].splitlines()[1:-1]))
    forged = base64.encodebytes(der.replace(b"kube-apiserver", b"kube-apiservex")).decode()
    found["requests"][0]["csr"] = f"-----BEGIN CERTIFICATE REQUEST-----\n{forged}-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(KubephaseError, match=r"requests \(apiserver\): the request is not signed with the key"):
        answers(found, vault)
    found["requests"][0]["csr"] = "nothing"
    with pytest.raises(KubephaseError, match="not a certificate signing request"):
        answers(found, vault)


def test_check_mode_of_signing_says_what_would_be_signed(outsourced):
    host, vault = outsourced
    result = answers(host.run(check_mode=True), vault, check_mode=True)
    assert result["changed"] and result["signed_certificates"] == []
    result = answers(host.run(), vault, check_mode=True)
    assert result["changed"] and result["signed_certificates"] == []
    assert "subject: CN=kube-apiserver\n" in result["diff"][0]["after"]
    assert result["waiting"] == [
        "front-proxy-client",
        "etcd-server",
        "etcd-peer",
        "etcd-healthcheck-client",
        "apiserver-etcd-client",
    ]


def test_changed_request_is_written_anew(outsourced):
    host, _vault = outsourced
    first = host.run()
    changed = host.run(api_server_sans=("other.example.org",))
    assert changed["changed"] and changed["requests"][0]["csr"] != first["requests"][0]["csr"]
    (host.pki / "apiserver.csr").write_text("nothing")
    assert host.run()["requests"][0]["dns_names"] == first["requests"][0]["dns_names"]


def test_authoritys_key_that_comes_back_signs_what_waits(outsourced):
    host, vault = outsourced
    host.run()
    host.kubeconfigs()
    waiting = host.snapshot()
    shutil.copy(vault / "ca.key", host.pki / "ca.key")
    assert "apiserver" not in names(host.run())
    assert host.kubeconfigs()["requests"] == []
    assert host.snapshot()["pki/apiserver.key"] == waiting["pki/apiserver.key"]
    key = yaml.safe_load(waiting["admin.conf"][0])["users"][0]["user"]["client-key-data"]
    assert yaml.safe_load(host.read("admin.conf"))["users"][0]["user"]["client-key-data"] == key


def test_server_of_a_waiting_kubeconfig_follows_the_configuration(outsourced):
    host, _vault = outsourced
    host.kubeconfigs(files=(host_file(host, "x.conf", "x"),))
    moved = host_file(host, "x.conf", "x")
    moved = type(moved)(moved.path, "https://y:6443", moved.user)
    assert host.kubeconfigs(files=(moved,))["changed"]
    assert b"https://y:6443" in host.read("x.conf")
    assert not host.kubeconfigs(files=(moved,))["changed"]
