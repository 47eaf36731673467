# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules pki and kubeconfig as Ansible calls them: arguments in, one JSON result out."""

from __future__ import annotations

import json
import stat

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.kubephase.cluster.plugins.modules import certificate_signing, kubeconfig, kubelet_finalize, pki

REQUIRED = {"node_name": "CP1", "advertise_address": "192.0.2.10", "service_ip": "10.96.0.1"}


@pytest.fixture
def call(capsys):
    """Run a module's main and give its result."""

    def run(module, check_mode=False, **arguments):
        passed = {"_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp", **arguments}
        with patch_module_args(passed), pytest.raises(SystemExit) as ended:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(result.get("failed")) == bool(ended.value.code)
        return result

    return run


@pytest.fixture
def arguments(tmp_path):
    return {**REQUIRED, "certificates_dir": str(tmp_path / "pki"), "encryption_algorithm": "ECDSA-P256"}


def test_tree_and_kubeconfig_from_nothing_to_unchanged(call, arguments, tmp_path):
    assert call(pki, check_mode=True, **arguments)["changed"]
    made = call(pki, **arguments)
    assert made["changed"] and made["ca_cert_hash"].startswith("sha256:")
    assert not call(pki, **arguments)["changed"]
    assert {item["name"]: item["dns_names"] for item in made["certificates"]}["etcd-peer"] == ["cp1", "localhost"]
    wanted = {
        "certificates_dir": arguments["certificates_dir"],
        "encryption_algorithm": "ECDSA-P256",
        "files": [{"path": str(tmp_path / "x.conf"), "server": "https://x:6443", "user": "x", "organizations": ["a"]}],
    }
    assert call(kubeconfig, **wanted)["files"][0]["subject"] == "O=a, CN=x"
    assert not call(kubeconfig, **wanted)["changed"]
    assert stat.S_IMODE((tmp_path / "x.conf").stat().st_mode) == 0o600


def test_contradiction_fails_with_one_clear_message(call, arguments, tmp_path):
    call(pki, **arguments)
    (tmp_path / "pki/apiserver.crt").write_bytes((tmp_path / "pki/ca.crt").read_bytes())
    result = call(pki, **arguments)
    assert result["failed"]
    assert result["msg"].startswith(f"{tmp_path}/pki/apiserver.crt: the certificate does not belong to the key")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("certificate_validity", "1 year", "certificate_validity: not a period (got '1 year'"),
        ("ca_certificate_validity", "0", "ca_certificate_validity: the period has to be longer than nothing"),
        ("certificate_validity", "9" * 30, "certificate_validity: the period is too long"),
        ("renew_before", "-1h", "renew_before: not a period"),
        ("api_server_cert_sans", ["no_name"], "apiServer.certSANs: not a subject alternative name (got 'no_name'"),
        ("encryption_algorithm", "RSA-1024", "value of encryption_algorithm must be one of"),
    ],
)
def test_wrong_argument_is_named(call, arguments, tmp_path, name, value, message):
    result = call(pki, **{**arguments, name: value})
    assert message in result["msg"]
    assert not (tmp_path / "pki").exists()


def etcd_authority(certificate=""):
    leaf = {"name": "etcd-peer", "path": "etcd/peer", "common_name": "etcd2", "names": ["etcd2"], "usages": ["server"]}
    return [{"name": "etcd-ca", "path": "etcd/ca", "certificate": certificate, "certificates": [leaf]}]


def test_an_authority_whose_key_is_elsewhere_comes_with_its_certificate(call, tmp_path):
    def host(name, **arguments):
        return {"certificates_dir": str(tmp_path / name), "encryption_algorithm": "ECDSA-P256", **arguments}

    holder = call(pki, **host("one", authorities=etcd_authority()))
    assert holder["ca_cert_hash"] == ""
    given = host("two", authorities=etcd_authority(holder["ca_certificate"]))
    assert call(pki, check_mode=True, **given)["changed"] and not (tmp_path / "two").exists()
    asked = call(pki, **given)
    assert (tmp_path / "two/etcd/ca.crt").read_text() == holder["ca_certificate"] == asked["ca_certificate"]
    assert not (tmp_path / "two/etcd/ca.key").exists() and asked["external_authorities"] == ["etcd-ca"]
    keys = {
        "name": "etcd-ca",
        "key": str(tmp_path / "one/etcd/ca.key"),
        "certificate": str(tmp_path / "one/etcd/ca.crt"),
    }
    signed = call(certificate_signing, requests=asked["requests"], authorities=[keys])["signed_certificates"]
    assert call(pki, **given, signed_certificates=signed)["certificates"][1]["action"] == "installed"
    settled = call(pki, **given)
    assert not settled["changed"] and settled["requests"] == []


def test_an_authority_that_is_not_the_one_of_the_host_is_refused(call, tmp_path):
    first, second = (
        call(
            pki,
            certificates_dir=str(tmp_path / name),
            encryption_algorithm="ECDSA-P256",
            authorities=etcd_authority(),
        )["ca_certificate"]
        for name in ("one", "two")
    )
    before = (tmp_path / "two/etcd/ca.crt").read_text()
    result = call(pki, certificates_dir=str(tmp_path / "two"), authorities=etcd_authority(first))
    assert result["failed"] and result["msg"].startswith(
        f"{tmp_path}/two/etcd/ca.crt: the host has another certificate"
    )
    assert before == second == (tmp_path / "two/etcd/ca.crt").read_text()


@pytest.mark.parametrize(
    ("validity", "seconds"),
    [("8760h0m0s", 31536000), ("90", 90), ("1h30m", 5400), ("1.5h", 5400), ("1m0.5s", 60.5), ("300ms", 0.3)],
)
def test_durations(validity, seconds):
    assert pki.durations.parse(validity, "x").total_seconds() == seconds


@pytest.mark.parametrize("module", [pki, kubeconfig, kubelet_finalize])
def test_documentation_reads_as_yaml(module):
    for text in (module.DOCUMENTATION, module.EXAMPLES, module.RETURN):
        assert yaml.safe_load(text)
