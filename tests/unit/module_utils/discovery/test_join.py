# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import datetime
import os
import pathlib
import stat
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _join, _join_access
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery import (
    InvalidToken,
    PinMismatch,
    TokenMismatch,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._discovery_request import ClockSkew
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import HostConflict
from ansible_collections.kubephase.cluster.tests.unit.module_utils.discovery.joining_host import TOKEN, Host, join

SECRET = TOKEN.partition(".")[2]
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def refused(host: Host, work: Callable[[], Any], kind: type[KubephaseError]) -> str:
    """The error's text. Nothing may have been written and no kubelet started."""
    before = host.tree()
    starts = host.starts
    with pytest.raises(KubephaseError) as caught:
        work()
    assert type(caught.value) is kind
    assert host.tree() == before
    assert host.starts == starts
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_joins(host: Host, api_server: Any) -> None:
    result = join(host, api_server, cluster_name="prod")
    assert result["changed"] and result["joined"]
    assert result["certificate"]["subject"] == "CN=system:node:w1,O=system:nodes"
    assert result["server"] == f"https://{api_server.endpoint}"
    assert host.starts == 1
    assert pathlib.Path(host.paths.ca_cert).read_text() == api_server.authority.pem
    assert stat.S_IMODE(os.stat(host.paths.ca_cert).st_mode) == 0o644
    assert not os.path.exists(host.paths.bootstrap_conf)
    assert SECRET not in str(result)
    assert api_server.requests[-1] == ("/api/v1/nodes/w1", f"Bearer {TOKEN}")


def test_the_bootstrap_kubeconfig_is_kubeadms(host: Host, api_server: Any) -> None:
    join(host, api_server, cluster_name="prod")
    assert host.bootstrap_mode == 0o600
    ca = base64.b64encode(api_server.authority.pem.encode()).decode()
    assert host.bootstrap == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "prod", "cluster": {"server": f"https://{api_server.endpoint}", "certificate-authority-data": ca}}
        ],
        "contexts": [
            {
                "name": "tls-bootstrap-token-user@kubernetes",
                "context": {"cluster": "prod", "user": "tls-bootstrap-token-user"},
            }
        ],
        "current-context": "tls-bootstrap-token-user@kubernetes",
        "users": [{"name": "tls-bootstrap-token-user", "user": {"token": TOKEN}}],
    }


def test_a_second_run_changes_nothing_and_needs_no_cluster(host: Host, api_server: Any) -> None:
    join(host, api_server)
    before = host.tree()
    result = join(host)
    assert not result["changed"] and not result["joined"]
    assert result["actions"] == []
    assert host.tree() == before
    assert host.starts == 1


def test_its_own_token_for_the_kubelet(host: Host, api_server: Any) -> None:
    other = "fedcba.fedcba9876543210"
    api_server.accepted = {other}
    join(host, api_server, tls_bootstrap_token=other)
    assert host.bootstrap and host.bootstrap["users"][0]["user"] == {"token": other}


@pytest.mark.parametrize("left", ["nothing", "bootstrap", "ca", "kubelet_conf"])
def test_goes_on_from_where_a_run_died(host: Host, api_server: Any, left: str) -> None:
    if left in ("ca", "bootstrap", "kubelet_conf"):
        host.write_ca()
    if left in ("bootstrap", "kubelet_conf"):
        pathlib.Path(host.paths.bootstrap_conf).write_text("half a file")
    if left == "kubelet_conf":
        host.write_kubelet_conf()
        host.starts = 1
    assert join(host, api_server)["joined"]
    assert not os.path.exists(host.paths.bootstrap_conf)
    assert not join(host)["changed"]


def test_a_left_over_bootstrap_kubeconfig_of_a_member_is_removed(host: Host) -> None:
    host.make_member()
    pathlib.Path(host.paths.bootstrap_conf).write_text(TOKEN)
    planned = join(host, check_mode=True)
    assert planned["changed"] and os.path.exists(host.paths.bootstrap_conf)
    result = join(host)
    assert result["changed"] and not result["joined"]
    assert result["actions"] == [f"removed {host.paths.bootstrap_conf}"]
    assert not os.path.exists(host.paths.bootstrap_conf)
    assert SECRET not in str(result)


def test_a_member_whose_ca_file_was_deleted_gets_it_back(host: Host) -> None:
    host.make_member()
    os.unlink(host.paths.ca_cert)
    assert join(host, pins=[host.authority.pin])["changed"]
    assert pathlib.Path(host.paths.ca_cert).read_text() == host.authority.pem
    assert not join(host)["changed"]


def test_a_stopped_kubelet_of_a_member_is_started(host: Host) -> None:
    host.make_member()
    host.starts, host.enabled = 0, False
    assert join(host)["actions"] == ["kubelet enabled", "kubelet started"]


def test_an_expired_certificate_is_made_anew(host: Host, api_server: Any) -> None:
    host.make_member()
    host.write_certificate(not_before=NOW - 2 * DAY, not_after=NOW - DAY)
    assert join(host, api_server)["joined"]


def test_a_bare_host_in_check_mode_needs_no_network(host: Host) -> None:
    before = host.tree()
    result = join(host, check_mode=True)
    assert result["changed"] and result["joined"]
    assert host.tree() == before
    assert host.starts == 0
    assert "start the kubelet" in result["diff"]["after"]


def test_node_that_is_not_ready_may_come_back(host: Host, api_server: Any) -> None:
    api_server.nodes["w1"] = False
    assert join(host, api_server)["joined"]


def test_ready_node_of_that_name(host: Host, api_server: Any) -> None:
    api_server.nodes["w1"] = True
    message = refused(host, lambda: join(host, api_server), _join_access.NodeExists)
    assert "a node named 'w1' that is Ready is in the cluster already" in message


