# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe certificates and kubeconfigs by what ``openssl`` says of them, without keys, serials and dates.

The recorded descriptions in ``kubeadm/`` come from real kubeadm. To record one again, with the configuration of ``conftest.py``::

    kubeadm init phase certs all --config config.yaml
    kubeadm init phase kubeconfig all --config config.yaml --kubeconfig-dir /tmp/kubeconfigs
    python describe.py /tmp/pki /tmp/kubeconfigs > kubeadm/rsa.json

``kubeadm/requests.json`` comes from ``kubeadm certs generate-csr`` with key type ECDSA-P256::

    kubeadm certs generate-csr --config config.yaml --cert-dir /tmp/etc/pki --kubeconfig-dir /tmp/etc
    python describe.py --requests /tmp/etc > kubeadm/requests.json
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

_HEX = re.compile(r"^ +[0-9A-Fa-f:]+:?$")


def openssl(*arguments: str, stdin: bytes = b"") -> str:
    ran = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def tree(pki: Path, kubeconfigs: Path | None = None) -> dict[str, Any]:
    """Every file of a PKI tree and, where given, of a directory of kubeconfigs."""
    described: dict[str, Any] = {}
    for path in sorted(item for item in pki.rglob("*") if item.is_file()):
        described[str(path.relative_to(pki))] = _file(path)
    for path in sorted(kubeconfigs.glob("*.conf")) if kubeconfigs else []:
        described[path.name] = _kubeconfig(path, (pki / "ca.crt").read_bytes())
    return described


def requests(directory: Path) -> dict[str, Any]:
    """Every request below a directory like /etc/kubernetes, and the keys and kubeconfigs that wait beside them."""
    described: dict[str, Any] = {}
    for path in sorted(item for item in directory.rglob("*") if item.suffix in (".csr", ".key", ".conf")):
        found: dict[str, Any] = {"mode": f"{stat.S_IMODE(path.stat().st_mode):04o}"}
        if path.suffix == ".conf":
            found["layout"] = re.sub(r"-data: \S+", "-data: X", path.read_text()).splitlines()
        else:
            found["blocks"] = _blocks(path.read_bytes())
        if path.suffix == ".csr":
            found.update(request(path.read_bytes()))
        described[str(path.relative_to(directory))] = found
    return described


def request(pem: bytes) -> dict[str, Any]:
    """A request field by field, as openssl prints it, without its key."""
    lines = openssl("req", "-noout", "-text", "-verify", "-nameopt", "RFC2253", stdin=pem).splitlines()
    structure = openssl("asn1parse", stdin=pem)
    return {
        "text": [line.strip() for line in lines if not _HEX.match(line)],
        "strings": re.findall(r"prim: (PRINTABLESTRING|UTF8STRING)", structure),
    }


def certificate(pem: bytes) -> dict[str, Any]:
    """A certificate field by field, as openssl prints it."""
    shown = openssl("x509", "-noout", "-text", "-serial", "-nameopt", "RFC2253", stdin=pem)
    lines = re.sub(r"^serial=.*\n", "", shown, flags=re.MULTILINE).splitlines()
    serial = int(re.search(r"^serial=([0-9A-F]+)$", shown, flags=re.MULTILINE).group(1), 16)
    start, end = _dates(shown)
    text = "\n".join(line.rstrip() for line in lines if not _HEX.match(line))
    text = re.sub(r"Serial Number:.*?\n", "Serial Number\n", text, flags=re.DOTALL)
    text = re.sub(r"(Not (?:Before|After ?)) ?: .*", r"\1", text)
    structure = openssl("asn1parse", stdin=pem)
    return {
        "text": [line.strip() for line in text.splitlines()],
        "strings": re.findall(r"prim: (PRINTABLESTRING|UTF8STRING|UTCTIME|GENERALIZEDTIME)", structure),
        "seconds": int((end - start).total_seconds()),
        "serial": 1 <= serial < 2**63 - 1,
        "key_identifier": _key_identifier(pem, shown),
    }


def dates(pem: bytes) -> tuple[datetime, datetime]:
    return _dates(openssl("x509", "-noout", "-text", stdin=pem))


def _dates(shown: str) -> tuple[datetime, datetime]:
    found = re.findall(r"Not (?:Before|After ?) ?: (.*)", shown)
    start, end = (datetime.strptime(item, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=timezone.utc) for item in found)
    return start, end


def _key_identifier(pem: bytes, shown: str) -> str:
    """By which rule the subject key identifier follows from the key."""
    found = re.search(r"Subject Key Identifier: *\n +([0-9A-F:]{59})$", shown, flags=re.MULTILINE)
    if found is None:
        return "none"
    public = openssl("x509", "-noout", "-pubkey", stdin=pem).encode()
    der = base64.b64decode(b"".join(public.splitlines()[1:-1]))
    offset = re.search(
        r"^ *(\d+):d=\d+ +hl=(\d) l= *\d+ prim: BIT STRING", openssl("asn1parse", stdin=public), re.MULTILINE
    )
    bits = der[int(offset.group(1)) + int(offset.group(2)) + 1 :]
    known = {hashlib.sha1(bits).hexdigest(): "sha1", hashlib.sha256(bits).hexdigest()[:40]: "sha256/160"}
    return known.get(found.group(1).replace(":", "").lower(), "unknown")


def _file(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    described: dict[str, Any] = {"mode": f"{stat.S_IMODE(path.stat().st_mode):04o}", "blocks": _blocks(data)}
    if path.suffix == ".crt":
        described.update(certificate(data))
    if path.suffix == ".key":
        # the words after the key are those of the algorithm alone
        shown = openssl("pkey", "-noout", "-text", stdin=data)
        described["text"] = [
            line.strip() for line in shown.splitlines() if line.startswith(("Private", "RSA", "ASN1", "NIST"))
        ]
    return described


def _kubeconfig(path: Path, ca: bytes) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text())
    user = loaded["users"][0]["user"]
    client = base64.b64decode(user["client-certificate-data"])
    described = certificate(client)
    # its end depends on the moment of the run, its start is that of the authority
    described.pop("seconds")
    return {
        "mode": f"{stat.S_IMODE(path.stat().st_mode):04o}",
        "layout": re.sub(r"-data: \S+", "-data: X", path.read_text()).splitlines(),
        "authority": base64.b64decode(loaded["clusters"][0]["cluster"]["certificate-authority-data"]) == ca,
        "dated_like_authority": dates(client)[0] == dates(ca)[0],
        "key": _blocks(base64.b64decode(user["client-key-data"])),
        "certificate": described,
    }


def _blocks(data: bytes) -> list[str]:
    return re.findall(r"-----BEGIN ([A-Z ]+)-----", data.decode())


if __name__ == "__main__":
    shown = requests(Path(sys.argv[2])) if sys.argv[1] == "--requests" else tree(Path(sys.argv[1]), Path(sys.argv[2]))
    json.dump(shown, sys.stdout, indent=1, sort_keys=True)
    print()
