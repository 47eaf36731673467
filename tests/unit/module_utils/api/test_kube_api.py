# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API client: credentials, connection, errors, patience."""

from __future__ import annotations

import os
import stat
import tempfile
import time

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _kube_api
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import (
    ApiError,
    ApiUnreachable,
    Client,
    connect,
    persist,
)

MAPS = "/api/v1/namespaces/default/configmaps"
UNUSED = "https://127.0.0.1:1"


@pytest.fixture
def client(admin_conf):
    with Client.from_kubeconfig(admin_conf) as found:
        yield found


def test_object_from_creation_to_deletion(client):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    assert client.get(f"{MAPS}/a") is None
    created = client.create(MAPS, obj)
    assert client.get(f"{MAPS}/a") == created
    assert client.patch(f"{MAPS}/a", {"metadata": {}, "data": {"x": None, "y": "2"}})["data"] == {"y": "2"}
    assert client.replace(f"{MAPS}/a", obj)["data"] == {"x": "1"}
    assert client.delete(f"{MAPS}/a") is True
    assert client.delete(f"{MAPS}/a") is False


def test_server_knows_the_client_and_all_goes_over_one_connection(api, client):
    for _ in range(5):
        client.get(f"{MAPS}/a")
    assert api.subjects == {"kubernetes-admin"}
    assert api.connections == 1


def test_patches_carry_their_content_type(api, client):
    api.put_in(f"{MAPS}/a", {"metadata": {"name": "a"}})
    for kind in ("merge", "strategic", "apply"):
        client.patch(f"{MAPS}/a", {"metadata": {}}, kind)
    assert [sent for method, _, sent in api.requests if method == "PATCH"] == [
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ]


def test_key_is_not_written_to_disk(admin_conf, api, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with Client.from_kubeconfig(admin_conf) as client:
        client.get(f"{MAPS}/a")
    assert api.subjects == {"kubernetes-admin"}


def test_without_memory_files_the_key_is_in_a_private_file_for_a_moment(admin_conf, api, monkeypatch, tmp_path):
    made = []
    real = tempfile.mkstemp

    def watched(*args, **kwargs):
        descriptor, path = real(*args, dir=tmp_path, **kwargs)
        made.append((path, stat.S_IMODE(os.fstat(descriptor).st_mode)))
        return descriptor, path

    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "mkstemp", watched)
    with Client.from_kubeconfig(admin_conf) as client:
        client.get(f"{MAPS}/a")
    assert api.subjects == {"kubernetes-admin"}
    assert [mode for _, mode in made] == [0o600]
    assert not os.path.exists(made[0][0])


def test_server_of_another_cluster(api, other_authority, administrator, write_kubeconfig):
    path = write_kubeconfig(api.url, other_authority.pem, *administrator)
    with pytest.raises(ApiUnreachable, match="its certificate is not accepted") as caught:
        Client.from_kubeconfig(path).get(f"{MAPS}/a")
    assert "PRIVATE" not in str(caught.value)
    assert api.requests == []


def test_an_idle_connection_that_the_server_closed_is_opened_again(api, client):
    client.get(f"{MAPS}/a")
    api.next.append("hang up")
    assert client.get(f"{MAPS}/a") is None
    assert api.connections == 2


def test_a_write_is_not_silently_sent_twice(api, client):
    client.get(f"{MAPS}/a")
    api.next.append("hang up")
    with pytest.raises(ApiUnreachable):
        client.create(MAPS, {"metadata": {"name": "a"}})
    assert len([method for method, _, _ in api.requests if method == "POST"]) == 1


def test_error_says_what_was_asked_and_what_the_server_said(api, client):
    api.next.append((403, "Forbidden"))
    with pytest.raises(ApiError) as caught:
        client.get(f"{MAPS}/a")
    assert (caught.value.status, caught.value.reason) == (403, "Forbidden")
    assert str(caught.value) == f"GET {api.url}{MAPS}/a: 403 Forbidden: stand-in says Forbidden"


def test_server_override(admin_conf, api):
    with pytest.raises(ApiUnreachable, match="127.0.0.1:1"):
        Client.from_kubeconfig(admin_conf, UNUSED).get(MAPS)
    with pytest.raises(KubephaseError, match="accepted: https://host:port"):
        Client.from_kubeconfig(admin_conf, "http://127.0.0.1:1").get(MAPS)


@pytest.mark.parametrize("status", [500, 503, 429, 409, 404])
def test_what_may_get_better_is_tried_again(api, client, status):
    api.next += [(status, "Trouble")] * 2
    assert persist(lambda: client.request("GET", "/version"), 5, 0.01)["gitVersion"]
    assert len(api.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 415])
def test_what_cannot_get_better_is_not(api, client, status):
    api.next += [(status, "Trouble")] * 2
    with pytest.raises(ApiError):
        persist(lambda: client.request("GET", "/version"), 5, 0.01)
    assert len(api.requests) == 1


def test_forbidden_is_tried_for_a_moment_only(api, client, monkeypatch):
    monkeypatch.setitem(_kube_api._BRIEF_STATUSES, 403, 0.5)
    api.next += [(403, "Forbidden")] * 1000
    started = time.monotonic()
    with pytest.raises(ApiError, match="403"):
        persist(lambda: client.request("GET", "/version"), 30, 0.01)
    assert 0.5 <= time.monotonic() - started < 5
    assert len(api.requests) > 1


def test_connect_waits_for_a_server_and_then_says_that_there_is_none(admin_conf):
    started = time.monotonic()
    with pytest.raises(ApiUnreachable, match="GET https://127.0.0.1:1/version: no answer: Connection refused"):
        connect(admin_conf, UNUSED, 0.3)
    assert time.monotonic() - started >= 0.3


def test_check_mode_needs_no_cluster(admin_conf, tmp_path):
    assert connect(str(tmp_path / "none.conf"), check_mode=True) is None
    started = time.monotonic()
    assert connect(admin_conf, UNUSED, 60, check_mode=True) is None
    assert time.monotonic() - started < 5


def test_missing_kubeconfig_is_an_error_otherwise(tmp_path):
    with pytest.raises(KubephaseError, match=r"none\.conf: there is no such kubeconfig"):
        connect(str(tmp_path / "none.conf"))
