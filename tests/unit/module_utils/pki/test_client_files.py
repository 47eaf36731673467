# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to kubeconfigs that are there already: kept, led to another server, renewed, or refused without a change."""

from __future__ import annotations

import base64
import json
import os
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _atomic_file,
    _certificate,
    _kube_yaml,
    _kubeconfig,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, client_files, keys

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


@pytest.fixture
def ready(host):
    """A host with tree and kubeconfigs."""
    host.kubeconfigs()
    return host


def actions(result):
    return {os.path.basename(item["path"]): item["action"] for item in result["files"] if item["action"] != "kept"}


def refused(host, *parts, **changed):
    before = host.snapshot()
    for check_mode in (True, False):
        with pytest.raises(KubephaseError) as caught:
            host.kubeconfigs(check_mode, **changed)
        for part in parts:
            assert part in str(caught.value)
    assert host.snapshot() == before
    return str(caught.value)


def replace_client(host, name, start, end, key=None, authority="pki/ca", common_name=""):
    """Give a kubeconfig a client certificate with other dates, another key or another authority."""
    path = host.root / name
    mapping = _kube_yaml.load(path.read_text())
    user = mapping["users"][0]["user"]
    old = certificates.load_chain(base64.b64decode(user["client-certificate-data"]), name)[0]
    own = keys.load(base64.b64decode(user["client-key-data"]), name)
    issuer = certificates.Issuer(host.certificate(f"{authority}.crt"), host.key(f"{authority}.key"))
    profile = certificates.profile_of(old)
    profile = certificates.Profile(common_name or profile.common_name, profile.organizations, client=True)
    made = certificates.issue(profile, (key or own).public_key(), issuer, certificates.Period(start, end))
    user["client-certificate-data"] = _kubeconfig.encode(certificates.pem(made))
    path.write_text(_kube_yaml.dump(mapping))


def test_second_run_changes_nothing(ready):
    before = ready.snapshot()
    for check_mode in (True, False):
        result = ready.kubeconfigs(check_mode)
        assert (result["changed"], result["diff"], actions(result)) == (False, [], {})
    assert ready.snapshot() == before


def test_client_certificates_verify_with_openssl(ready, described, tmp_path):
    for name in ("admin", "super-admin", "kubelet", "controller-manager", "scheduler"):
        found = _kubeconfig.load(str(ready.root / f"{name}.conf"))
        (tmp_path / "client.pem").write_bytes(found.client_certificate_data)
        ca = str(ready.pki / "ca.crt")
        described.openssl(
            "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ca, str(tmp_path / "client.pem")
        )
        public = described.openssl("x509", "-noout", "-pubkey", stdin=found.client_certificate_data)
        assert public == described.openssl("pkey", "-pubout", stdin=found.client_key_data)


@pytest.mark.parametrize("with_authority", [False, True])
def test_check_mode_on_a_bare_host_says_what_a_run_then_does(new_host, monkeypatch, with_authority):
    host = new_host()
    if with_authority:
        host.run()
    else:
        monkeypatch.setattr(_certificate, "library_is_there", lambda: False)
    planned = host.kubeconfigs(check_mode=True)
    monkeypatch.undo()
    assert not list(host.root.glob("*.conf"))
    host.run()
    done = host.kubeconfigs()
    for name in ("path", "action", "server", "user", "subject", "issuer"):
        assert [item[name] for item in planned["files"]] == [item[name] for item in done["files"]]
    assert planned["changed"] and done["changed"]


def test_no_key_reaches_the_result(new_host):
    host = new_host()
    host.run()
    results = [host.kubeconfigs(check_mode=True), host.kubeconfigs(), host.kubeconfigs(renew_before=9999 * DAY)]
    shown = json.dumps(results)
    for path in host.root.glob("*.conf"):
        found = _kubeconfig.load(str(path))
        pem = found.client_key_data.decode()
        assert "PRIVATE" not in shown and base64.b64encode(pem.encode()).decode() not in shown
        assert not any(line in shown for line in pem.splitlines()[1:-1])


