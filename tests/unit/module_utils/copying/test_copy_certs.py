# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the other control planes, what is seen of it on the way, and what is refused."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _certificate
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

SHARED = [
    "ca.crt",
    "ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "sa.key",
    "sa.pub",
]
SINGLE = ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt", "sa.key", "sa.pub"]


def modes(host: Any) -> dict[str, int]:
    return {
        str(path.relative_to(host.pki)): path.stat().st_mode & 0o777 for path in host.pki.rglob("*") if path.is_file()
    }


def refused(action: Any, *hosts: Any) -> str:
    """The error's text. Nothing may have been written."""
    before = [host.files() for host in hosts]
    with pytest.raises(KubephaseError) as caught:
        action()
    assert [host.files() for host in hosts] == before
    assert "PRIVATE" not in str(caught.value)
    return str(caught.value)


def test_files_and_modes(holder: Any, control_plane: Any, copied: Any) -> None:
    receivers = [control_plane("cp2"), control_plane("cp3")]
    results = copied(holder, *receivers)
    for receiver, result in zip(receivers, results):
        assert sorted(receiver.files()) == SHARED
        assert receiver.files() == {name: holder.files()[name] for name in SHARED}
        assert {name for name, mode in modes(receiver).items() if mode == 0o600} == {
            n for n in SHARED if n.endswith(".key")
        }
        assert {mode for name, mode in modes(receiver).items() if not name.endswith(".key")} == {0o644}
        assert result["changed"]
        assert sorted(result["installed"]) == [f"{receiver.pki}/{name}" for name in SHARED]
        assert not receiver.one_time_key.exists()


