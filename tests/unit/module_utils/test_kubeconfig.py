# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any kubeconfig, and the bytes kubeadm writes."""

from __future__ import annotations

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils import _kubeconfig
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

KUBELET = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://192.0.2.10:6443
  name: default-cluster
contexts:
- context:
    cluster: default-cluster
    namespace: default
    user: default-auth
  name: default-context
current-context: default-context
kind: Config
users:
- name: default-auth
  user:
    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
    client-key: /var/lib/kubelet/pki/kubelet-client-current.pem
"""

BOOTSTRAP = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://192.0.2.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: tls-bootstrap-token-user
  name: tls-bootstrap-token-user@kubernetes
current-context: tls-bootstrap-token-user@kubernetes
kind: Config
users:
- name: tls-bootstrap-token-user
  user:
    token: abcdef.0123456789abcdef
"""


def test_text_of_a_token_kubeconfig_is_kubeadms():
    made = _kubeconfig.build(
        server="https://192.0.2.10:6443",
        ca=b"CA",
        cluster="kubernetes",
        user="tls-bootstrap-token-user",
        token="abcdef.0123456789abcdef",
    )
    assert _kubeconfig.text(made).decode() == BOOTSTRAP


def test_kubelets_own_kubeconfig_comes_back_byte_for_byte():
    mapping = _kubeconfig.load_mapping(KUBELET.encode(), "kubelet.conf")
    assert _kubeconfig.text(mapping).decode() == KUBELET


def test_current_context_decides():
    found = _kubeconfig.parse(KUBELET.encode(), "/etc/kubernetes/kubelet.conf")
    assert (found.cluster, found.user, found.server) == ("default-cluster", "default-auth", "https://192.0.2.10:6443")
    assert found.read_ca() == b"CA"
    assert found.client_key_path == "/var/lib/kubelet/pki/kubelet-client-current.pem"
    with pytest.raises(KubephaseError, match="the file that client-key names does not exist"):
        found.read_client_key()


def test_relative_names_are_taken_from_the_file(tmp_path):
    (tmp_path / "ca.crt").write_bytes(b"beside")
    (tmp_path / "token").write_text("secret\n")
    text = KUBELET.replace("certificate-authority-data: Q0E=", "certificate-authority: ca.crt").replace(
        "client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem", "tokenFile: token"
    )
    (tmp_path / "x.conf").write_text(text)
    found = _kubeconfig.load(str(tmp_path / "x.conf"))
    assert (found.read_ca(), found.token) == (b"beside", "secret")


def test_secrets_are_not_in_the_representation():
    found = _kubeconfig.parse(BOOTSTRAP.encode(), "x")
    assert found.token == "abcdef.0123456789abcdef"
    assert "0123456789abcdef" not in repr(found)


def test_missing_file_is_named():
    with pytest.raises(KubephaseError, match="/none: there is no such kubeconfig"):
        _kubeconfig.load("/none")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            KUBELET.replace("current-context: default-context", "current-context: other"),
            "context is not among its contexts",
        ),
        (KUBELET.replace("    user: default-auth", "    user: other"), "user is not among its users"),
        (KUBELET.replace("Q0E=", "Q0E"), "certificate-authority-data is not base64"),
        (KUBELET.replace("Q0E=", "[1]"), "certificate-authority-data is not base64"),
        (KUBELET.replace("kind: Config", "kind: Pod"), "not a kubeconfig"),
        ("- " + KUBELET.split("\n")[0], "not a kubeconfig"),
        ("client-key-data: c2VjcmV0\n  x: [", "not YAML"),
    ],
)
def test_what_cannot_be_read_is_an_error_without_its_content(text, problem):
    with pytest.raises(KubephaseError, match=problem) as caught:
        _kubeconfig.parse(text.encode(), "x.conf")
    assert "c2VjcmV0" not in str(caught.value)