def test_other_server_is_led_there_with_the_same_credentials(ready):
    path = str(ready.root / "scheduler.conf")
    before = _kubeconfig.load(path)
    wanted = (client_files.Wanted(path, "https://[2001:db8::1]:6443", "system:kube-scheduler"),)
    result = ready.kubeconfigs(files=wanted)
    assert actions(result) == {"scheduler.conf": "updated"}
    assert "server: https://192.0.2.10:6443" in result["diff"][0]["before"]
    assert "server: https://[2001:db8::1]:6443" in result["diff"][0]["after"]
    after = _kubeconfig.load(path)
    assert after.server == "https://[2001:db8::1]:6443"
    assert (after.client_key_data, after.ca_data) == (before.client_key_data, before.ca_data)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert not ready.kubeconfigs(files=wanted)["changed"]


def test_other_authority_is_refused(ready, new_host):
    other = new_host(name="other")
    other.run()
    other.kubeconfigs()
    shutil.copy(other.root / "admin.conf", ready.root / "admin.conf")
    refused(ready, "admin.conf: the kubeconfig trusts another certificate authority", "pki/ca.crt")


def test_client_certificate_of_another_authority_is_refused(ready):
    replace_client(ready, "admin.conf", NOW - DAY, NOW + DAY, authority="pki/front-proxy-ca")
    refused(ready, "admin.conf: the certificate is from another authority", "CN=front-proxy-ca")


def test_key_of_another_certificate_is_refused(ready):
    replace_client(ready, "admin.conf", NOW - DAY, NOW + DAY, key=keys.generate("ECDSA-P256"))
    refused(ready, "admin.conf: the certificate does not belong to the key in it")


def test_certificate_of_another_node_is_refused(ready):
    replace_client(ready, "kubelet.conf", NOW - DAY, NOW + DAY, common_name="system:node:cp2")
    refused(ready, "kubelet.conf: the client certificate is that of another node", "system:node:cp2", "system:node:cp1")


def test_not_yet_valid_certificate_names_the_clock(ready):
    replace_client(ready, "admin.conf", NOW + DAY, NOW + 2 * DAY)
    refused(ready, "admin.conf: the certificate is not valid yet", "clock")


def test_expired_certificate_is_refused_and_renewed_on_request(ready, described):
    replace_client(ready, "admin.conf", NOW - 9 * DAY, NOW - DAY)
    refused(ready, "admin.conf: the certificate has expired", "Set kubeconfig_renew_before")
    old = _kubeconfig.load(str(ready.root / "admin.conf"))
    planned, result = ready.kubeconfigs(check_mode=True, renew_before=DAY), ready.kubeconfigs(renew_before=DAY)
    assert actions(planned) == actions(result) == {"admin.conf": "renewed"}
    new = _kubeconfig.load(str(ready.root / "admin.conf"))
    assert new.client_key_data != old.client_key_data
    start, end = described.dates(new.client_certificate_data)
    assert end - start == 365 * DAY + timedelta(minutes=5)
    assert not ready.kubeconfigs(renew_before=DAY)["changed"]


def test_missing_authority_is_named(new_host):
    host = new_host()
    with pytest.raises(KubephaseError, match=r"pki/ca\.crt: the certificate of the certificate authority is missing"):
        host.kubeconfigs()


def test_kubeconfigs_of_a_lost_authority_are_refused_in_check_mode_too(ready):
    for name in ("ca.crt", "ca.key"):
        os.unlink(ready.pki / name)
    with pytest.raises(KubephaseError, match="the certificate authority that the kubeconfig was made for is missing"):
        ready.kubeconfigs(check_mode=True)


