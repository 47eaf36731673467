# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorities whose keys stay on the controller: the run stops with what waits, or has it signed and goes on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.hosts import Host
from tests.cluster.playbook import Playbooks, roles

FOLDER = "/srv/external"
AUTHORITIES = {"ca": "ca", "front-proxy-ca": "front-proxy-ca", "etcd-ca": "etcd/ca"}
PASSPHRASE = "a passphrase of the test"


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three authorities on the controller, the key of the first one encrypted."""
    directory = tmp_path_factory.mktemp("vault")
    for name in AUTHORITIES:
        protection = ["-passout", f"pass:{PASSPHRASE}"] if name == "ca" else ["-nodes"]
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", *protection, "-days", "30", "-subj", f"/CN={name}"),
            *("-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.crt"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )
    return directory


def signers(vault: Path) -> list[dict[str, Any]]:
    """One with its key, one with a command, and none for etcd's."""
    command = [
        "openssl",
        "x509",
        "-req",
        "-in={request}",
        "-extfile={extensions}",
        "-days={days}",
        "-out={certificate}",
    ]
    command += [f"-CA={vault}/front-proxy-ca.crt", f"-CAkey={vault}/front-proxy-ca.key", "-CAcreateserial"]
    return [
        {"name": "ca", "certificate": f"{vault}/ca.crt", "key": f"{vault}/ca.key", "passphrase": PASSPHRASE},
        {"name": "front-proxy-ca", "command": command},
    ]


def test_what_waits_is_listed_signed_and_installed(
    playbooks: Playbooks, spare: Host, vault: Path, tmp_path: Path
) -> None:
    user = {"path": f"{FOLDER}/team.conf", "server": "https://x:6443", "user": "jane", "organizations": ["team"]}
    book = roles(
        tmp_path,
        spare.name,
        "pki",
        "kubeconfig",
        pki_certificates_dir=FOLDER,
        kubeconfig_certificates_dir=FOLDER,
        kubeconfig_files=[user],
        kubephase_node_role="control_plane",
        kubephase_joins=False,
    )
    spare.run(f"mkdir -p {FOLDER}/etcd")
    for name, file in AUTHORITIES.items():
        spare.write(f"{FOLDER}/{file}.crt", (vault / f"{name}.crt").read_text())
    try:
        stopped = playbooks.play(book)
        assert stopped.code != 0
        for name in ("apiserver", "front-proxy-client", "etcd/peer", "apiserver-etcd-client"):
            assert f"{FOLDER}/{name}.csr -> {FOLDER}/{name}.crt" in stopped.output, stopped.output
        spare.run(f"openssl req -noout -verify -in {FOLDER}/apiserver.csr && test ! -e {FOLDER}/apiserver.crt")

        variables = tmp_path / "signing.json"
        variables.write_text(json.dumps({"certificate_signing_authorities": signers(vault)}))
        plan = playbooks.play(book, "--check", "-e", f"@{variables}")
        assert plan.code == 0, plan.output
        some = playbooks.play(book, "-e", f"@{variables}", verbosity=3)
        assert some.code != 0 and PASSPHRASE not in some.output
        assert f"{FOLDER}/etcd/peer.csr" in some.error and "apiserver.csr" not in some.error, some.error
        spare.run(f"cd {FOLDER} && openssl verify -CAfile ca.crt apiserver.crt apiserver-kubelet-client.crt")
        spare.run(f"cd {FOLDER} && openssl verify -CAfile front-proxy-ca.crt front-proxy-client.crt")

        etcd = {"name": "etcd-ca", "key": f"{vault}/etcd-ca.key"}
        variables.write_text(json.dumps({"certificate_signing_authorities": [*signers(vault), etcd]}))
        done = playbooks.play(book, "-e", f"@{variables}")
        assert done.code == 0, done.output
        spare.run(f"cd {FOLDER} && openssl verify -CAfile etcd/ca.crt etcd/peer.crt apiserver-etcd-client.crt")
        client = f"awk '/client-certificate-data/ {{print $2}}' {FOLDER}/team.conf | base64 -d"
        assert spare.run(f"{client} | openssl x509 -noout -subject").strip() == "subject=O = team, CN = jane"
        assert spare.run(f"find {FOLDER} -name ca.key") == ""

        again = playbooks.play(book)
        assert again.changed == {spare.name: 0}, again.output
    finally:
        spare.run(f"rm -rf {FOLDER}")
