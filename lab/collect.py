"""What kubeadm (or anything else) left on a host, as JSON without any key material.

Runs on the host itself, as root, from standard input: `sudo python3 - DIRECTORY…`. Needs cryptography 3.4.8 or newer.
Private keys are not read further than their first line; credentials in kubeconfigs are replaced by MASKED.
"""

from __future__ import annotations

import base64
import calendar
import grp
import hashlib
import json
import math
import pwd
import re
import stat
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID, NameOID

TEXT = re.compile(r"\.(yaml|conf|env)$")
CREDENTIAL = re.compile(
    r"^(\s+)(certificate-authority-data|client-certificate-data|client-key-data|token): .*$", re.MULTILINE
)
EMBEDDED = re.compile(r"^\s+(certificate-authority-data|client-certificate-data|client-key-data): (\S+)$", re.MULTILINE)
#: what the kubelet keeps for itself while it runs
NOT_KUBEADMS = re.compile(
    r"/var/lib/kubelet/(?!pki(/|$)|[^/]*\.(yaml|env)$)|/etc/kubernetes/tmp(/|$)|/kubelet-client-\d|/pki/kubelet\.(crt|key)$|/var/lib/etcd/"
)


def main(directories: list[str]) -> None:
    files: dict[str, Any] = {}
    texts: dict[str, str] = {}
    certificates: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    requests: dict[str, Any] = {}
    for directory in directories:
        top = Path(directory)
        for path in [top, *sorted(top.rglob("*"))]:
            if NOT_KUBEADMS.search(str(path)) or not path.exists():
                continue
            files[str(path)] = entry(path)
            if not path.is_file():
                continue
            if TEXT.search(path.name):
                text = path.read_text()
                texts[str(path)] = CREDENTIAL.sub(r"\1\2: MASKED", text)
                for name, data in EMBEDDED.findall(text):
                    described(f"{path}#{name}", base64.b64decode(data), path, certificates, keys)
            elif path.suffix == ".csr":
                requests[str(path)] = request(path.read_bytes())
            elif path.suffix in (".crt", ".key", ".pub", ".pem"):
                described(str(path), path.read_bytes(), path, certificates, keys)
    relations(certificates)
    found = {"files": files, "texts": texts, "certificates": certificates, "keys": keys, "requests": requests}
    json.dump(found, sys.stdout)


def entry(path: Path) -> dict[str, Any]:
    found = path.lstat()
    described = {
        "type": "link" if path.is_symlink() else "directory" if path.is_dir() else "file",
        "mode": oct(stat.S_IMODE(found.st_mode))[2:],
        "owner": pwd.getpwuid(found.st_uid).pw_name,
        "group": grp.getgrgid(found.st_gid).gr_name,
    }
    if path.is_symlink():
        described["target"] = re.sub(r"\d{4}(-\d\d){5}", "TIME", str(path.readlink()))
    return described


def described(name: str, data: bytes, path: Path, certificates: dict[str, Any], keys: dict[str, Any]) -> None:
    """Adds what a PEM file holds: certificates field by field, keys by kind only."""
    types = [found.decode() for found in re.findall(rb"-----BEGIN ([A-Z ]+)-----", data)]
    for kind in types:
        if kind == "PUBLIC KEY":
            keys[name] = {"pem_type": kind, **key(serialization.load_pem_public_key(data))}
        elif kind.endswith("PRIVATE KEY"):
            keys[name] = {"pem_type": kind}
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", data, re.DOTALL)
    if blocks:
        chain = [certificate(x509.load_pem_x509_certificate(block), path.stat().st_mtime) for block in blocks]
        certificates[name] = {"pem_types": types, "chain": chain}


def request(data: bytes) -> dict[str, Any]:
    """A certificate signing request."""
    found = x509.load_pem_x509_csr(data)
    types = [kind.decode() for kind in re.findall(rb"-----BEGIN ([A-Z ]+)-----", data)]
    return {
        "pem_types": types,
        "subject": name(found.subject),
        "signature_algorithm": found.signature_algorithm_oid._name,
        "key": key(found.public_key()),
        "extensions": extensions(found),
    }


def extensions(holder: Any) -> dict[str, Any]:
    found = {}
    for extension in holder.extensions:
        shown = EXTENSIONS.get(extension.oid, lambda value, _cert: value.public_bytes().hex())(extension.value, holder)
        found[extension.oid._name] = {"critical": extension.critical, "value": shown}
    return found


