# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a directory that joins a cluster, with a kubelet that does what real ones do to its files."""

from __future__ import annotations

import base64
import http.server
import os
import pathlib
import stat
from typing import Any

import yaml

from ansible_collections.kubephase.cluster.plugins.module_utils._join import Join, Wanted
from ansible_collections.kubephase.cluster.plugins.module_utils._join_access import Discovery, Timeouts
from ansible_collections.kubephase.cluster.plugins.module_utils._membership import Paths

TOKEN = "abcdef.0123456789abcdef"
FAST = Timeouts(discovery=0.4, token=0.2, kubelet=1.0, api=0.4, tls_bootstrap=0.5)


class Host:
    """A host's files in a directory, and a kubelet that does its TLS bootstrap when it is started.

    :ivar signs: whether the cluster signs the kubelet's CSR.
    """

    def __init__(self, root: pathlib.Path, authority: Any) -> None:
        self.root = root
        self.authority = authority
        self.signs = True
        self.starts = 0
        self.enabled = False
        self.bootstrap: dict[str, Any] | None = None
        self.bootstrap_mode = 0
        self.paths = Paths(
            kubernetes_dir=str(root / "etc"),
            ca_cert=str(root / "etc/pki/ca.crt"),
            kubelet_config=str(root / "var/config.yaml"),
            client_certificate=str(root / "var/pki/kubelet-client-current.pem"),
        )
        self.health = http.server.HTTPServer(("127.0.0.1", 0), _Healthz)
        (root / "var/pki").mkdir(parents=True)
        self.set_health_port(self.health.server_address[1])

    def set_health_port(self, port: int) -> None:
        pathlib.Path(self.paths.kubelet_config).write_text(f"healthzBindAddress: 127.0.0.1\nhealthzPort: {port}\n")

    # what systemd's unit does
    def ensure(self, *, enabled: bool, state: str, newer_than: Any = (), restart: bool = False) -> list[str]:
        done = [] if self.enabled else ["enabled"]
        self.enabled = True
        if restart or not self.starts:
            self.starts += 1
            done.append("started")
            self._bootstrap()
        return done

    def journal(self, lines: int) -> str:
        return "\n".join(f"E1123 {n} kubelet.go:1] cannot create a request with {TOKEN}" for n in range(lines))

    def _bootstrap(self) -> None:
        path = pathlib.Path(self.paths.bootstrap_conf)
        if not path.exists():
            return
        self.bootstrap_mode = stat.S_IMODE(path.stat().st_mode)
        self.bootstrap = yaml.safe_load(path.read_text())
        # with rotation on, the kubelet writes its kubeconfig before it has the certificate that this names
        self.write_kubelet_conf(self.bootstrap["clusters"][0]["cluster"]["server"])
        if self.signs:
            self.write_certificate()

    def write_kubelet_conf(self, server: str = "https://192.0.2.1:6443") -> None:
        ca = base64.b64encode(self.authority.pem.encode()).decode()
        path = self.paths.client_certificate
        os.makedirs(self.paths.kubernetes_dir, exist_ok=True)
        pathlib.Path(self.paths.kubelet_conf).write_text(
            f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n"
            "  name: default-cluster\ncontexts:\n- context:\n    cluster: default-cluster\n    namespace: default\n"
            "    user: default-auth\n  name: default-context\ncurrent-context: default-context\nkind: Config\nusers:\n"
            f"- name: default-auth\n  user:\n    client-certificate: {path}\n    client-key: {path}\n"
        )

    def write_certificate(self, name: str = "w1", authority: Any = None, **validity: Any) -> None:
        issued = (authority or self.authority).issue(f"system:node:{name}", "system:nodes", **validity)
        pathlib.Path(self.paths.client_certificate).write_bytes(issued)

    def write_ca(self, authority: Any = None) -> None:
        os.makedirs(os.path.dirname(self.paths.ca_cert), exist_ok=True)
        pathlib.Path(self.paths.ca_cert).write_text((authority or self.authority).pem)

    def make_member(self) -> None:
        self.write_ca()
        self.write_kubelet_conf()
        self.write_certificate()
        self.starts, self.enabled = 1, True

    def tree(self) -> dict[str, Any]:
        """Every file with its content and mode."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in files}


class _Healthz(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def join(host: Host, api_server: Any = None, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"node_name": "w1", "paths": host.paths, "timeouts": FAST}
    if api_server:
        wanted.update(endpoint=api_server.endpoint, token=TOKEN, pins=[api_server.authority.pin])
    wanted.update(changed)
    named = {"endpoint": "endpoint", "discovery_file": "file", "token": "token", "pins": "pins"}
    named.update({name: name for name in ("tls_bootstrap_token", "unsafe_skip_ca_verification")})
    discovery = Discovery(**{new: wanted.pop(old) for old, new in named.items() if old in wanted})
    return Join(Wanted(discovery=discovery, **wanted), check_mode, host).run()  # type: ignore[arg-type]