def test_token_that_the_api_server_does_not_accept(
    host: Host, api_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_join_access, "_UNAUTHORIZED_PATIENCE", 0.1)
    api_server.accepted = set()
    message = refused(host, lambda: join(host, api_server), _join_access.TokenRefused)
    assert "does not accept token ID abcdef as a credential: it has expired" in message


def test_token_that_may_not_read_nodes(host: Host, api_server: Any) -> None:
    def forbid(handler: Any) -> bool:
        if "nodes" not in handler.path:
            return False
        handler.reply(403, b"{}")
        return True

    api_server.misbehave = forbid
    assert "kubeadm:get-nodes" in refused(host, lambda: join(host, api_server), _join_access.TokenRefused)


def test_another_ca_answers_after_discovery(host: Host, api_server: Any, foreign_authority: Any) -> None:
    api_server.contexts += [api_server.contexts[0], api_server.context(foreign_authority)]
    message = refused(host, lambda: join(host, api_server), KubephaseError)
    assert "the API server that cluster-info names cannot be used" in message
    assert len(api_server.requests) == 2


def test_clock_skew_where_no_ca_is_pinned(host: Host, api_server: Any) -> None:
    api_server.contexts = [api_server.context(api_server.authority, not_before=NOW + DAY)]
    options = {"pins": [], "unsafe_skip_ca_verification": True}
    message = refused(host, lambda: join(host, api_server, **options), ClockSkew)
    assert "certificate is not yet valid) by this host's clock, 20" in message


def test_wrong_token_writes_nothing(host: Host, api_server: Any) -> None:
    refused(host, lambda: join(host, api_server, token="abcdef.aaaaaaaaaaaaaaaa"), TokenMismatch)


def test_wrong_pin_writes_nothing(host: Host, api_server: Any, foreign_authority: Any) -> None:
    refused(host, lambda: join(host, api_server, pins=[foreign_authority.pin]), PinMismatch)


def test_no_token(host: Host, api_server: Any) -> None:
    message = refused(host, lambda: join(host, api_server, token=""), InvalidToken)
    assert message.startswith("token: not a bootstrap token")


def test_ca_of_another_cluster_on_the_host(host: Host, api_server: Any, foreign_authority: Any) -> None:
    host.write_ca(foreign_authority)
    message = refused(host, lambda: join(host, api_server, pins=[], unsafe_skip_ca_verification=True), HostConflict)
    assert f"found {foreign_authority.pin}, the cluster's is {api_server.authority.pin}" in message
    for check_mode in (False, True):
        message = refused(host, lambda mode=check_mode: join(host, api_server, mode), HostConflict)  # type: ignore[misc]
        assert f"found {foreign_authority.pin}, pinned {api_server.authority.pin}" in message


def test_certificate_left_over_from_another_cluster(host: Host, api_server: Any, foreign_authority: Any) -> None:
    host.write_certificate(authority=foreign_authority)
    message = refused(host, lambda: join(host, api_server), HostConflict)
    assert "a kubelet certificate of another cluster is left over from 'system:node:w1'" in message


def test_certificate_left_over_from_another_node(host: Host, api_server: Any) -> None:
    host.write_certificate("w2")
    message = refused(host, lambda: join(host, api_server), HostConflict)
    assert "a kubelet certificate of this cluster is left over from 'system:node:w2'" in message


def test_member_of_another_cluster(host: Host, api_server: Any, foreign_authority: Any) -> None:
    host.make_member()
    message = refused(host, lambda: join(host, pins=[foreign_authority.pin]), HostConflict)
    assert f"found {host.authority.pin}, pinned {foreign_authority.pin}" in message
    host.write_certificate(authority=foreign_authority)
    message = refused(host, lambda: join(host), HostConflict)
    assert f"which is not the CA in {host.paths.ca_cert}" in message


def test_member_under_another_name(host: Host) -> None:
    host.make_member()
    message = refused(host, lambda: join(host, node_name="w2"), HostConflict)
    assert "this host has joined as 'system:node:w1' and cannot be made node 'w2'" in message


def test_certificate_that_nobody_signs(host: Host, api_server: Any) -> None:
    host.signs = False
    with pytest.raises(_join.JoinTimeout) as caught:
        join(host, api_server)
    assert "the kubelet has no signed client certificate after 0 s" in str(caught.value)
    assert "it has sent no certificate signing request" in str(caught.value)
    assert str(caught.value).count("cannot create a request with abcdef.***") == 1
    assert SECRET not in str(caught.value)
    assert not os.path.exists(host.paths.bootstrap_conf)
    host.signs = True
    assert join(host, api_server)["joined"]


def test_kubelet_that_is_not_healthy(host: Host, api_server: Any) -> None:
    host.set_health_port(1)
    with pytest.raises(_join.JoinTimeout, match="the kubelet is not healthy after 1 s"):
        join(host, api_server)
    assert not os.path.exists(host.paths.bootstrap_conf)


def test_health_endpoint_that_is_turned_off(host: Host, api_server: Any) -> None:
    host.set_health_port(0)
    assert join(host, api_server)["joined"]


def test_unreadable_files_are_no_membership(host: Host, api_server: Any) -> None:
    host.make_member()
    pathlib.Path(host.paths.kubelet_conf).write_text("{")
    assert join(host, api_server)["joined"]
    pathlib.Path(host.paths.ca_cert).write_text("nonsense")
    message = refused(host, lambda: join(host, node_name="w1"), KubephaseError)
    assert f"{host.paths.ca_cert}: there is no PEM certificate in it" in message
