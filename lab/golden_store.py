"""How a case of the golden matrix is stored: tests/parity/golden/MINOR/CASE, read back with `read(minor, case)`.

verdict.json        {"refused": bool, "sentence": kubeadm's error}; nothing else is there when it refused
files.json          path: type, mode, owner, group, link target; as on a host, never of a dry-run folder
certificates.json   path, or path#field in a kubeconfig: field by field
keys.json           path: which kind of PEM
etc/… var/… srv/…   the texts themselves, credentials masked
objects.yaml        the API objects in the order in which they were sent, masked
patches.json        the PATCHes of nodes; not where a case's endpoint is on no host
requests.json       certificate signing requests, field by field
output.txt          what a command printed, where that is its result

What equals the `plain` case of the same minor is not stored again: in the JSON files an entry is the word "plain", a text
is listed in same_as_plain.json, and an object is one line, `same_as_plain: kind.namespace.name`. `read` resolves all that.

Masked are tokens, credentials in kubeconfigs, secrets' data, signatures and hashes of generated CAs. Of a leaf certificate the
times are not stored that depend on how long kubeadm had been running (see `without_run_time`). The members in etcd's
--initial-cluster are in the order of their names (see `with_members_in_order`).
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import golden_cases

FOLDER = Path(__file__).parent.parent / "tests" / "parity" / "golden"
PLAIN = golden_cases.PLAIN
PARTS = ("files", "certificates", "keys", "requests")


@dataclass
class Golden:
    """What kubeadm did in a case."""

    #: kubeadm's sentence where it refused
    refused: str = ""
    files: dict[str, Any] = field(default_factory=dict)
    certificates: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    requests: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    objects: list[dict[str, Any]] = field(default_factory=list)
    #: of API objects, which for kubeadm are nodes: path and body
    patches: list[dict[str, Any]] = field(default_factory=list)
    output: str = ""


def read(minor: str, case: str, root: Path = FOLDER) -> Golden:
    """A stored case, whole: nothing in it refers to the plain one any more."""
    folder = root / minor / case
    plain = Golden() if case == PLAIN else read(minor, PLAIN, root)
    verdict = json.loads((folder / "verdict.json").read_text())
    found = Golden(refused=verdict.get("sentence", ""))
    for part in PARTS:
        theirs = getattr(plain, part)
        values = {key: theirs[key] if each == PLAIN else each for key, each in _json(folder / f"{part}.json").items()}
        setattr(found, part, values)
    same = _json(folder / "same_as_plain.json", [])
    stored = {f"/{path.relative_to(folder)}": path for path in folder.rglob("*") if path.is_file()}
    theirs = {path: file.read_text() for path, file in stored.items() if path.count("/") > 1}
    found.patches = _json(folder / "patches.json", [])
    found.texts = dict(sorted({**{path: plain.texts[path] for path in same}, **theirs}.items()))
    if (folder / "objects.yaml").is_file():
        known = {object_name(each): each for each in plain.objects}
        documents = yaml.safe_load_all((folder / "objects.yaml").read_text())
        found.objects = [known[each["same_as_plain"]] if "same_as_plain" in each else each for each in documents]
    if (folder / "output.txt").is_file():
        found.output = (folder / "output.txt").read_text()
    return found


def write(minor: str, case: str, golden: Golden, root: Path = FOLDER) -> None:
    """Stores a case in place of what was there; the plain one must have been stored before."""
    folder = root / minor / case
    plain = Golden() if case == PLAIN else read(minor, PLAIN, root)
    shutil.rmtree(folder, ignore_errors=True)
    verdict = {"refused": True, "sentence": golden.refused} if golden.refused else {"refused": False}
    _write_json(folder / "verdict.json", verdict)
    for part in PARTS:
        theirs = getattr(plain, part)
        values = {key: PLAIN if theirs.get(key) == each else each for key, each in getattr(golden, part).items()}
        if values:
            _write_json(folder / f"{part}.json", values)
    same = sorted(path for path, text in golden.texts.items() if plain.texts.get(path) == text)
    if same:
        _write_json(folder / "same_as_plain.json", same)
    for path in golden.texts.keys() - set(same):
        write_text(folder / path.lstrip("/"), golden.texts[path])
    if golden.objects:
        known = {object_name(each): each for each in plain.objects}
        shown = [_reference(each, known) or each for each in golden.objects]
        write_text(folder / "objects.yaml", "---\n".join(dump(each) for each in shown))
    if golden.patches:
        _write_json(folder / "patches.json", golden.patches)
    if golden.output:
        write_text(folder / "output.txt", golden.output)


def without_run_time(certificates: dict[str, Any]) -> dict[str, Any]:
    """A leaf begins with its CA and ends its validity after kubeadm made it: what lies between is not kubeadm's to the second.

    Stored of its times are that it begins with its signer, and how many minutes after it was made it ends.
    """
    for each in certificates.values():
        for cert in each.get("chain", []):
            if cert.get("not_before_is_that_of_the_signer") and cert["subject"] != cert["issuer"]:
                cert.pop("not_before_to_not_after_seconds", None)
                cert.pop("not_before_to_made_minutes", None)
    return certificates


def with_members_in_order(text: str) -> str:
    """kubeadm takes etcd's own order of members, which is that of random numbers."""
    return re.sub(r"(?<=--initial-cluster=)\S+", lambda found: ",".join(sorted(found[0].split(","))), text)


def object_name(item: dict[str, Any]) -> str:
    """kind.namespace.name, lower case, fit for a file's name."""
    metadata = item["metadata"]
    parts = [item["kind"].lower(), metadata.get("namespace", ""), metadata["name"].replace(":", "_")]
    return ".".join(part for part in parts if part)


def _reference(item: dict[str, Any], known: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    name = object_name(item)
    return {"same_as_plain": name} if known.get(name) == item else None


def _json(path: Path, otherwise: Any = None) -> Any:
    return json.loads(path.read_text()) if path.is_file() else ({} if otherwise is None else otherwise)


def _write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=1) + "\n")


def dump(item: dict[str, Any]) -> str:
    return yaml.dump(item, Dumper=_Readable, sort_keys=True, width=1000)


class _Readable(yaml.SafeDumper):
    """Texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Readable.add_representer(str, _text)


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
