# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a tree: skipped phases, hosts that join, and an inventory that is not a cluster's."""

from __future__ import annotations

import os

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import client_files, custom

CERTIFICATES = [
    "ca",
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-ca",
    "front-proxy-client",
    "etcd-ca",
    "etcd-server",
    "etcd-peer",
    "etcd-healthcheck-client",
    "apiserver-etcd-client",
]
SHARED = ("ca", "front-proxy-ca", "etcd/ca")
METRICS = [
    {
        "name": "metrics-ca",
        "path": "authority/ca",
        "common_name": "Metrics & more",
        "certificates": [
            {"name": "metrics", "names": ["metrics.example.org", "192.0.2.20"], "usages": ["server"]},
            {
                "name": "reader",
                "usages": ["client"],
                "organizations": ["readers", "auditors"],
                "path": "clients/reader",
            },
        ],
    },
    {"name": "empty-ca", "names": ["empty.example.org"], "certificates": []},
]


def made(result):
    return [item["name"] for item in result["certificates"] if item["action"] == "created"]


@pytest.mark.parametrize("phase", [name for name in CERTIFICATES if not name.endswith("ca")])
def test_skipped_certificate_is_left_out(new_host, phase):
    host = new_host()
    assert made(host.run(skip_phases=(f"certs/{phase}", "addon/coredns"))) == [
        name for name in CERTIFICATES if name != phase
    ]
    assert not host.run(skip_phases=(f"certs/{phase}",))["changed"]


def test_skipped_service_account_is_left_out(new_host):
    host = new_host()
    assert made(host.run(skip_phases=("certs/sa",))) == CERTIFICATES
    assert not (host.pki / "sa.key").exists() and not (host.pki / "sa.pub").exists()


def test_all_phases_skipped_make_nothing_and_still_tell_the_pin(host):
    pin = host.run()["ca_cert_hash"]
    os.unlink(host.pki / "apiserver.crt")
    (host.pki / "front-proxy-client.crt").write_text("none of this run's business")
    result = host.run(skip_phases=("certs",))
    assert not result["changed"] and result["ca_cert_hash"] == pin


def test_all_phases_skipped_on_a_bare_host(new_host):
    host = new_host()
    result = host.run(skip_phases=("certs",))
    assert not result["changed"] and result["certificates"] == [] and result["ca_cert_hash"] == ""
    assert not host.root.exists()


def test_skipped_authority_has_to_be_there_for_what_it_signs(new_host):
    host = new_host()
    with pytest.raises(KubephaseError, match=r"etcd/server.crt: the certificate is missing, and there is no key"):
        host.run(skip_phases=("certs/etcd-ca",))
    assert not host.root.exists()


def test_joining_host_makes_its_own_part_of_a_shared_tree(new_host, host):
    """Certificates and keys of the authorities and of service accounts come from elsewhere, as download-certs puts them."""
    joining = new_host(name="second", node_name="cp2", advertise_address="192.0.2.11", joins=True)
    for name in [f"{authority}.{suffix}" for authority in SHARED for suffix in ("crt", "key")] + ["sa.key", "sa.pub"]:
        (joining.pki / name).parent.mkdir(parents=True, exist_ok=True)
        (joining.pki / name).write_bytes((host.pki / name).read_bytes())
        os.chmod(joining.pki / name, 0o644 if name == "sa.pub" or name.endswith(".crt") else 0o600)
    before = joining.snapshot()
    result = joining.run()
    assert made(result) == [name for name in CERTIFICATES if not name.endswith("ca")]
    assert {name: found for name, found in joining.snapshot().items() if name in before} == before
    assert "cp2" in result["certificates"][1]["dns_names"] and result["ca_cert_hash"] == host.run()["ca_cert_hash"]
    assert not joining.run()["changed"]


def test_joining_host_names_every_shared_file_that_is_missing(new_host):
    host = new_host(joins=True)
    for check_mode in (True, False):
        with pytest.raises(KubephaseError) as caught:
            host.run(check_mode)
        for name in ("pki/ca.crt", "pki/front-proxy-ca.crt", "pki/etcd/ca.crt", "pki/sa.key"):
            assert f"{name}: the control planes of a cluster share this file" in str(caught.value)
    assert not host.root.exists()


def test_joining_host_with_external_etcd_and_without_public_key(new_host, host):
    joining = new_host(name="second", joins=True, local_etcd=False)
    for name in ("ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key"):
        joining.pki.mkdir(parents=True, exist_ok=True)
        (joining.pki / name).write_bytes((host.pki / name).read_bytes())
    with pytest.raises(KubephaseError, match="pki/sa.pub: the control planes") as caught:
        joining.run()
    assert "etcd" not in str(caught.value)


def test_joining_host_without_the_authoritys_key_asks(new_host, host):
    joining = new_host(name="second", joins=True)
    for name in ("ca.crt", "front-proxy-ca.crt", "etcd/ca.crt", "sa.key", "sa.pub"):
        (joining.pki / name).parent.mkdir(parents=True, exist_ok=True)
        (joining.pki / name).write_bytes((host.pki / name).read_bytes())
    result = joining.run()
    assert [item["name"] for item in result["requests"]] == [name for name in CERTIFICATES if not name.endswith("ca")]


