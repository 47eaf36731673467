# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that do not fit and commands that do not work are refused, where they are signed and on the host."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._pki import certificates, keys
from ansible_collections.kubephase.cluster.plugins.module_utils._pki.profile import Profile
from tests.unit.module_utils.pki.answering import answers, by_name, host_file

DAY = timedelta(days=1)
OPENSSL = (
    "openssl",
    "x509",
    "-req",
    "-in={request}",
    "-CAcreateserial",
    "-days={days}",
    "-extfile={extensions}",
    "-out={certificate}",
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"key": keys.generate("ECDSA-P256")}, "it is for another key"),
        ({"common_name": "kube-apiserver2"}, "it has another subject"),
        ({"organizations": ("system:masters",)}, "it has another subject"),
        ({"more": ("evil.example.org",)}, "it is also for evil.example.org"),
        ({"fewer": 1}, r"it lacks \*.api.example.org"),
        ({"client": True}, "its extended key usage"),
        ({"server": False}, "its extended key usage"),
        ({"authority": True}, "it is one of a certificate authority"),
        ({"validity": 366 * DAY}, "it is valid for longer than asked"),
        ({"start": 2 * DAY}, "the certificate is not valid yet"),
        ({"validity": -DAY}, "it has expired"),
        ({"issuer": "etcd/ca"}, "it is from another authority"),
    ],
)
def test_answer_that_does_not_fit_is_refused(outsourced, change, problem):
    """By the side that signs and by the host, whatever the command did."""
    host, vault = outsourced
    waiting = host.run()
    key = change.get("key") or host.key("pki/apiserver.key")
    request = next(item for item in waiting["requests"] if item["name"] == "apiserver")
    dns = tuple(request["dns_names"][change.get("fewer", 0) :]) + change.get("more", ())
    profile = Profile(
        change.get("common_name", "kube-apiserver"),
        change.get("organizations", ()),
        server=change.get("server", True),
        client=change.get("client", False),
        authority=change.get("authority", False),
        names=certificates.AlternativeNames(tuple(sorted(dns)), tuple(request["ip_addresses"])),
    )
    now = datetime.now(timezone.utc)
    when = certificates.period(now, change.get("validity", 365 * DAY), now + change.get("start", -10 * DAY))
    file = change.get("issuer", "ca")
    issuer = certificates.Issuer(
        certificates.load_chain((vault / f"{file}.crt").read_bytes(), file)[0],
        keys.load((vault / f"{file}.key").read_bytes(), file),
    )
    bad = vault / "bad.crt"
    bad.write_bytes(certificates.pem(certificates.issue(profile, key.public_key(), issuer, when)))
    only = {"requests": [request]}
    with pytest.raises(KubephaseError, match=problem):
        answers(only, vault, key_path="", command=("sh", "-c", f"cat {bad} # {{request}}"))
    before = host.snapshot()
    if "longer" in problem:
        return
    with pytest.raises(KubephaseError, match=problem):
        host.run(signed={"apiserver": bad.read_text()})
    assert host.snapshot() == before


def test_answer_for_a_kubeconfig_that_does_not_fit_is_refused(outsourced):
    host, vault = outsourced
    signed = by_name(answers(host.kubeconfigs(), vault))
    with pytest.raises(KubephaseError, match="it is for another key"):
        host.kubeconfigs(signed={"admin.conf": signed["super-admin.conf"]})
    (host.root / "admin.conf.crt").write_text(signed["scheduler.conf"])
    with pytest.raises(KubephaseError, match=r"admin.conf.crt: .*another key"):
        host.kubeconfigs()


def test_openssl_as_the_command(outsourced, described):
    host, vault = outsourced
    found = host.run()
    command = (*OPENSSL, f"-CA={vault}/ca.crt", f"-CAkey={vault}/ca.key")
    result = answers(found, vault, key_path="", command=command)
    assert host.run(signed=by_name(result))["changed"]
    shown = described.openssl("x509", "-noout", "-text", "-in", str(host.pki / "apiserver.crt"))
    assert "IP Address:2001:DB8:0:0:0:0:0:7" in shown and "DNS:*.api.example.org" in shown
    assert "Digital Signature, Key Encipherment" in shown and "CA:FALSE" in shown


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("false", "{request}"), "it failed with code 1"),
        (("/nonexistent", "{request}"), "there is no such program"),
        (("sh", "-c", "echo no slot >&2; exit 3; {request}"), "It said: no slot"),
        (("sh", "-c", "sleep 9 # {request}"), "no answer within 0.5 s"),
        (("true", "{request}"), "its answer: the certificate is damaged"),
        (("true", "{nonsense}"), r"unknown placeholder .*\{nonsense\}"),
        (("true",), "the command is never told which request to sign"),
    ],
)
def test_command_that_does_not_work_is_named(outsourced, command, problem):
    host, vault = outsourced
    with pytest.raises(KubephaseError, match=problem):
        answers(host.run(), vault, key_path="", command=command, timeout=0.5)


def test_nothing_in_a_request_can_become_a_command(outsourced, tmp_path):
    host, vault = outsourced
    mark = tmp_path / "ran"
    found = host.kubeconfigs(
        files=(host_file(host, "x.conf", f"$(touch {mark})`touch {mark}`;touch {mark}"),), cluster_name="c"
    )
    with pytest.raises(KubephaseError, match="damaged"):
        answers(found, vault, key_path="", command=("echo", "{common_name}", "{request}"))
    assert not mark.exists()