def test_without_the_authoritys_key_present_files_are_enough(ready):
    os.unlink(ready.pki / "ca.key")
    result = ready.kubeconfigs()
    assert not result["changed"] and result["requests"] == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a: [", "not YAML"),
        (b"kind: Pod\n", "not a kubeconfig"),
        (b"kind: Config\ncurrent-context: x\n", "is not among its contexts"),
    ],
)
def test_damaged_file_is_refused(ready, content, problem):
    (ready.root / "admin.conf").write_bytes(content)
    refused(ready, "admin.conf: ", problem)


def test_open_mode_is_tightened(ready):
    os.chmod(ready.root / "admin.conf", 0o644)
    assert ready.kubeconfigs(check_mode=True)["diff"][0]["after"] == "mode: 0600\n"
    ready.kubeconfigs()
    assert os.stat(ready.root / "admin.conf").st_mode & 0o777 == 0o600


def rotate(host, start, end, common_name=""):
    """Let kubelet.conf name a rotated certificate, as kubelet-finalize does."""
    replace_client(host, "kubelet.conf", start, end, common_name=common_name)
    found = _kubeconfig.load(str(host.root / "kubelet.conf"))
    rotated = host.root / "kubelet-client-current.pem"
    rotated.write_bytes(found.client_certificate_data + found.client_key_data)
    mapping = _kube_yaml.load((host.root / "kubelet.conf").read_text())
    mapping["users"][0]["user"] = {"client-certificate": str(rotated), "client-key": str(rotated)}
    (host.root / "kubelet.conf").write_text(_kube_yaml.dump(mapping))


def test_rotated_certificate_is_kept_until_it_is_too_late(ready):
    rotate(ready, NOW - DAY, NOW + DAY)
    assert not ready.kubeconfigs(renew_before=9 * DAY, files=kubelet_only(ready))["changed"]
    # led to another server it still names the rotated certificate
    moved = tuple(client_files.Wanted(item.path, "https://new:6443", item.user) for item in kubelet_only(ready))
    assert actions(ready.kubeconfigs(files=moved)) == {"kubelet.conf": "updated"}
    assert _kubeconfig.load(str(ready.root / "kubelet.conf")).client_key_path.endswith("kubelet-client-current.pem")


def test_expired_rotated_certificate_is_replaced_on_request(ready):
    rotate(ready, NOW - 9 * DAY, NOW - DAY)
    refused(ready, "kubelet-client-current.pem: the certificate has expired")
    assert actions(ready.kubeconfigs(renew_before=DAY)) == {"kubelet.conf": "renewed"}
    found = _kubeconfig.load(str(ready.root / "kubelet.conf"))
    assert found.client_certificate_data and not found.client_certificate_path


def test_missing_rotated_certificate_is_refused(ready):
    rotate(ready, NOW - DAY, NOW + DAY)
    os.unlink(ready.root / "kubelet-client-current.pem")
    refused(ready, "kubelet.conf: the client certificate that the kubeconfig names does not exist")


def kubelet_only(host):
    server = _kubeconfig.load(str(host.root / "kubelet.conf")).server
    return (client_files.Wanted(str(host.root / "kubelet.conf"), server, "system:node:cp1", ("system:nodes",)),)


@pytest.mark.parametrize("step", range(5))
def test_killed_run_is_completed(host, monkeypatch, step):
    count = 0
    write = _atomic_file.write

    def dying(path, data, mode):
        nonlocal count
        if count == step:
            (host.root / ".admin.conf.abcd_123").write_bytes(b"half")
            raise KeyboardInterrupt
        count += 1
        write(path, data, mode)

    with monkeypatch.context() as patch:
        patch.setattr(_atomic_file, "write", dying)
        with pytest.raises(KeyboardInterrupt):
            host.kubeconfigs()
    assert len(list(host.root.glob("*.conf"))) == step
    result = host.kubeconfigs()
    assert len(actions(result)) == 5 - step
    assert not list(host.root.glob(".*"))
    assert not host.kubeconfigs()["changed"]