def test_what_travelled_is_told(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    travelled = copied(holder, receiver)[0]["travelled"]
    assert {each["file"]: each["how"] for each in travelled} == {
        f"{receiver.pki}/{name}": "sealed" if name.endswith(".key") else "plain (public)" for name in SHARED
    }
    assert {(each["from"], each["to"]) for each in travelled} == {("cp1", "cp2")}


def test_controller_sees_no_key(holder: Any, control_plane: Any) -> None:
    receiver = control_plane("cp2")
    asked = receiver.request()
    assert oct(receiver.one_time_key.stat().st_mode & 0o777) == "0o600"
    one_time = receiver.one_time_key.read_bytes()
    answered = holder.seal(asked)
    seen = json.dumps([asked, answered, receiver.install(answered["parcels"]["cp2"])])
    decoded = "".join(
        base64.b64decode(part).decode("latin-1") for part in answered["parcels"]["cp2"]["plain"].values()
    ) + base64.b64decode(answered["parcels"]["cp2"]["sealed"]).decode("latin-1")
    for name in SHARED:
        if not name.endswith(".key"):
            continue
        # the first line of the key has its secret number, what follows is public
        line = holder.files()[name].decode().splitlines()[1]
        assert line not in seen + decoded
        assert base64.b64encode(line.encode()).decode().rstrip("=") not in seen + decoded
        assert base64.b64decode(line)[7:39].decode("latin-1") not in decoded
    assert "PRIVATE KEY" not in seen + decoded
    assert base64.b64encode(one_time).decode() not in seen and one_time.hex() not in seen


def test_single_leaves_the_keys_of_authorities(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2", authority_keys="single")
    holder.lay_out(authority_keys="single")
    copied(holder, receiver)
    assert sorted(receiver.files()) == SINGLE


def test_holder_decides_what_leaves_it(holder: Any, control_plane: Any) -> None:
    """A receiver that asks for more than its share does not get it."""
    receiver = control_plane("cp2")
    holder.lay_out(authority_keys="single")
    names = holder.seal(receiver.request())["parcels"]["cp2"]["names"]
    assert "sa.key" in names and not {"ca.key", "etcd-ca.key", "front-proxy-ca.key"} & set(names)


def test_key_of_an_authority_where_it_should_not_be(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    copied(holder, receiver)
    assert receiver.request()["warnings"] == []
    receiver.lay_out(authority_keys="single")
    assert f"{receiver.pki}/etcd/ca.key" in receiver.request()["warnings"][0]


def test_second_run_changes_nothing(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    copied(holder, receiver)
    before = {path: path.stat().st_mtime_ns for path in receiver.pki.rglob("*")}
    asked = receiver.request()
    assert not asked["changed"] and asked["request"]["wanted"] == [] and asked["request"]["public_key"] == ""
    assert not receiver.one_time_key.exists()
    assert holder.seal(asked)["parcels"]["cp2"]["names"] == []
    assert not copied(holder, receiver)[0]["changed"]
    assert before == {path: path.stat().st_mtime_ns for path in receiver.pki.rglob("*")}


@pytest.mark.parametrize("lost", SHARED)
def test_a_run_that_died_is_finished(holder: Any, control_plane: Any, copied: Any, lost: str) -> None:
    receiver = control_plane("cp2")
    copied(holder, receiver)
    (receiver.pki / lost).unlink()
    assert copied(holder, receiver)[0]["installed"] == [f"{receiver.pki}/{lost}"]
    assert receiver.files()[lost] == holder.files()[lost]


def test_run_that_died_before_anything_was_written(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    first = receiver.request()["request"]["public_key"]
    assert receiver.request()["request"]["public_key"] != first
    assert sorted(copied(holder, receiver)[0]["installed"]) == [f"{receiver.pki}/{name}" for name in SHARED]


def test_check_mode_before_anything_is_there(control_plane: Any, copied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_certificate, "library_is_there", lambda: False)
    holder, receiver = control_plane("cp1"), control_plane("cp2")
    result = copied(holder, receiver, check_mode=True)[0]
    assert result["changed"]
    assert sorted(result["installed"]) == [f"{receiver.pki}/{name}" for name in SHARED]
    assert list(receiver.root.iterdir()) == [] and list(holder.root.iterdir()) == []


def test_check_mode_says_what_would_travel(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    copied(holder, receiver)
    (receiver.pki / "sa.key").unlink()
    before = receiver.files()
    result = copied(holder, receiver, check_mode=True)[0]
    assert result["installed"] == [f"{receiver.pki}/sa.key"]
    assert receiver.files() == before and not receiver.one_time_key.exists()


@pytest.mark.parametrize("check_mode", [False, True])
def test_external_authority_has_no_key_to_copy(holder: Any, control_plane: Any, copied: Any, check_mode: bool) -> None:
    for name in ("ca.key", "etcd/ca.key"):
        (holder.pki / name).unlink()
    receiver = control_plane("cp2")
    result = copied(holder, receiver, check_mode=check_mode)[0]
    assert sorted(result["installed"]) == [f"{receiver.pki}/{n}" for n in SHARED if n not in ("ca.key", "etcd/ca.key")]
    if not check_mode:
        assert not copied(holder, receiver)[0]["changed"]
        assert not copied(holder, receiver, check_mode=True)[0]["changed"]


def test_holder_without_the_files(holder: Any, control_plane: Any) -> None:
    (holder.pki / "sa.key").unlink()
    receiver = control_plane("cp2")
    asked = receiver.request()
    text = refused(lambda: holder.seal(asked), holder, receiver)
    assert f"cp1: {holder.pki}/sa.key: it is missing, and cp2 needs it" in text


@pytest.mark.parametrize("check_mode", [False, True])
def test_files_of_another_cluster(holder: Any, control_plane: Any, check_mode: bool) -> None:
    """Where nothing is missing too. All of them are named, with both fingerprints."""
    receiver, good = control_plane("cp2"), control_plane("cp3")
    receiver.make_pki()
    requests = [receiver.request(check_mode), good.request(check_mode)]
    assert requests[0]["request"]["wanted"] == []
    text = refused(lambda: holder.seal(*requests, check_mode=check_mode), holder, receiver)
    for name in SHARED:
        # the directory is that of all hosts, which is told from the one that looks
        assert f"cp2: {holder.pki}/{name}: its" in text
    prints = [
        subprocess.run(
            ["openssl", "x509", "-in", str(host.pki / "ca.crt"), "-noout", "-fingerprint", "-sha256"],
            check=True, capture_output=True, text=True,
        ).stdout.strip().partition("=")[2].replace(":", "").lower()
        for host in (receiver, holder)
    ]  # fmt: skip
    assert f"its certificate (SHA-256 {prints[0]}) is not that of cp1 ({prints[1]})" in text
    assert "cp3" not in text


def test_foreign_key_is_found_where_the_holder_has_none(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver, stranger = control_plane("cp2"), control_plane("stranger")
    stranger.make_pki()
    copied(holder, receiver)
    (holder.pki / "ca.key").unlink()
    (receiver.pki / "ca.key").write_bytes(stranger.files()["ca.key"])
    asked = receiver.request()
    assert f"cp2: {holder.pki}/ca.key: its public key" in refused(lambda: holder.seal(asked), receiver)


@pytest.mark.parametrize("name", SHARED)
def test_damaged_file(holder: Any, control_plane: Any, copied: Any, name: str) -> None:
    receiver = control_plane("cp2")
    copied(holder, receiver)
    (receiver.pki / name).write_bytes(receiver.files()[name][:60])
    assert f"{receiver.pki}/{name}: " in refused(receiver.request, receiver)


def test_holder_whose_files_do_not_belong_together(holder: Any, control_plane: Any) -> None:
    stranger, receiver = control_plane("stranger"), control_plane("cp2")
    stranger.make_pki()
    (holder.pki / "sa.key").write_bytes(stranger.files()["sa.key"])
    asked = receiver.request()
    assert f"{holder.pki}/sa.key: it is not the key of {holder.pki}/sa.pub" in refused(
        lambda: holder.seal(asked), holder
    )


def test_file_that_appears_meanwhile(holder: Any, control_plane: Any) -> None:
    stranger, receiver = control_plane("stranger"), control_plane("cp2")
    stranger.make_pki()
    parcel = holder.seal(receiver.request())["parcels"]["cp2"]
    receiver.pki.mkdir()
    (receiver.pki / "ca.crt").write_bytes(stranger.files()["ca.crt"])
    text = refused(lambda: receiver.install(parcel), receiver)
    assert f"{receiver.pki}/ca.crt: it was written meanwhile, and differs from that of cp1" in text


def test_parcels_are_not_exchanged(holder: Any, control_plane: Any) -> None:
    second, third = control_plane("cp2"), control_plane("cp3")
    parcels = holder.seal(second.request(), third.request())["parcels"]
    assert "they are for another host (got 'cp3')" in refused(lambda: second.install(parcels["cp3"]), second)
    forged = {**parcels["cp3"], "receiver": "cp2"}
    assert "sealed for another key, or changed on its way" in refused(lambda: second.install(forged), second)


@pytest.mark.parametrize("change", ["plain", "names", "sender"])
def test_what_goes_with_it_is_bound(holder: Any, control_plane: Any, change: str) -> None:
    stranger, receiver = control_plane("stranger"), control_plane("cp2")
    stranger.make_pki()
    parcel = holder.seal(receiver.request())["parcels"]["cp2"]
    parcel[change] = {
        "plain": {**parcel["plain"], "ca.crt": base64.b64encode(stranger.files()["ca.crt"]).decode()},
        "names": [name for name in parcel["names"] if name != "ca.key"],
        "sender": "cp9",
    }[change]
    assert "sealed for another key, or changed on its way" in refused(lambda: receiver.install(parcel), receiver)


def test_one_time_key_that_is_gone(holder: Any, control_plane: Any) -> None:
    receiver = control_plane("cp2")
    parcel = holder.seal(receiver.request())["parcels"]["cp2"]
    receiver.one_time_key.unlink()
    assert "the one-time key that the files were sealed for is gone" in refused(
        lambda: receiver.install(parcel), receiver
    )


def test_one_time_key_serves_once(holder: Any, control_plane: Any) -> None:
    receiver = control_plane("cp2")
    parcel = holder.seal(receiver.request())["parcels"]["cp2"]
    receiver.install(parcel)
    (receiver.pki / "sa.key").unlink()
    assert "is gone" in refused(lambda: receiver.install(parcel), receiver)


def test_files_of_an_external_etcd(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    made = {"caFile": "etcd/ca.crt", "certFile": "apiserver-etcd-client.crt", "keyFile": "apiserver-etcd-client.key"}
    for host in (holder, receiver):
        host.lay_out(external_etcd={field: str(host.pki / name) for field, name in made.items()})
    copied(holder, receiver)
    found = receiver.files()
    assert sorted(found) == sorted({*SHARED, *made.values()} - {"etcd/ca.key"})
    assert found["apiserver-etcd-client.key"] == holder.files()["apiserver-etcd-client.key"]
    assert modes(receiver)["apiserver-etcd-client.key"] == 0o600
    # a host may have a client certificate of its own
    stranger = control_plane("stranger")
    stranger.make_pki()
    for name in ("apiserver-etcd-client.crt", "apiserver-etcd-client.key"):
        (receiver.pki / name).write_bytes(stranger.files()[name])
    assert not copied(holder, receiver)[0]["changed"]


def test_external_etcd_without_tls_or_left_out(holder: Any, control_plane: Any) -> None:
    receiver = control_plane("cp2", external_etcd={"endpoints": ["http://192.0.2.1:2379"]})
    assert not [name for name in receiver.request(True)["request"]["wanted"] if "etcd" in name]
    files = {"caFile": "/e/ca.crt", "certFile": "/e/a.crt", "keyFile": "/e/a.key"}
    receiver.lay_out(external_etcd=files, left_out=["external-etcd.crt", "external-etcd.key"])
    assert [name for name in receiver.request(True)["request"]["wanted"] if "etcd" in name] == ["external-etcd-ca.crt"]


def test_diff_shows_public_facts(holder: Any, control_plane: Any, copied: Any) -> None:
    receiver = control_plane("cp2")
    diff = {each["after_header"]: each["after"] for each in copied(holder, receiver)[0]["diff"]}
    text = diff[f"{receiver.pki}/ca.key"]
    assert text.startswith("copied from: cp1\nsha256: ") and len(text) == len("copied from: cp1\nsha256: ") + 65
