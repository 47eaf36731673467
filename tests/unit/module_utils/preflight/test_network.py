# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, proxies, and an external etcd that answers over real TLS."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._preflight import etcd, network
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host
from ansible_collections.kubephase.cluster.tests.unit.module_utils.preflight.fake_host import (
    FakeHost,
    configuration,
    message,
    outcome,
    request,
)

PROXY = "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("exceptions", "host", "through"),
    [
        ("", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.1", False),
        ("192.0.2.2", "192.0.2.1", True),
        ("192.0.2.0/24", "192.0.2.1", False),
        ("192.0.3.0/24, 192.0.2.0/24", "192.0.2.1", False),
        ("192.0.2.1:6443", "192.0.2.1", False),
        ("192.0.2.1:443", "192.0.2.1", True),
        ("*", "192.0.2.1", False),
        ("2001:db8::1", "2001:db8:0::1", False),
        ("[2001:db8::1]:6443", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8::1", False),
        ("", "127.0.0.1", False),
        ("", "::1", False),
        ("", "localhost", False),
        ("example.org", "k8s.example.org", False),
        ("example.org", "example.org", False),
        (".example.org", "k8s.example.org", False),
        (".example.org", "example.org", True),
        ("*.example.org", "K8S.example.org", False),
        ("ample.org", "example.org", True),
        ("bad/entry,,", "192.0.2.1", True),
    ],
)
def test_no_proxy_as_gos_http_client_reads_it(exceptions: str, host: str, through: bool) -> None:
    found = network.proxy_for({"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}, host, 6443)
    assert found == (PROXY if through else "")


def test_credentials_of_a_proxy_are_not_told(fake: FakeHost) -> None:
    fake.environ["https_proxy"] = "http://user:secret@proxy.example.org:3128"
    report = fake.run(request(local_api_endpoint={"advertiseAddress": "192.0.2.1", "bindPort": 6443}))
    assert "uses the proxy" in message(report, "HTTPProxy") or "use the proxy" in message(report, "HTTPProxy")
    assert "secret" not in str(report.result())


def test_what_the_components_are_given_counts_more_than_the_environment(fake: FakeHost) -> None:
    fake.environ["https_proxy"] = PROXY
    given = [{"name": "HTTPS_PROXY", "value": PROXY}, {"name": "NO_PROXY", "value": "192.0.2.0/24,10.96.0.0/12"}]
    report = fake.run(request(proxy_env=given, local_api_endpoint={"advertiseAddress": "192.0.2.1", "bindPort": 6443}))
    assert outcome(report, "HTTPProxy").result == "ok"
    found = [one for one in report.outcomes if one.check.name == "HTTPProxyCIDR"]
    assert [one.result for one in found] == ["ok", "warning"]
    assert "10.244.0.0/16" in found[1].findings[0].message


def test_a_cidr_that_is_none(fake: FakeHost) -> None:
    cluster = configuration(networking={"serviceSubnet": "10.96.0.0/99"})
    assert outcome(fake.run(request(cluster=cluster)), "HTTPProxyCIDR").result == "error"


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("192.0.2.1:6443", "192.0.2.1"),
        ("https://[2001:db8::1]:6443", "2001:db8::1"),
        ("k8s.example.org", "k8s.example.org"),
    ],
)
def test_a_joining_host_looks_at_the_way_to_the_api_server(fake: FakeHost, endpoint: str, address: str) -> None:
    fake.environ["HTTPS_PROXY"] = PROXY
    report = fake.run(request(profile="join", discovery_endpoint=endpoint))
    assert f"https connections to {address} use the proxy {PROXY}" in message(report, "HTTPProxy")


def test_a_name_that_does_not_resolve(fake: FakeHost) -> None:
    made = request(node_registration={"name": "no-such-host.invalid"})
    report = fake.run(made)
    assert "does not resolve" in message(report, "Hostname")
    assert outcome(report, "Hostname").result == "warning"
    fake.check_mode = True
    assert outcome(fake.run(made), "Hostname").result == "skipped"


def test_a_name_that_is_malformed(fake: FakeHost) -> None:
    assert "is malformed" in message(fake.run(request(node_registration={"name": "-a_b-"})), "Hostname")


class Member:
    """An etcd member as far as /version goes, over TLS with a client certificate."""

    def __init__(self, directory: Path) -> None:
        self.version = "3.5.24"
        self.failures = 0
        self.asked = 0
        member = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                member.asked += 1
                if member.asked <= member.failures:
                    self.send_error(503)
                    return
                body = json.dumps({"etcdserver": member.version, "etcdcluster": "3.5.0"}).encode()
                self.send_response(200 if self.path == "/version" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "etcd.crt", directory / "etcd.key")
        context.load_verify_locations(directory / "etcd.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.endpoint = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("etcd")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=etcd -days 1 -addext"
    files = ["-keyout", str(directory / "etcd.key"), "-out", str(directory / "etcd.crt")]
    subprocess.run([*command.split(), "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    return directory


@pytest.fixture
def member(keys: Path) -> Iterator[Member]:
    found = Member(keys)
    yield found
    found.server.shutdown()
    found.server.server_close()


def asked(keys: Path, *endpoints: str, client: bool = True) -> list[str]:
    settings = {"endpoints": list(endpoints), "caFile": "/etcd.crt"}
    if client:
        settings.update(certFile="/etcd.crt", keyFile="/etcd.key")
    host = Host(root=str(keys))
    return [finding.message for finding in etcd.external_version(host, settings, interval=0.01)]


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("3.5.24", ""),
        ("3.7.0", ""),
        ("3.5.23", "3.5.24 is the oldest"),
        ("3.4.99", "is the oldest"),
        ("x", "tells 'x'"),
    ],
)
def test_the_version_of_an_external_etcd(keys: Path, member: Member, version: str, text: str) -> None:
    member.version = version
    found = asked(keys, member.endpoint + "/")
    assert len(found) == bool(text)
    assert not found or text in found[0]


def test_a_member_may_need_three_further_tries(keys: Path, member: Member) -> None:
    member.failures = 3
    assert asked(keys, member.endpoint) == []
    member.asked, member.failures = 0, 4
    assert "does not answer: HTTP status 503" in asked(keys, member.endpoint)[0]
    assert member.asked == 4


def test_members_that_are_not_reached_are_all_named(keys: Path, member: Member) -> None:
    found = asked(keys, "https://127.0.0.1:1", member.endpoint, "https://127.0.0.1:2")
    assert [text.split(" does")[0] for text in found] == [
        "the external etcd https://127.0.0.1:1",
        "the external etcd https://127.0.0.1:2",
    ]


def test_a_member_wants_the_client_certificate(keys: Path, member: Member) -> None:
    assert len(asked(keys, member.endpoint, client=False)) == 1


def test_certificates_that_cannot_be_loaded(fake: FakeHost) -> None:
    external = {"endpoints": ["https://127.0.0.1:1"], "caFile": "/nowhere/ca.crt"}
    report = fake.run(request(cluster=configuration(etcd={"external": external})))
    assert "cannot be loaded" in message(report, "ExternalEtcdVersion")