def test_phases_of_a_joining_host(new_host):
    host = new_host(joins=True)
    for phase in ("control-plane-prepare/certs", "control-plane-prepare"):
        with pytest.raises(KubephaseError) as caught:
            host.run(skip_phases=(phase,))
        assert "sa.key" not in str(caught.value) and "pki/ca.crt" in str(caught.value)


def test_the_first_of_several_keeps_its_own_phases(new_host, host):
    """It makes no authority beside the others, and what its user makes is left to them as before."""
    first = new_host(name="second", joins=True)
    for name in (
        "ca.crt",
        "ca.key",
        "front-proxy-ca.crt",
        "front-proxy-ca.key",
        "etcd/ca.crt",
        "etcd/ca.key",
        "sa.key",
        "sa.pub",
    ):
        (first.pki / name).parent.mkdir(parents=True, exist_ok=True)
        (first.pki / name).write_bytes((host.pki / name).read_bytes())
    assert "apiserver" not in made(first.run(skip_phases=("certs/apiserver",)))


def test_certificates_of_something_else(new_host, described, tmp_path):
    host = new_host(authorities=custom.authorities(METRICS), service_account=False)
    result = host.run()
    assert [(item["name"], item["subject"]) for item in result["certificates"]] == [
        ("metrics-ca", "CN=Metrics & more"),
        ("metrics", "CN=metrics"),
        ("reader", "O=readers, O=auditors, CN=reader"),
        ("empty-ca", "CN=empty-ca"),
    ]
    files = {str(path.relative_to(host.pki)) for path in host.pki.rglob("*") if path.is_file()}
    stems = ("authority/ca", "metrics", "clients/reader", "empty-ca")
    assert files == {f"{stem}.{suffix}" for stem in stems for suffix in ("crt", "key")}
    for stem, purpose in (("metrics", "sslserver"), ("clients/reader", "sslclient")):
        authority = str(host.pki / "authority/ca.crt")
        described.openssl("verify", "-purpose", purpose, "-CAfile", authority, str(host.pki / f"{stem}.crt"))
    assert result["ca_cert_hash"] == "" and not host.run()["changed"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"path": "/etc/x"}, r"authorities\[0\].path: not the stem of a file"),
        ({"path": "../x"}, r"authorities\[0\].path: not the stem of a file"),
        ({"path": "x.crt"}, r"authorities\[0\].path: not the stem of a file"),
        ({"name": "metrics"}, "authorities: name: given twice .*metrics"),
        ({"common_name": "Reader"}, r"certificates\[1\].common_name: a certificate with the name of its authority"),
        ({"path": "metrics"}, "authorities: path: given twice .*metrics"),
        ({"certificates": [{"name": "x", "names": ["a b"], "usages": ["server"]}]}, r"certificates\[0\].names: not a"),
    ],
)
def test_inventory_that_cannot_be_is_named(change, problem):
    with pytest.raises(KubephaseError, match=problem):
        custom.authorities([{**METRICS[0], **change}])


def test_files_of_a_team():
    files = [
        {"path": "/etc/kubernetes/admin.conf", "server": "s", "user": "a", "organizations": [], "phase": "admin"},
        {"path": "/srv/x.conf", "server": "s", "user": "x", "organizations": ["team"], "certificate_validity": "24h"},
    ]
    for skipped, paths in (
        ((), ["/etc/kubernetes/admin.conf", "/srv/x.conf"]),
        (("kubeconfig/admin",), ["/srv/x.conf"]),
        (("kubeconfig",), ["/srv/x.conf"]),
        (("control-plane-prepare/kubeconfig",), ["/srv/x.conf"]),
        (("kubeconfig/kubelet",), ["/etc/kubernetes/admin.conf", "/srv/x.conf"]),
    ):
        assert [item.path for item in client_files.wanted(files, skipped)] == paths
    with pytest.raises(KubephaseError, match=r"files \(/srv/x.conf\).certificate_validity: not a period"):
        client_files.wanted([{**files[1], "certificate_validity": "a day"}], ())


def test_validity_of_one_file(host, described):
    files = client_files.wanted(
        [
            {
                "path": f"{host.root}/short.conf",
                "server": "https://x",
                "user": "x",
                "organizations": [],
                "certificate_validity": "24h",
            },
            {"path": f"{host.root}/long.conf", "server": "https://x", "user": "x", "organizations": []},
        ],
        (),
    )
    short, long = (item["not_after"] for item in host.kubeconfigs(files=files)["files"])
    assert short < long


@pytest.mark.parametrize("length", [64, 65, 253])
def test_long_names_are_no_problem_as_with_go(new_host, described, length):
    name = "n" * 60 + "." + "m" * (length - 61)
    host = new_host(node_name=name)
    host.run()
    shown = described.openssl("x509", "-noout", "-subject", "-in", str(host.pki / "etcd/peer.crt"))
    assert name in shown
    assert not host.run()["changed"]
