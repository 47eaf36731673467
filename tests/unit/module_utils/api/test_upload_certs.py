# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that control planes share: how they are sealed, and the Secret that holds them for two hours."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _bootstrap_token, _certs_secret, _upload_certs
from ansible_collections.kubephase.cluster.plugins.module_utils._certs_secret import WrongKey, shared_files
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._upload_certs import Wanted

KEY, OTHER_KEY = "0f" * 32, "f0" * 32
SECRETS = "/api/v1/namespaces/kube-system/secrets"
SECRET = f"{SECRETS}/kubeadm-certs"
PRIVATE = b"-----BEGIN EC PRIVATE KEY-----\nnobody may see this\n-----END EC PRIVATE KEY-----\n"
PUBLIC = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
RBAC = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "kubeadm:kubeadm-certs", "namespace": "kube-system"},
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["kubeadm-certs"], "verbs": ["get"]}],
}


def test_sealed_as_a_known_answer_of_aes_256_gcm():
    """The second test case of the GCM specification for a key of 256 bits, nonce first."""
    sealed = bytes.fromhex("00" * 12 + "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919")
    assert _certs_secret.unseal(bytes(32), sealed, "test") == bytes(16)


def test_the_nonce_is_never_the_same():
    key = bytes.fromhex(KEY)
    first, second = _certs_secret.seal(key, PRIVATE), _certs_secret.seal(key, PRIVATE)
    assert first[:12] != second[:12]
    assert [_certs_secret.unseal(key, one, "test") for one in (first, second)] == [PRIVATE, PRIVATE]


@pytest.mark.parametrize("sealed", [b"", bytes(12), bytes(40)])
def test_what_was_sealed_otherwise_names_the_way_out(sealed):
    with pytest.raises(WrongKey, match="uploaded with another one.*upload-certs"):
        _certs_secret.unseal(bytes.fromhex(KEY), sealed, "Secret kube-system/kubeadm-certs, ca.key")


@pytest.mark.parametrize("text", ["", "00", "z" * 64, "0" * 66, "0" * 64 + "\n"])
def test_a_certificate_key_is_32_bytes_in_hex(text):
    with pytest.raises(KubephaseError, match="certificateKey: not a certificate key") as caught:
        _certs_secret.parse_key(text, "certificateKey")
    assert len(text) < 3 or text.strip() not in str(caught.value)


def test_made_keys_are_accepted():
    assert len({_certs_secret.parse_key(_certs_secret.new_key(), "key") for _each in range(3)}) == 3


def test_an_external_etcd_brings_its_clients_files():
    files = shared_files("/pki", {"endpoints": ["https://e"], "caFile": "/e/ca", "certFile": "/e/c", "keyFile": "/e/k"})
    assert {file.name: file.path for file in files[6:]} == {
        "external-etcd-ca.crt": "/e/ca",
        "external-etcd.crt": "/e/c",
        "external-etcd.key": "/e/k",
    }
    assert [file.required for file in shared_files("/pki", {"endpoints": ["http://e"]})[6:]] == [False] * 3


@pytest.fixture
def pki(tmp_path):
    folder = tmp_path / "pki"
    (folder / "etcd").mkdir(parents=True)
    for name in ("ca", "front-proxy-ca", "etcd/ca"):
        (folder / f"{name}.crt").write_bytes(PUBLIC + name.encode())
        (folder / f"{name}.key").write_bytes(PRIVATE + name.encode())
    (folder / "sa.key").write_bytes(PRIVATE)
    (folder / "sa.pub").write_bytes(PUBLIC)
    return folder


@pytest.fixture
def upload(pki, admin_conf, api):
    group = "/apis/rbac.authorization.k8s.io/v1"
    api.resources[group] = [{"name": "roles", "kind": "Role", "namespaced": True}]

    def upload(check_mode=False, **wanted):
        wanted = Wanted(str(pki), **{"new_key": OTHER_KEY, "objects": [RBAC], **wanted})
        return _upload_certs.ensure(wanted, admin_conf, api.url, 2.0, check_mode)

    return upload


def owner(api):
    found = api.store[SECRET]["metadata"]["ownerReferences"]
    assert len(found) == 1
    return found[0]


def opened(api, key):
    return {
        name: _certs_secret.unseal(bytes.fromhex(key), base64.b64decode(value), name)
        for name, value in api.store[SECRET]["data"].items()
    }


