from __future__ import annotations

import hashlib
import http.server
import json
import threading

import pytest

from lab import builds, checksums, cluster, gomod, oci, pins, store, upstream


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEPHASE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_interrupted_build_is_never_taken_for_a_finished_one(cache):
    def dies(into):
        (into / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.ensure("thing-1", "thing", dies)
    assert not store.entry("thing-1").exists()
    assert list((cache / "tmp").iterdir()) == []
    at = store.ensure("thing-1", "thing", lambda into: (into / "whole").write_text("x"))
    assert [file.name for file in at.iterdir()] == ["whole"]
    store.ensure("thing-1", "thing", dies)


def test_a_build_that_lost_a_race_uses_the_winners(cache):
    def slow(into):
        (into / "mine").touch()
        store.entry("thing-1").mkdir()
        (store.entry("thing-1") / "theirs").touch()

    at = store.ensure("thing-1", "thing", slow)
    assert [file.name for file in at.iterdir()] == ["theirs"]


def test_checksum_files_have_upstreams_form(tmp_path):
    file = tmp_path / "runc.amd64"
    file.write_bytes(b"runc\n")
    digest = hashlib.sha256(b"runc\n").hexdigest()
    assert checksums.bare(file) == digest
    assert checksums.line(file) == f"{digest}  runc.amd64\n"


def test_checksum_is_found_in_every_form_of_file():
    one, two = "a" * 64, "b" * 64
    assert checksums.find(one, "kubelet") == one
    assert checksums.find(f"{one}  x.tgz\n{two}  runc.amd64\n", "runc.amd64") == two
    signed = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{two} *runc.amd64\n-----BEGIN PGP SIGNATURE-----\n"
    assert checksums.find(signed, "runc.amd64") == two
    with pytest.raises(ValueError, match=r"runc\.arm64"):
        checksums.find(signed, "runc.arm64")


def test_go_mod_replaces_every_staging_module_and_keeps_the_tools():
    theirs = {"Require": [{"Path": "k8s.io/api", "Version": "v0.0.0"}, {"Path": "k8s.io/klog/v2", "Version": "v2.1.0"}]}
    replace = gomod.staging_replacements(theirs, "1.36.3")
    assert replace == {"k8s.io/api": "v0.36.3"}
    build = builds.kubernetes("1.36.3")
    text = gomod.render(
        build.module, "v1.36.3", "1.26.0", list(build.commands.values()), replace=replace, godebug={"default": "go1.26"}
    )
    lines = [line.strip() for line in text.splitlines()]
    assert "k8s.io/api => k8s.io/api v0.36.3" in lines
    assert "godebug default=go1.26" in lines
    assert "require k8s.io/kubernetes v1.36.3" in lines
    assert "k8s.io/kubernetes/cmd/kube-proxy" in lines
    assert text.count("(") == text.count(")") == 2


def test_version_stamps_are_those_kubeadm_takes_its_defaults_from():
    stamps = builds.kubernetes("1.34.4").stamps
    assert stamps["k8s.io/component-base/version.gitVersion"] == "v1.34.4"
    assert stamps["k8s.io/component-base/version.gitMinor"] == "34"


def test_etcd_of_an_image_is_the_one_its_tag_names():
    assert pins.release("1.37").etcd_version == "3.7.0"


def test_kubeconfig_points_at_the_host():
    text = "apiVersion: v1\nclusters:\n- cluster:\n    server: https://cluster.example:7443\n  name: x\n"
    assert "    server: https://172.30.0.101:7443\n" in cluster.reachable(text, "172.30.0.101")


class _Registry(http.server.BaseHTTPRequestHandler):
    """The part of the registry protocol a push needs; holds the digests to their bytes."""

    blobs: dict[str, bytes] = {}
    manifests: dict[str, bytes] = {}

    def log_message(self, *_args):
        pass

    def _answer(self, code, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_HEAD(self):
        self._answer(200 if self.path.rpartition("/")[2] in self.blobs else 404)

    def do_POST(self):
        self._body()
        self._answer(202, Location=f"http://{self.headers['Host']}/upload?state=1")

    def do_PUT(self):
        body = self._body()
        if "/manifests/" in self.path:
            self.manifests[self.path] = body
        else:
            self.blobs[self.path.partition("digest=")[2]] = body
        self._answer(201)


def test_an_image_is_pushed_whole_and_always_the_same(tmp_path):
    binary = tmp_path / "pause"
    binary.write_bytes(b"\x7fELF")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    registry = f"http://127.0.0.1:{server.server_port}"
    try:
        digests = set()
        for name in ("one.tar", "two.tar"):
            layer = oci.layer(tmp_path / name, {"pause": binary}, links={"p": "pause"}, folders=["tmp"])
            digests.add(oci.push(oci.Image("pause", "3.10", (layer,), ("/pause",)), registry))
    finally:
        server.shutdown()
        server.server_close()
    manifest = json.loads(_Registry.manifests["/v2/pause/manifests/3.10"])
    assert len(digests) == 1
    for part in (manifest["config"], *manifest["layers"]):
        blob = _Registry.blobs[part["digest"]]
        assert part["size"] == len(blob)
        assert part["digest"] == f"sha256:{hashlib.sha256(blob).hexdigest()}"


def test_a_download_with_another_checksum_is_refused(tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (served / "kubelet").write_bytes(b"real")
    (served / "kubelet.sha256").write_text("0" * 64)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(served))

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(SystemExit, match="published is 0000"):
            upstream.fetch(f"{base}/kubelet", tmp_path / "kubelet", f"{base}/kubelet.sha256")
        (served / "kubelet.sha256").write_text(checksums.bare(served / "kubelet"))
        upstream.fetch(f"{base}/kubelet", tmp_path / "kubelet", f"{base}/kubelet.sha256")
        assert upstream.offers(f"{base}/anything")
        server.shutdown()
    assert (tmp_path / "kubelet").read_bytes() == b"real"
