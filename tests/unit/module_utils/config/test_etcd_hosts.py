# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An etcd on hosts of its own: what its clients are told, and what its hosts are."""

from __future__ import annotations

from typing import Any, Callable

URLS = ["https://192.0.2.21:2379", "https://192.0.2.22:2379"]

Resolve = Callable[..., dict[str, Any]]


def test_endpoints_fill_the_external_etcd(fact: Resolve) -> None:
    found = fact(etcd_endpoints=URLS, cluster_configuration={"certificatesDir": "/srv/pki"})["cluster"]["etcd"]
    assert found == {
        "external": {
            "endpoints": URLS,
            "httpEndpoints": URLS,
            "caFile": "/srv/pki/etcd/ca.crt",
            "certFile": "/srv/pki/apiserver-etcd-client.crt",
            "keyFile": "/srv/pki/apiserver-etcd-client.key",
        }
    }


def test_a_local_etcd_speaks_to_the_hosts_that_run_it(fact: Resolve) -> None:
    said = {"etcd": {"local": {"dataDir": "/srv/etcd"}}}
    assert "local" not in fact(etcd_endpoints=URLS, cluster_configuration=said)["cluster"]["etcd"]
    assert fact(cluster_configuration=said, node_role="etcd")["cluster"]["etcd"] == said["etcd"]


def test_what_the_user_says_of_an_external_etcd_stands(fact: Resolve) -> None:
    own = {"endpoints": ["https://etcd.example.org:2379"], "caFile": "/a", "certFile": "/b", "keyFile": "/c"}
    found = fact(etcd_endpoints=URLS, cluster_configuration={"etcd": {"external": own}})["cluster"]["etcd"]["external"]
    assert {name: found[name] for name in own} == own


def test_an_endpoint_that_is_none_is_named(fault: Callable[..., str]) -> None:
    assert "kubephase_etcd_endpoints.etcd.external.endpoints[0]: not a usable URL" in fault(
        etcd_endpoints=["192.0.2.21:2379"]
    )


def test_no_host_of_etcd_joins(fact: Resolve) -> None:
    """InitConfiguration speaks for it, as in the one that kubeadm's guide writes for each of them."""
    found = fact(
        node_role="etcd",
        joins=True,
        init_configuration={"nodeRegistration": {"name": "etcd1"}},
        join_configuration={"nodeRegistration": {"name": "w1"}},
    )
    assert (found["node_role"], found["joins"], found["node_registration"]["name"]) == ("etcd", False, "etcd1")