def certificate(cert: x509.Certificate, made: float) -> dict[str, Any]:
    not_before = cert.not_valid_before.replace(tzinfo=None)
    not_after = cert.not_valid_after.replace(tzinfo=None)
    return {
        "version": cert.version.name,
        "subject": name(cert.subject),
        "issuer": name(cert.issuer),
        "signature_algorithm": cert.signature_algorithm_oid._name,
        "key": key(cert.public_key()),
        "serial_bytes_at_most": 8 if cert.serial_number.bit_length() <= 64 else 20,
        "extensions": extensions(cert),
        "not_before_to_not_after_seconds": int((not_after - not_before).total_seconds()),
        # kubeadm counts both from its own start, and a busy machine writes the file minutes later
        "made_to_not_after_minutes": 10 * math.ceil((seconds(not_after) - made) / 600),
        "not_before_to_made_minutes": 5 * math.floor((made - seconds(not_before)) / 300),
        # only to relate certificates with each other; removed before this leaves the host
        "_fingerprint": hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).hexdigest(),
        "_spki": hashlib.sha256(spki(cert.public_key())).hexdigest(),
        "_not_before": seconds(not_before),
        "_ski": skid(cert),
        "_aki": akid(cert),
    }


def seconds(moment: Any) -> float:
    return float(calendar.timegm(moment.timetuple()))


def name(subject: x509.Name) -> list[str]:
    short = {NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU"}
    return [f"{short.get(part.oid, part.oid.dotted_string)}={part.value!s}" for part in subject]


def spki(public: Any) -> bytes:
    return bytes(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def key(public: Any) -> dict[str, Any]:
    kind = type(public).__name__.strip("_").replace("PublicKey", "")
    details = {"curve": public.curve.name} if hasattr(public, "curve") else {"bits": getattr(public, "key_size", 0)}
    return {"type": kind.upper() if kind.lower() == "rsa" else "EC" if "curve" in details else kind, **details}


def skid(cert: x509.Certificate) -> str:
    return identifier(cert, ExtensionOID.SUBJECT_KEY_IDENTIFIER, "digest")


def akid(cert: x509.Certificate) -> str:
    return identifier(cert, ExtensionOID.AUTHORITY_KEY_IDENTIFIER, "key_identifier")


def identifier(cert: x509.Certificate, oid: Any, field: str) -> str:
    try:
        return bytes(getattr(cert.extensions.get_extension_for_oid(oid).value, field)).hex()
    except x509.ExtensionNotFound:
        return ""


def ski_method(value: Any, cert: x509.Certificate) -> str:
    """Of which hash of the public key's bits the identifier is made."""
    sha1 = x509.SubjectKeyIdentifier.from_public_key(cert.public_key()).digest
    if value.digest == sha1:
        return "SHA-1 of the public key"
    # the bits of the key are the end of its DER form, whatever its kind; the length of what precedes them is small
    whole = spki(cert.public_key())
    for start in range(16, 40):
        if hashlib.sha256(whole[start:]).digest()[:20] == value.digest:
            return "first 160 bits of SHA-256 of the public key"
    return f"{len(value.digest)} bytes"


def key_usages(value: Any, _cert: x509.Certificate) -> list[str]:
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    return [usage for usage in [*names, "key_cert_sign", "crl_sign"] if getattr(value, usage)]


def alternative_names(value: Any, _cert: x509.Certificate) -> list[str]:
    return [f"{'DNS' if isinstance(each, x509.DNSName) else 'IP'}:{each.value}" for each in value]


def authority(value: Any, _cert: x509.Certificate) -> str:
    return "key identifier" + (" with issuer" if value.authority_cert_issuer else "")


EXTENSIONS: dict[Any, Any] = {
    ExtensionOID.KEY_USAGE: key_usages,
    ExtensionOID.EXTENDED_KEY_USAGE: lambda value, _cert: [each._name for each in value],
    ExtensionOID.BASIC_CONSTRAINTS: lambda value, _cert: {"ca": value.ca, "path_length": value.path_length},
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: alternative_names,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: ski_method,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: authority,
}


def is_authority(leaf: dict[str, Any]) -> bool:
    return bool(leaf["extensions"].get("basicConstraints", {}).get("value", {}).get("ca"))


def relations(certificates: dict[str, Any]) -> None:
    """Which certificate signed which, which are the same, and how their times relate; then the means for that go."""
    leaves = {name: each["chain"][0] for name, each in certificates.items()}
    authorities = {name: each for name, each in leaves.items() if is_authority(each) and "#" not in name}
    for name, each in leaves.items():
        for other, authority in authorities.items():
            if each["_aki"] and each["_aki"] == authority["_ski"]:
                each["signed_by"] = other
                each["not_before_is_that_of_the_signer"] = each["_not_before"] == authority["_not_before"]
            if "#" in name and each["_fingerprint"] == authority["_fingerprint"]:
                certificates[name] = {"same_as": other}
    for each in certificates.values():
        for part in each.get("chain", []):
            for internal in [field for field in part if field.startswith("_")]:
                del part[internal]


if __name__ == "__main__":
    main(sys.argv[1:])