def test_first_upload(upload, api):
    assert upload(key=KEY)["changed"]
    found = opened(api, KEY)
    assert sorted(found) == [
        "ca.crt", "ca.key", "etcd-ca.crt", "etcd-ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub",
    ]  # fmt: skip
    assert found["etcd-ca.key"] == PRIVATE + b"etcd/ca"
    assert PRIVATE not in str(api.store).encode()
    reference = owner(api)
    token = api.store[f"{SECRETS}/{reference['name']}"]
    assert reference == {
        "apiVersion": "v1", "kind": "Secret", "name": token["metadata"]["name"], "uid": token["metadata"]["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    data = {key: base64.b64decode(value).decode() for key, value in token["data"].items()}
    assert data["description"] == "Proxy for managing TTL for the kubeadm-certs secret"
    assert set(data) == {"token-id", "token-secret", "description", "expiration"}
    end = datetime.strptime(data["expiration"], "%Y-%m-%dT%H:%M:%S%z") - datetime.now(timezone.utc)
    assert timedelta(minutes=119) < end <= timedelta(hours=2)


def test_what_is_there_and_good_is_left_alone(upload, api):
    upload(key=KEY)
    writes = api.writes
    assert upload(key=KEY) == {"changed": False, "objects": [], "diff": [], "new_key_used": False}
    assert api.writes == writes


def test_another_key_uploads_anew(upload, api):
    upload(key=KEY)
    before = owner(api)["name"]
    assert upload(key=OTHER_KEY)["changed"]
    assert owner(api)["name"] != before
    assert opened(api, OTHER_KEY)["sa.key"] == PRIVATE


def test_other_files_on_the_host_upload_anew(upload, api, pki):
    upload(key=KEY)
    (pki / "sa.key").write_bytes(PRIVATE + b"rotated")
    assert upload(key=KEY)["changed"]
    assert opened(api, KEY)["sa.key"] == PRIVATE + b"rotated"


@pytest.mark.parametrize("left", [timedelta(minutes=5), None], ids=["ends soon", "token is gone"])
def test_a_secret_that_ends_soon_is_renewed(upload, api, left):
    upload(key=KEY)
    name = owner(api)["name"]
    if left is None:
        del api.store[f"{SECRETS}/{name}"]
    else:
        end = _bootstrap_token.moment_text(datetime.now(timezone.utc) + left).encode()
        api.store[f"{SECRETS}/{name}"]["data"]["expiration"] = base64.b64encode(end).decode()
    assert upload(key=KEY)["changed"]
    assert owner(api)["name"] != name


def test_a_key_that_is_made_is_told_only_where_it_was_used(upload, api):
    assert upload()["new_key_used"]
    assert opened(api, OTHER_KEY)["sa.key"] == PRIVATE
    kept = upload(new_key=KEY)
    assert (kept["changed"], kept["new_key_used"]) == (False, False)
    renewed = upload(new_key=KEY, ensure_usable=True)
    assert (renewed["changed"], renewed["new_key_used"]) == (True, True)
    assert opened(api, KEY)["sa.key"] == PRIVATE


def test_data_of_an_upload_with_another_configuration_goes(upload, api):
    upload(key=KEY)
    api.store[SECRET]["data"]["external-etcd.key"] = "AAAA"
    upload(key=OTHER_KEY)
    assert "external-etcd.key" not in api.store[SECRET]["data"]


@pytest.mark.parametrize("name", ["ca", "front-proxy-ca"])
def test_external_authority(upload, api, pki, name):
    (pki / f"{name}.key").unlink()
    with pytest.raises(KubephaseError, match=f"{name}.crt: the certificates cannot be uploaded.*external CA"):
        upload(key=KEY)
    assert not upload(key=KEY, skip_external=True)["changed"]
    assert api.writes == 0


def test_a_missing_file_is_named_before_anything_is_written(upload, api, pki):
    (pki / "sa.pub").unlink()
    with pytest.raises(KubephaseError, match="sa.pub: the certificates cannot be uploaded: this file is missing"):
        upload(key=KEY)
    assert api.writes == 0


def test_check_mode_says_so_and_writes_nothing(upload, api, pki):
    planned = upload(key=KEY, check_mode=True)
    assert planned["changed"]
    assert "Secret kube-system/kubeadm-certs" in {one["object"] for one in planned["objects"]}
    assert api.writes == 0
    upload(key=KEY)
    assert not upload(key=KEY, check_mode=True)["changed"]
    assert upload(key=OTHER_KEY, check_mode=True)["changed"]


def test_check_mode_on_a_bare_host(tmp_path):
    wanted = Wanted(str(tmp_path / "pki"), new_key=KEY)
    found = _upload_certs.ensure(wanted, str(tmp_path / "admin.conf"), "", 1.0, True)
    assert found["changed"]


def test_no_diff_shows_what_is_secret(upload):
    shown = str(upload(key=KEY)["diff"])
    assert "kubeadm-certs" in shown
    assert KEY not in shown
    assert "nobody may see this" not in shown
    assert KEY not in repr(Wanted("/pki", key=KEY, new_key=KEY))
