# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From manifests to a healthy control plane: real processes, real health endpoints on loopback."""

from __future__ import annotations

import http.server
import os
import signal
import ssl
import subprocess
import threading
import time

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _control_plane_wait,
    _kube_yaml,
    _static_pods_running,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._control_plane_wait import Awaited, ensure
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._static_pods_running import processes

BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:cluster-admins"
# a shell that only stays, under the component's name
STAY = ["-c", "sleep 60; :"]


class Unit:
    """Stands for systemd."""

    done: list[str] = []

    def __init__(self, name, check_mode=False):
        self.name = f"{name}.service"

    def ensure(self, *, enabled, state, newer_than):
        assert enabled and state == "started"
        return list(self.done)

    def journal(self):
        return "the kubelet's last words"


class Health:
    """A health endpoint. ``status`` is what it answers, ``asked`` the paths it was asked for."""

    def __init__(self, certificate=None):
        health = self
        self.status, self.asked = 200, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                health.asked.append(self.path)
                self.send_response(health.status)
                self.end_headers()
                self.wfile.write(b"details\nlast line of details\n")

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ControlPlane:
    """A host whose components run as their manifests say."""

    def __init__(self, directory, api, certificate):
        self.directory = directory
        self.certificate = certificate
        self.processes = {}
        self.health = {name: Health(certificate) for name in ("kube-controller-manager", "kube-scheduler")}
        self.health.update(etcd=Health(), kubelet=Health())
        self.flags = {
            "kube-apiserver": [f"--secure-port={api.url.rpartition(':')[2]}", "--advertise-address=127.0.0.1"],
            "etcd": [f"--listen-metrics-urls=http://127.0.0.1:{self.health['etcd'].port}"],
        }
        for name in ("kube-controller-manager", "kube-scheduler"):
            self.flags[name] = ["--bind-address=127.0.0.1", f"--secure-port={self.health[name].port}"]
        (directory / "config.yaml").write_text(f"healthzPort: {self.health['kubelet'].port}\n")
        for name in self.flags:
            self.write(name)
            self.start(name)

    def write(self, name, *more):
        container = {"name": name, "command": [name, *STAY, *self.flags[name], *more]}
        (self.directory / f"{name}.yaml").write_text(
            _kube_yaml.dump({"kind": "Pod", "spec": {"containers": [container]}})
        )

    def start(self, name, *more):
        command = [name, *STAY, *self.flags[name], *more]
        self.processes[name] = subprocess.Popen(command, executable="/bin/sh", start_new_session=True)

    def stop(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def close(self):
        for name in list(self.processes):
            self.stop(name)
        for health in self.health.values():
            health.close()


@pytest.fixture
def host(tmp_path, api, server_certificate, monkeypatch):
    monkeypatch.setattr(_control_plane_wait, "Unit", Unit)
    monkeypatch.setattr(_static_pods_running, "_LOGS", str(tmp_path / "pods"))
    monkeypatch.setattr(Unit, "done", [])
    found = ControlPlane(tmp_path, api, server_certificate)
    yield found
    found.close()


@pytest.fixture
def run(host, admin_conf, api):
    def run(check_mode=False, timeout=0.4, admin=admin_conf, super_admin="/nonexistent/super-admin.conf", **skipped):
        directory = str(host.directory)
        return ensure(
            Awaited(
                manifests=directory, kubelet_config=f"{directory}/config.yaml", admin_conf=admin,
                super_admin_conf=super_admin, server=api.url, advertise_address="192.0.2.1", watch=[],
                kubelet_timeout=timeout, component_timeout=timeout, api_timeout=timeout, **skipped,
            ),
            check_mode,
        )  # fmt: skip

    return run


def test_a_host_without_an_api_server_has_no_administrators(api, host, run):
    result = run(timeout=5, administrators=False)
    assert result["objects"] == [] and BINDING not in api.store
    assert host.health["etcd"].asked == ["/readyz"]


def test_all_healthy_on_the_first_look(api, host, run):
    result = run(timeout=5)
    assert [entry["object"] for entry in result["objects"]] == ["ClusterRoleBinding kubeadm:cluster-admins"]
    assert api.store[BINDING]["subjects"][0]["name"] == "kubeadm:cluster-admins"
    assert {name: health.asked for name, health in host.health.items()} == {
        "kubelet": ["/healthz"],
        "kube-controller-manager": ["/healthz"],
        "kube-scheduler": ["/livez"],
        "etcd": ["/readyz"],
    }
    assert ("GET", "/livez", None) in api.requests and api.subjects == {"kubernetes-admin"}
    assert run(timeout=5) == {"changed": False, "objects": [], "diff": [], "unit": [], "restarted": []}


def test_starting_the_kubelet_is_a_change(run, monkeypatch):
    run(timeout=5)
    monkeypatch.setattr(Unit, "done", ["enabled", "started"])
    result = run(timeout=5)
    assert result["changed"] and result["unit"] == ["enabled", "started"]
    assert [(entry["after_header"], entry["after"]) for entry in result["diff"]] == [
        ("kubelet.service", "enabled\nstarted\n")
    ]


def test_a_kubelet_that_is_not_to_be_started_is_left_as_it_is(run, monkeypatch):
    monkeypatch.setattr(Unit, "done", ["started"])
    assert run(timeout=5, start=False)["unit"] == []


def test_nothing_is_waited_for_where_that_is_skipped(api, host, run):
    host.health["kubelet"].close()
    host.health["etcd"].close()
    result = run(timeout=5, wait=False)
    assert [entry["object"] for entry in result["objects"]] == ["ClusterRoleBinding kubeadm:cluster-admins"]
    assert ("GET", "/livez", None) not in api.requests and result["restarted"] == []


def test_it_goes_on_when_the_last_one_is_healthy(host, run):
    host.health["kube-scheduler"].status = 500
    threading.Timer(0.3, lambda: setattr(host.health["kube-scheduler"], "status", 200)).start()
    started = time.monotonic()
    run(timeout=30)
    assert 0.3 <= time.monotonic() - started < 5
    # the others are not asked again and again
    assert host.health["etcd"].asked == ["/readyz"]


def test_what_is_not_healthy_is_named_with_its_last_answer_and_its_log(host, run):
    host.health["kube-scheduler"].status = 500
    host.health["etcd"].close()
    log = host.directory / "pods/kube-system_kube-scheduler-cp1_uid/kube-scheduler"
    log.mkdir(parents=True)
    (log / "0.log").write_text("2026-01-01T00:00:00Z stderr F line of an earlier life\n")
    (log / "1.log").write_text("".join(f"2026-01-01T00:00:00Z stderr F line {number}\n" for number in range(100)))
    with pytest.raises(KubephaseError) as caught:
        run()
    text = str(caught.value)
    assert text.startswith("not healthy after 0.4 seconds:\n- kube-scheduler: https://127.0.0.1:")
    assert "/livez answers 500: last line of details. Last lines of its log:\nline 88\n" in text
    assert "line 99\n" in text and "line 87" not in text and "earlier life" not in text
    assert "- etcd: http://127.0.0.1:" in text and "/readyz does not answer: [Errno 111] Connection refused" in text
    assert "The kubelet's last lines:\nthe kubelet's last words" in text
    assert "kube-controller-manager" not in text


def test_kubelet_that_is_not_healthy(host, run):
    host.health["kubelet"].status = 500
    with pytest.raises(KubephaseError, match=r"kubelet: not healthy after 0.4 seconds at http://127.0.0.1:\d+/healthz"):
        run()


def test_a_component_counts_only_with_the_arguments_of_its_manifest(host, run):
    host.write("kube-scheduler", "--v=5")
    with pytest.raises(KubephaseError, match="kube-scheduler: does not run with the arguments of its manifest"):
        run()
    assert host.health["kube-scheduler"].asked == []
    host.stop("kube-scheduler")
    with pytest.raises(KubephaseError, match="kube-scheduler: does not run"):
        run()
    host.start("kube-scheduler", "--v=5")
    run(timeout=5)


def test_a_component_is_waited_for_while_the_kubelet_may_replace_it(host, run):
    """Another image does not show in the arguments."""
    soon = time.time() + 5
    os.utime(host.directory / "kube-scheduler.yaml", (soon, soon))
    with pytest.raises(KubephaseError, match="kube-scheduler: still runs as it was before its manifest was written"):
        run()
    assert host.health["kube-scheduler"].asked == []


def test_check_mode_tells_what_is_not_well(host, run, monkeypatch):
    monkeypatch.setattr(_control_plane_wait, "_LOOK_SECONDS", 0.3)
    assert run(check_mode=True)["unwell"] == []
    host.write("kube-scheduler", "--v=5")
    host.health["etcd"].status = 503
    found = run(check_mode=True)
    assert sorted(found["unwell"]) == ["etcd", "kube-scheduler"] and found["restarted"] == []
    (host.directory / "kube-apiserver.yaml").unlink()
    assert "kube-apiserver" in run(check_mode=True)["unwell"]
    assert run(check_mode=True, wait=False)["unwell"] == []


def test_check_mode_gives_a_moment_to_what_is_not_well(host, run):
    host.health["etcd"].status = 503
    threading.Timer(0.3, lambda: setattr(host.health["etcd"], "status", 200)).start()
    assert run(check_mode=True, timeout=30)["unwell"] == []


def kubelet(host, name, *flags):
    """Starts a component again when it ends, as the kubelet does with a static Pod's container."""
    process = host.processes[name]

    def restart():
        process.wait(30)
        host.start(name, *flags)

    thread = threading.Thread(target=restart, daemon=True)
    thread.start()
    return process, thread


def test_a_component_older_than_a_file_it_read_is_restarted(host, run):
    conf = host.directory / "scheduler.conf"
    conf.write_text("old\n")
    flags = [f"--kubeconfig={conf}", f"--config={host.directory}", "--audit-log-path=/proc/uptime"]
    host.stop("kube-scheduler")
    host.write("kube-scheduler", *flags)
    time.sleep(0.05)
    host.start("kube-scheduler", *flags)
    assert run(timeout=5)["restarted"] == []
    process, thread = kubelet(host, "kube-scheduler", *flags)
    time.sleep(0.05)
    conf.write_text("renewed\n")

    planned = run(check_mode=True)
    assert planned["changed"] and planned["restarted"] == ["kube-scheduler"] and process.poll() is None
    assert planned["unwell"] == []
    done = run(timeout=20)
    thread.join(30)
    assert process.returncode == -signal.SIGTERM and host.processes["kube-scheduler"].poll() is None
    assert done["changed"] and done["restarted"] == ["kube-scheduler"]
    assert done["diff"] == planned["diff"]
    assert [(entry["after_header"], entry["after"]) for entry in done["diff"]] == [("kube-scheduler", "restarted\n")]
    assert run(timeout=5)["changed"] is False


def test_a_component_that_does_not_end_is_named(host, run):
    conf = host.directory / "scheduler.conf"
    host.stop("kube-scheduler")
    host.flags["kube-scheduler"].append(f"--kubeconfig={conf}")
    host.write("kube-scheduler")
    host.start("kube-scheduler")
    conf.write_text("renewed\n")
    os.utime(conf, (time.time() + 60, time.time() + 60))
    stopped = host.processes["kube-scheduler"]
    os.kill(stopped.pid, signal.SIGSTOP)
    with pytest.raises(KubephaseError, match=f"kube-scheduler: still runs as it was before {conf} was written"):
        run()


def test_a_process_tells_when_it_started(host, run):
    run(timeout=5)
    (found,) = processes(["kube-scheduler"])
    assert found.pid == host.processes["kube-scheduler"].pid
    assert 0 <= time.time() - found.started < 30


def test_the_one_that_signs_beside_the_others_is_waited_for(host, run):
    """It is a kube-controller-manager under another name, on another port."""
    health = host.health["kube-csr-signer"] = Health(host.certificate)
    command = ["kube-controller-manager", *STAY, f"--secure-port={health.port}"]
    pod = _kube_yaml.dump({"kind": "Pod", "spec": {"containers": [{"name": "kube-csr-signer", "command": command}]}})
    (host.directory / "kube-csr-signer.yaml").write_text(pod)
    with pytest.raises(KubephaseError, match="kube-csr-signer: does not run with the arguments of its manifest"):
        run()
    host.processes["kube-csr-signer"] = subprocess.Popen(command, executable="/bin/sh", start_new_session=True)
    run(timeout=5)
    assert health.asked == ["/healthz"]


def test_a_component_without_a_manifest_is_not_waited_for(host, run):
    host.stop("etcd")
    (host.directory / "etcd.yaml").unlink()
    run(timeout=5)
    assert host.health["etcd"].asked == []


@pytest.fixture
def fresh_cluster(api, monkeypatch):
    """Only the super-admin may do anything, as before the binding is there."""
    real = api.answer

    def authorized(method, target, body):
        if target.startswith("/apis/") and BINDING not in api.store and api.who != "kubernetes-super-admin":
            return 403, {"kind": "Status", "reason": "Forbidden", "message": "no"}
        return real(method, target, body)

    class Subjects(set):
        def add(self, name):
            api.who = name
            super().add(name)

    api.subjects = Subjects()
    monkeypatch.setattr(api, "answer", authorized)


@pytest.fixture
def super_admin_conf(api, authority, write_kubeconfig):
    return write_kubeconfig(api.url, authority.pem, *authority.issue("kubernetes-super-admin"), "super-admin.conf")


def test_super_admin_lets_the_administrators_in(api, fresh_cluster, run, super_admin_conf):
    planned = run(check_mode=True, super_admin=super_admin_conf)
    assert BINDING not in api.store
    done = run(timeout=5, super_admin=super_admin_conf)
    assert planned["objects"] == done["objects"] == [
        {"object": "ClusterRoleBinding kubeadm:cluster-admins", "action": "created"}
    ]  # fmt: skip
    api.subjects.clear()
    assert run(timeout=5, super_admin=super_admin_conf)["changed"] is False
    assert api.subjects == {"kubernetes-admin"}


def test_a_control_plane_without_super_admin_waits_for_the_one_that_has_it(api, fresh_cluster, run):
    """They begin the cluster together."""
    binding = {"metadata": {"name": "kubeadm:cluster-admins"}, **_control_plane_wait._CLUSTER_ADMINS}
    timer = threading.Timer(0.3, api.store.__setitem__, (BINDING, binding))
    timer.start()
    run(timeout=5)
    timer.join()
    assert "kubernetes-super-admin" not in api.subjects


def test_no_way_to_let_the_administrators_in(fresh_cluster, run, admin_conf):
    with pytest.raises(KubephaseError, match="may not manage the cluster") as caught:
        run(timeout=1)
    assert admin_conf in str(caught.value) and "/nonexistent/super-admin.conf" in str(caught.value)


def test_check_mode_on_a_bare_host(run, host, monkeypatch, tmp_path):
    monkeypatch.setattr(Unit, "done", ["enabled", "started"])
    started = time.monotonic()
    result = run(check_mode=True, timeout=60, admin=str(tmp_path / "none.conf"))
    assert time.monotonic() - started < 5
    assert result["changed"] and result["unit"] == ["enabled", "started"]
    assert [entry["action"] for entry in result["objects"]] == ["created"]
    assert host.health["kubelet"].asked == [] and result["unwell"] == []
